// The benchmark floor: what one connection gets out of this Redis when the moves Muster makes are sent as
// raw pipelined commands, with no script, no lease and no requirement. Muster's figures are given as ratios
// to these, because a ratio travels from machine to machine and an absolute figure does not.
//
// 1. ping: one PING at a time, each waiting for its answer.
// 2. enqueue: RPUSH + HSET for each job, 100 jobs a round trip.
// 3. drain: LPOP 100, HMGET + SADD, SREM + HDEL; two round trips for 100 jobs, because HMGET cannot be
//    sent before LPOP has named the ids. Removing a batch travels with asking for the next one.
//
// Build: cc -O2 -Wall -Wextra -Werror floor.c -lhiredis     (hiredis 0.14 or 1.x; Redis 6.2 or newer)
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { BATCH = 100, ID_BYTES = 26, PAYLOAD_BYTES = 100, PING_WARM_UP = 2000, PING_ROUNDS = 20000 };
enum { EXIT_USAGE = 2, EXIT_REDIS = 3 };

// No Muster key can begin with a brace, so these can never be a real queue's. The names are fixed so that a
// run clears what an interrupted one left behind.
#define QUEUE_KEY "{muster-floor}:queue"
#define JOBS_KEY "{muster-floor}:jobs"
#define HELD_KEY "{muster-floor}:held"

struct options {
    const char *target;
    int jobs, record_bytes, json;
};

struct figures {
    double ping_per_second, ping_p50_us, ping_p99_us, enqueue_per_second, drain_per_second;
};

// A command under construction: its name, its key, and up to a batch of ids.
struct command {
    int count;
    const char *word[BATCH + 2];
    size_t length[BATCH + 2];
};

static void fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("floor: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(code);
}

static double now_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void add_word(struct command *command, const char *word, size_t length) {
    command->word[command->count] = word;
    command->length[command->count++] = length;
}

static void begin(struct command *command, const char *name, const char *key) {
    command->count = 0;
    add_word(command, name, strlen(name));
    add_word(command, key, strlen(key));
}

static void append(redisContext *redis, const struct command *command) {
    if (redisAppendCommandArgv(redis, command->count, (const char **)command->word, command->length) != REDIS_OK)
        fail(EXIT_REDIS, "%s could not be queued: %s", command->word[0], redis->errstr);
}

static void append_for_ids(redisContext *redis, const char *name, const char *key, const redisReply *ids) {
    struct command command;
    begin(&command, name, key);
    for (size_t i = 0; i < ids->elements; i++) add_word(&command, ids->element[i]->str, ids->element[i]->len);
    append(redis, &command);
}

static redisReply *expect(redisContext *redis, int type, const char *name) {
    void *answer = NULL;
    if (redisGetReply(redis, &answer) != REDIS_OK || answer == NULL)
        fail(EXIT_REDIS, "%s got no reply: %s", name, redis->errstr);
    redisReply *reply = answer;
    if (reply->type == REDIS_REPLY_ERROR) fail(EXIT_REDIS, "%s was refused by Redis: %s", name, reply->str);
    if (reply->type != type) fail(EXIT_REDIS, "%s got a reply of type %d, not %d", name, reply->type, type);
    return reply;
}

static void expect_integer(redisContext *redis, long long wanted, const char *name) {
    redisReply *reply = expect(redis, REDIS_REPLY_INTEGER, name);
    if (reply->integer != wanted)
        fail(EXIT_REDIS, "%s answered %lld, not %lld: is another floor running on this Redis?", name, reply->integer,
             wanted);
    freeReplyObject(reply);
}

