// How a stack is taken:
//
// 1. Each thread gets a signal of its own (rt_tgsigqueueinfo) that carries the number of a slot and of this collection.
// 2. Its handler writes the frames' addresses into that slot and says so. A handler that comes late, when the slot has
//    been given up, finds another number there and does nothing.
// 3. The collector waits for all of them, up to a deadline, and only then turns addresses into names: nothing that
//    allocates, locks or reads a file happens in a handler.
//
// The signal is SIGPROF: the threads of libdispatch, on which Swift's tasks run, block all others that could be taken.
// It stays handled for the rest of the process' life, for its usual effect is to end the process, and a thread that
// blocked it may get it at any time later.
#define _GNU_SOURCE
#include "stacks.h"

#include <stdlib.h>

#if defined(__linux__)
#include <features.h>
#endif

#if defined(__linux__) && defined(__GLIBC__) && defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__))

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "names.h"

// The handler's own frames lie above those of the thread.
#define OWN_FRAMES 4
#define RAW_FRAMES (MUSTER_STACKS_FRAMES + OWN_FRAMES)

enum phase { idle = 0, asked = 1, writing = 2, done = 3 };

// `word` is the collection's number, shifted by two bits, and the phase.
static struct {
    _Atomic uint32_t word;
    int depth;
    uintptr_t interrupted;
    void *frames[RAW_FRAMES];
} slots[MUSTER_STACKS_THREADS];

static sem_t answered;
static pthread_mutex_t collecting = PTHREAD_MUTEX_INITIALIZER;
static uint32_t collection;
static int is_installed;

struct muster_stacks {
    int count;
    int total;
    struct {
        int thread;
        char name[32];
        char state;
        int depth;
        void *frames[MUSTER_STACKS_FRAMES];
        char *texts[MUSTER_STACKS_FRAMES];
    } threads[MUSTER_STACKS_THREADS];
};

static uintptr_t interrupted_address(const void *context) {
#if defined(__x86_64__)
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#else
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.pc;
#endif
}

static void write_stack(int number, siginfo_t *info, void *context) {
    (void)number;
    if (info->si_code != SI_QUEUE || info->si_pid != getpid()) return;
    int saved = errno;
    uint32_t value = (uint32_t)info->si_value.sival_int;
    uint32_t slot = value % MUSTER_STACKS_THREADS, turn = value / MUSTER_STACKS_THREADS;
    uint32_t expected = turn << 2 | asked;
    if (atomic_compare_exchange_strong(&slots[slot].word, &expected, turn << 2 | writing)) {
        slots[slot].interrupted = interrupted_address(context);
        slots[slot].depth = backtrace(slots[slot].frames, RAW_FRAMES);
        atomic_store(&slots[slot].word, turn << 2 | done);
        sem_post(&answered);
    }
    errno = saved;
}

static int install(void) {
    if (is_installed) return 1;
    struct sigaction action, former;
    if (sigaction(SIGPROF, NULL, &former) != 0) return 0;
    if ((former.sa_flags & SA_SIGINFO) || (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN)) return 0;
    // The first call loads the unwinder, which no handler may do.
    void *frames[2];
    backtrace(frames, 2);
    sem_init(&answered, 0, 0);
    memset(&action, 0, sizeof action);
    action.sa_sigaction = write_stack;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    is_installed = sigaction(SIGPROF, &action, NULL) == 0;
    return is_installed;
}

static int still_ours(void) {
    struct sigaction action;
    return sigaction(SIGPROF, NULL, &action) == 0 && (action.sa_flags & SA_SIGINFO)
        && action.sa_sigaction == write_stack;
}

// Reads a small file whole. Gives its length, or 0.
static size_t read_small(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count;
    do count = read(file, text, size - 1);
    while (count < 0 && errno == EINTR);
    close(file);
    text[count > 0 ? count : 0] = 0;
    return count > 0 ? (size_t)count : 0;
}

