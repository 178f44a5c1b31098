/* Moves the wall clock of one process, and no other clock: loaded before the C library, it answers
 * clock_gettime(CLOCK_REALTIME), gettimeofday and time with the kernel's time plus the seconds (a decimal
 * fraction, perhaps negative) that stand in the file named by WALLSKEW_FILE. The file is read at each call, so
 * the clock can be moved while the process runs; a file that is missing or empty means no shift.
 *
 *     cc -shared -fPIC -O2 -o wallskew.so wallskew.c
 *     LD_PRELOAD=./wallskew.so WALLSKEW_FILE=offset PROGRAM
 *
 * Only system calls are used: the C library's own functions may ask for the time themselves. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000LL

static long long parse(const char *text) {
    long long nanoseconds = 0;
    long long unit = BILLION;
    int negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    for (; *text >= '0' && *text <= '9'; text++) nanoseconds = nanoseconds * 10 + (*text - '0') * BILLION;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9' && (unit /= 10) > 0; text++) nanoseconds += (*text - '0') * unit;
    return negative ? -nanoseconds : nanoseconds;
}

static long long skew(void) {
    const char *path = getenv("WALLSKEW_FILE");
    char text[64];
    if (!path) return 0;
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (file < 0) return 0;
    long length = syscall(SYS_read, file, text, sizeof text - 1);
    syscall(SYS_close, file);
    if (length <= 0) return 0;
    text[length] = 0;
    return parse(text);
}

static void shift(struct timespec *time) {
    long long shifted = (long long)time->tv_sec * BILLION + time->tv_nsec + skew();
    time->tv_sec = shifted / BILLION;
    time->tv_nsec = shifted % BILLION;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int status = (int)syscall(SYS_clock_gettime, clock, time);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shift(time);
    return status;
}

int gettimeofday(struct timeval *restrict value, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    if (value) {
        value->tv_sec = now.tv_sec;
        value->tv_usec = now.tv_nsec / 1000;
    }
    return 0;
}

time_t time(time_t *value) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (value) *value = now.tv_sec;
    return now.tv_sec;
}
