// The one header through which Swift sees hiredis. Its functions are inline so that the same source
// compiles against hiredis 0.14 and 1.x, whose structs and limits differ.
#ifndef MUSTER_CHIREDIS_SHIM_H
#define MUSTER_CHIREDIS_SHIM_H

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <hiredis/sds.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

static inline struct timeval muster_timeval(long milliseconds) {
    struct timeval value;
    value.tv_sec = milliseconds / 1000;
    value.tv_usec = (milliseconds % 1000) * 1000;
    return value;
}

static inline redisContext *muster_connect_tcp(const char *host, int port, long timeout_ms) {
    return redisConnectWithTimeout(host, port, muster_timeval(timeout_ms));
}

static inline redisContext *muster_connect_unix(const char *path, long timeout_ms) {
    return redisConnectUnixWithTimeout(path, muster_timeval(timeout_ms));
}

// Turns a connected blocking context into one that is driven by poll(2).
static inline int muster_make_nonblocking(redisContext *context) {
    int flags = fcntl(context->fd, F_GETFL);
    if (flags < 0 || fcntl(context->fd, F_SETFL, flags | O_NONBLOCK) < 0) return -1;
    if (fcntl(context->fd, F_SETFD, FD_CLOEXEC) < 0) return -1;
    context->flags &= ~REDIS_BLOCK;
    return 0;
}

// A peer that vanished without a word is noticed after about idle + interval * count seconds when the
// link is quiet, and after user_timeout_ms when bytes are in flight (Linux only).
static inline void muster_watch_dead_peer(int fd, int idle_s, int interval_s, int count, unsigned user_timeout_ms) {
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#if defined(TCP_KEEPIDLE)
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
#elif defined(TCP_KEEPALIVE)
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPALIVE, &idle_s, sizeof idle_s);
#endif
#if defined(TCP_KEEPINTVL)
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
#endif
#if defined(TCP_KEEPCNT)
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
#endif
#if defined(TCP_USER_TIMEOUT)
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
#else
    (void)user_timeout_ms;
#endif
}

// What was not sent yet is thrown away at close: a command that was given up must not reach the server later,
// after its repetition on another connection.
static inline void muster_discard_unsent_at_close(int fd) {
    struct linger abort_connection = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_connection, sizeof abort_connection);
}

// hiredis 0.14 writes without MSG_NOSIGNAL: a server that closed would end the process.
static inline void muster_ignore_sigpipe(void) {
    struct sigaction current;
    if (sigaction(SIGPIPE, 0, &current) == 0 && current.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
}

static inline long muster_unwritten_bytes(const redisContext *context) {
    return context->obuf ? (long)sdslen((sds)context->obuf) : 0;
}

static inline const char *muster_error_text(const redisContext *context) { return context->errstr; }

// Takes one complete reply out of what was read, or NULL when there is none yet. -1: the bytes are not RESP.
static inline int muster_next_reply(redisContext *context, redisReply **reply) {
    void *object = 0;
    int status = redisReaderGetReply(context->reader, &object);
    *reply = (redisReply *)object;
    return status == REDIS_OK ? 0 : -1;
}

// A list's length is only a stranger's word until its elements come, and the library takes the memory for all of
// them at once: 2147483647 of them would be 16 GB, and seconds to look through. 32 MB are enough.
#define MUSTER_MOST_ELEMENTS 4194304
#if HIREDIS_MAJOR > 1 || HIREDIS_MAJOR == 1 && (HIREDIS_MINOR > 0 || HIREDIS_PATCH > 0)
static inline void muster_bound_replies(redisContext *context) { context->reader->maxelements = MUSTER_MOST_ELEMENTS; }
#else
#if HIREDIS_MAJOR >= 1
typedef size_t muster_count;
#else
typedef int muster_count;
#endif
static struct {
    pthread_mutex_t lock;
    redisReplyObjectFunctions functions;
    void *(*create_array)(const redisReadTask *, muster_count);
} muster_reader = {PTHREAD_MUTEX_INITIALIZER};

static inline void *muster_create_array(const redisReadTask *task, muster_count elements) {
    return elements > MUSTER_MOST_ELEMENTS ? 0 : muster_reader.create_array(task, elements);
}

static inline void muster_bound_replies(redisContext *context) {
    pthread_mutex_lock(&muster_reader.lock);
    if (!muster_reader.create_array) {
        muster_reader.functions = *context->reader->fn;
        muster_reader.create_array = muster_reader.functions.createArray;
        muster_reader.functions.createArray = muster_create_array;
    }
    pthread_mutex_unlock(&muster_reader.lock);
    context->reader->fn = &muster_reader.functions;
}
#endif

static inline const char *muster_reader_error_text(const redisContext *context) { return context->reader->errstr; }

static inline const char *muster_hiredis_version(void) {
#define MUSTER_TEXT_(x) #x
#define MUSTER_TEXT(x) MUSTER_TEXT_(x)
    return MUSTER_TEXT(HIREDIS_MAJOR) "." MUSTER_TEXT(HIREDIS_MINOR) "." MUSTER_TEXT(HIREDIS_PATCH);
}

#endif