// The thread's name and state, and whether it blocks the signal.
static int look_at(int thread, char *name, size_t size, char *state) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", thread);
    size_t length = read_small(path, name, size);
    if (length > 0 && name[length - 1] == '\n') name[length - 1] = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    read_small(path, text, sizeof text);
    const char *found = strstr(text, "\nState:\t");
    *state = found ? found[8] : '?';
    found = strstr(text, "\nSigBlk:\t");
    return found && (strtoull(found + 9, NULL, 16) >> (SIGPROF - 1) & 1);
}

static int ask(int thread, uint32_t value) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = SIGPROF;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = (int)value;
    return syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, SIGPROF, &info) == 0;
}

static struct timespec after(int milliseconds) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += milliseconds / 1000;
    time.tv_nsec += milliseconds % 1000 * 1000000l;
    if (time.tv_nsec >= 1000000000l) {
        time.tv_sec += 1;
        time.tv_nsec -= 1000000000l;
    }
    return time;
}

// Waits until no slot of this collection is asked or writing, or the time is over.
static void await_answers(uint32_t turn, int count, int wait_ms) {
    struct timespec end = after(wait_ms);
    for (;;) {
        int open = 0;
        for (int i = 0; i < count; i++) {
            uint32_t word = atomic_load(&slots[i].word);
            if (word == (turn << 2 | asked) || word == (turn << 2 | writing)) open++;
        }
        if (open == 0) return;
        if (sem_clockwait(&answered, CLOCK_MONOTONIC, &end) != 0 && errno == ETIMEDOUT) return;
    }
}

static void keep(muster_stacks *stacks, int index, uint32_t turn) {
    uint32_t word = turn << 2 | asked;
    if (atomic_compare_exchange_strong(&slots[index].word, &word, turn << 2 | idle) || word != (turn << 2 | done)) {
        stacks->threads[index].depth = -1;
        return;
    }
    int depth = slots[index].depth, first = 0;
    while (first < depth && first < OWN_FRAMES && (uintptr_t)slots[index].frames[first] != slots[index].interrupted) {
        first++;
    }
    if (first == depth || first == OWN_FRAMES) first = depth > 2 ? 2 : 0;
    depth -= first;
    if (depth > MUSTER_STACKS_FRAMES) depth = MUSTER_STACKS_FRAMES;
    memcpy(stacks->threads[index].frames, slots[index].frames + first, sizeof(void *) * (size_t)depth);
    stacks->threads[index].depth = depth;
    atomic_store(&slots[index].word, turn << 2 | idle);
}

// A frame but the innermost says where its call returns to, which may be behind the function's end.
static uintptr_t address_of(const muster_stacks *stacks, int index, int frame) {
    return (uintptr_t)stacks->threads[index].frames[frame] - (frame > 0);
}

static void write_texts(muster_stacks *stacks) {
    int count = 0;
    struct muster_place *places = calloc(MUSTER_STACKS_THREADS * MUSTER_STACKS_FRAMES, sizeof *places);
    if (!places) return;
    for (int i = 0; i < stacks->count; i++) {
        for (int j = 0; j < stacks->threads[i].depth; j++) places[count++].address = address_of(stacks, i, j);
    }
    qsort(places, (size_t)count, sizeof *places, muster_names_by_address);
    int unique = 0;
    for (int i = 0; i < count; i++) {
        if (i == 0 || places[i].address != places[unique - 1].address) places[unique++] = places[i];
    }
    muster_names_find(places, unique);
    for (int i = 0; i < stacks->count; i++) {
        for (int j = 0; j < stacks->threads[i].depth; j++) {
            struct muster_place wanted = {.address = address_of(stacks, i, j)};
            struct muster_place *found = bsearch(&wanted, places, (size_t)unique, sizeof *places, muster_names_by_address);
            stacks->threads[i].texts[j] = found ? muster_names_text(found) : NULL;
        }
    }
    for (int i = 0; i < unique; i++) free(places[i].name);
    free(places);
}