static redisContext *connect_to(const char *target) {
    const struct timeval connect_limit = {.tv_sec = 5}, reply_limit = {.tv_sec = 30};
    redisContext *redis;
    if (strchr(target, '/') != NULL) {
        redis = redisConnectUnixWithTimeout(target, connect_limit);
    } else {
        const char *colon = strrchr(target, ':');
        char *end = NULL;
        long port = colon == NULL ? 0 : strtol(colon + 1, &end, 10);
        if (colon == NULL || colon == target || *end != '\0' || port < 1 || port > 65535)
            fail(EXIT_USAGE, "\"%s\" is neither a socket's path (with a / in it) nor HOST:PORT", target);
        char host[256];
        snprintf(host, sizeof host, "%.*s", (int)(colon - target), target);
        redis = redisConnectWithTimeout(host, (int)port, connect_limit);
    }
    if (redis == NULL || redis->err != 0)
        fail(EXIT_REDIS, "cannot reach Redis at %s: %s", target, redis == NULL ? "out of memory" : redis->errstr);
    redisSetTimeout(redis, reply_limit);
    return redis;
}

static void delete_keys(redisContext *redis) {
    struct command command;
    begin(&command, "UNLINK", QUEUE_KEY);
    add_word(&command, JOBS_KEY, strlen(JOBS_KEY));
    add_word(&command, HELD_KEY, strlen(HELD_KEY));
    append(redis, &command);
    freeReplyObject(expect(redis, REDIS_REPLY_INTEGER, "UNLINK"));
}

