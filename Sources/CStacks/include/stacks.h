// The stacks of this process' own threads, taken while they run.
#ifndef MUSTER_STACKS_H
#define MUSTER_STACKS_H

// At most so many threads, frames of each, and bytes of a frame's text.
#define MUSTER_STACKS_THREADS 512
#define MUSTER_STACKS_FRAMES 48
#define MUSTER_STACKS_TEXT 320

typedef struct muster_stacks muster_stacks;

typedef enum {
    muster_stacks_taken,
    // Not a system that this is written for.
    muster_stacks_unknown_system,
    // Somebody else handles SIGPROF: a profiler.
    muster_stacks_signal_in_use,
    muster_stacks_no_memory,
} muster_stacks_outcome;

// Takes the stacks of all threads but the calling one. One call at a time; a second one waits for the first.
// - wait_ms: how long to wait for threads that do not answer.
// Gives NULL where there is an outcome other than `taken`; what it gives is for muster_stacks_free.
muster_stacks *muster_stacks_take(int wait_ms, muster_stacks_outcome *outcome);
void muster_stacks_free(muster_stacks *stacks);

// Gives the calling thread a name, of which 15 bytes count.
void muster_stacks_name_this(const char *name);

// How many threads were listed, and how many there are beside the calling one.
int muster_stacks_count(const muster_stacks *stacks);
int muster_stacks_total(const muster_stacks *stacks);

// Of the thread at an index: the kernel's number for it, its name, its state as in /proc, the number of its frames;
// -1 where it did not answer in time, -2 where it blocks the signal.
int muster_stacks_thread(const muster_stacks *stacks, int index);
const char *muster_stacks_name(const muster_stacks *stacks, int index);
char muster_stacks_state(const muster_stacks *stacks, int index);
int muster_stacks_depth(const muster_stacks *stacks, int index);

// A frame as text, the innermost first: the function, demangled, and the file it is in.
const char *muster_stacks_frame(const muster_stacks *stacks, int index, int frame);

#endif