static void ask_all(muster_stacks *stacks, uint32_t turn, int wait_ms) {
    DIR *folder = opendir("/proc/self/task");
    if (!folder) return;
    int self = (int)syscall(SYS_gettid);
    for (struct dirent *entry; (entry = readdir(folder));) {
        int thread = atoi(entry->d_name);
        if (thread <= 0 || thread == self) continue;
        stacks->total++;
        if (stacks->count == MUSTER_STACKS_THREADS) continue;
        int index = stacks->count++;
        stacks->threads[index].thread = thread;
        int is_blocked = look_at(
            thread, stacks->threads[index].name, sizeof stacks->threads[index].name, &stacks->threads[index].state);
        stacks->threads[index].depth = is_blocked ? -2 : -1;
        // A handler of an earlier collection that is still at it keeps its slot.
        uint32_t word = atomic_load(&slots[index].word);
        if (is_blocked || (word & 3) == writing) continue;
        atomic_store(&slots[index].word, turn << 2 | asked);
        if (!ask(thread, turn * MUSTER_STACKS_THREADS + (uint32_t)index)) {
            atomic_store(&slots[index].word, turn << 2 | idle);
        }
    }
    closedir(folder);
    await_answers(turn, stacks->count, wait_ms);
    for (int i = 0; i < stacks->count; i++) {
        if (stacks->threads[i].depth == -1) keep(stacks, i, turn);
    }
}

muster_stacks *muster_stacks_take(int wait_ms, muster_stacks_outcome *outcome) {
    muster_stacks *stacks = calloc(1, sizeof *stacks);
    *outcome = stacks ? muster_stacks_taken : muster_stacks_no_memory;
    if (!stacks) return NULL;
    pthread_mutex_lock(&collecting);
    if (install() && still_ours()) {
        // As many bits as the value that a signal carries leaves beside the slot's.
        collection = (collection + 1) & 0x3fffff;
        ask_all(stacks, collection, wait_ms);
    } else {
        *outcome = muster_stacks_signal_in_use;
    }
    pthread_mutex_unlock(&collecting);
    if (*outcome != muster_stacks_taken) {
        muster_stacks_free(stacks);
        return NULL;
    }
    write_texts(stacks);
    return stacks;
}

void muster_stacks_free(muster_stacks *stacks) {
    if (!stacks) return;
    for (int i = 0; i < stacks->count; i++) {
        for (int j = 0; j < stacks->threads[i].depth; j++) free(stacks->threads[i].texts[j]);
    }
    free(stacks);
}

void muster_stacks_name_this(const char *name) {
    char text[16];
    snprintf(text, sizeof text, "%s", name);
    pthread_setname_np(pthread_self(), text);
}

int muster_stacks_count(const muster_stacks *stacks) { return stacks->count; }
int muster_stacks_total(const muster_stacks *stacks) { return stacks->total; }
int muster_stacks_thread(const muster_stacks *stacks, int index) { return stacks->threads[index].thread; }
const char *muster_stacks_name(const muster_stacks *stacks, int index) { return stacks->threads[index].name; }
char muster_stacks_state(const muster_stacks *stacks, int index) { return stacks->threads[index].state; }
int muster_stacks_depth(const muster_stacks *stacks, int index) { return stacks->threads[index].depth; }

const char *muster_stacks_frame(const muster_stacks *stacks, int index, int frame) {
    return stacks->threads[index].texts[frame] ? stacks->threads[index].texts[frame] : "?";
}

#else

struct muster_stacks {
    int nothing;
};

muster_stacks *muster_stacks_take(int wait_ms, muster_stacks_outcome *outcome) {
    (void)wait_ms;
    *outcome = muster_stacks_unknown_system;
    return NULL;
}

void muster_stacks_free(muster_stacks *stacks) { (void)stacks; }
void muster_stacks_name_this(const char *name) { (void)name; }
int muster_stacks_count(const muster_stacks *stacks) { return stacks->nothing; }
int muster_stacks_total(const muster_stacks *stacks) { return stacks->nothing; }
int muster_stacks_thread(const muster_stacks *stacks, int index) { return stacks->nothing + index; }
const char *muster_stacks_name(const muster_stacks *stacks, int index) { return (void)stacks, (void)index, ""; }
char muster_stacks_state(const muster_stacks *stacks, int index) { return (void)stacks, (void)index, '?'; }
int muster_stacks_depth(const muster_stacks *stacks, int index) { return stacks->nothing + index; }

const char *muster_stacks_frame(const muster_stacks *stacks, int index, int frame) {
    return (void)stacks, (void)index, (void)frame, "";
}

#endif