static void ping_once(redisContext *redis) {
    const struct command command = {.count = 1, .word = {"PING"}, .length = {4}};
    append(redis, &command);
    freeReplyObject(expect(redis, REDIS_REPLY_STATUS, "PING"));
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void measure_ping(redisContext *redis, struct figures *figures) {
    static double microseconds[PING_ROUNDS];
    for (int i = 0; i < PING_WARM_UP; i++) ping_once(redis);
    double start = now_seconds(), before = start;
    for (int i = 0; i < PING_ROUNDS; i++) {
        ping_once(redis);
        double after = now_seconds();
        microseconds[i] = (after - before) * 1e6;
        before = after;
    }
    figures->ping_per_second = PING_ROUNDS / (before - start);
    qsort(microseconds, PING_ROUNDS, sizeof microseconds[0], by_size);
    figures->ping_p50_us = microseconds[PING_ROUNDS / 2];
    figures->ping_p99_us = microseconds[PING_ROUNDS / 100 * 99];
}

// Made before the clock starts: the floor is what Redis and the wire cost, not what printing a number costs.
static char *make_ids(int jobs) {
    char *ids = malloc((size_t)jobs * ID_BYTES + 1);
    if (ids == NULL) fail(EXIT_FAILURE, "no memory for %d ids", jobs);
    for (int i = 0; i < jobs; i++) snprintf(ids + (size_t)i * ID_BYTES, ID_BYTES + 1, "01JD0FLR00%016d", i);
    return ids;
}

// Shaped like Muster's record: a header line, then the payload (here a JSON string). Redis sees only its length.
static char *make_record(int bytes) {
    char *record = malloc((size_t)bytes);
    if (record == NULL) fail(EXIT_FAILURE, "no memory for a record of %d bytes", bytes);
    memset(record, 'm', (size_t)bytes);
    record[bytes - PAYLOAD_BYTES - 1] = '\n';
    record[bytes - PAYLOAD_BYTES] = record[bytes - 1] = '"';
    return record;
}

static void measure_enqueue(redisContext *redis, const struct options *options, struct figures *figures) {
    char *ids = make_ids(options->jobs), *record = make_record(options->record_bytes);
    struct command command;
    double start = now_seconds();
    for (int first = 0; first < options->jobs; first += BATCH) {
        int end = first + BATCH < options->jobs ? first + BATCH : options->jobs;
        for (int job = first; job < end; job++) {
            const char *id = ids + (size_t)job * ID_BYTES;
            begin(&command, "RPUSH", QUEUE_KEY);
            add_word(&command, id, ID_BYTES);
            append(redis, &command);
            begin(&command, "HSET", JOBS_KEY);
            add_word(&command, id, ID_BYTES);
            add_word(&command, record, (size_t)options->record_bytes);
            append(redis, &command);
        }
        for (int job = first; job < end; job++) {
            expect_integer(redis, job + 1, "RPUSH");
            expect_integer(redis, 1, "HSET");
        }
    }
    figures->enqueue_per_second = options->jobs / (now_seconds() - start);
    free(ids);
    free(record);
}

static void append_removal(redisContext *redis, const redisReply *batch) {
    append_for_ids(redis, "SREM", HELD_KEY, batch);
    append_for_ids(redis, "HDEL", JOBS_KEY, batch);
}

static void expect_removal(redisContext *redis, redisReply *batch) {
    expect_integer(redis, (long long)batch->elements, "SREM");
    expect_integer(redis, (long long)batch->elements, "HDEL");
    freeReplyObject(batch);
}

static void measure_drain(redisContext *redis, const struct options *options, struct figures *figures) {
    struct command pop;
    begin(&pop, "LPOP", QUEUE_KEY);
    add_word(&pop, "100", 3);
    redisReply *previous = NULL;
    double start = now_seconds();
    for (size_t drained = 0; drained < (size_t)options->jobs; drained += previous->elements) {
        if (previous != NULL) append_removal(redis, previous);
        append(redis, &pop);
        if (previous != NULL) expect_removal(redis, previous);
        redisReply *batch = expect(redis, REDIS_REPLY_ARRAY, "LPOP");

        append_for_ids(redis, "HMGET", JOBS_KEY, batch);
        append_for_ids(redis, "SADD", HELD_KEY, batch);
        redisReply *records = expect(redis, REDIS_REPLY_ARRAY, "HMGET");
        for (size_t i = 0; i < records->elements; i++)
            if (records->element[i]->type != REDIS_REPLY_STRING
                || records->element[i]->len != (size_t)options->record_bytes)
                fail(EXIT_REDIS, "HMGET did not bring back the record of %s", batch->element[i]->str);
        freeReplyObject(records);
        expect_integer(redis, (long long)batch->elements, "SADD");
        previous = batch;
    }
    append_removal(redis, previous);
    expect_removal(redis, previous);
    figures->drain_per_second = options->jobs / (now_seconds() - start);
}

static int number(const char *name, const char *text, int least, int most) {
    char *end = NULL;
    long value = text == NULL ? 0 : strtol(text, &end, 10);
    if (text == NULL || end == text || *end != '\0' || value < least || value > most)
        fail(EXIT_USAGE, "%s takes a number from %d to %d", name, least, most);
    return (int)value;
}

static struct options parse(int count, char **words) {
    struct options options = {.target = NULL, .jobs = 200000, .record_bytes = 180, .json = 0};
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--json") == 0) options.json = 1;
        else if (strcmp(words[i], "--jobs") == 0) options.jobs = number("--jobs", words[++i], 1, 50000000);
        else if (strcmp(words[i], "--record-bytes") == 0)
            options.record_bytes = number("--record-bytes", words[++i], PAYLOAD_BYTES + 1, 1000000);
        else if (words[i][0] != '-' && options.target == NULL) options.target = words[i];
        else fail(EXIT_USAGE, "\"%s\" is not understood", words[i]);
    }
    if (options.target == NULL)
        fail(EXIT_USAGE, "usage: floor SOCKET_OR_HOST:PORT [--jobs N] [--record-bytes B] [--json]");
    return options;
}

int main(int count, char **words) {
    struct options options = parse(count, words);
    struct figures figures;
    signal(SIGPIPE, SIG_IGN);
    redisContext *redis = connect_to(options.target);
    delete_keys(redis);
    measure_ping(redis, &figures);
    measure_enqueue(redis, &options, &figures);
    measure_drain(redis, &options, &figures);
    delete_keys(redis);
    redisFree(redis);
    const char *layout = options.json
        ? "{\"pingPerSecond\":%.0f,\"pingP50Us\":%.1f,\"pingP99Us\":%.1f,"
          "\"enqueuePerSecond\":%.0f,\"drainPerSecond\":%.0f,\"jobs\":%d}\n"
        : "PING      %10.0f /s   p50 %.1f us   p99 %.1f us\n"
          "enqueue   %10.0f jobs/s\n"
          "drain     %10.0f jobs/s\n"
          "jobs      %10d\n";
    printf(layout, figures.ping_per_second, figures.ping_p50_us, figures.ping_p99_us, figures.enqueue_per_second,
           figures.drain_per_second, options.jobs);
    return EXIT_SUCCESS;
}
