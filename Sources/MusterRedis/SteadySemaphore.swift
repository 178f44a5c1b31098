#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A semaphore whose timed wait follows the monotonic clock: for threads that must not depend on Swift's
/// cooperative pool. On Linux those of Dispatch and Foundation wait until a time of the wall clock, so a clock that
/// is set back by an hour would make a wait of a second an hour longer.
// Unchecked Sendable, proven: both pointers are constant and for pthread functions only; `mutex` guards `count`.
@safe public final class SteadySemaphore: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var count = 0

    public init() {
        unsafe pthread_mutex_init(mutex, nil)
        #if canImport(Darwin)
            unsafe pthread_cond_init(condition, nil)
        #else
            var attributes = pthread_condattr_t()
            unsafe pthread_condattr_init(&attributes)
            unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
            unsafe pthread_cond_init(condition, &attributes)
            unsafe pthread_condattr_destroy(&attributes)
        #endif
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Lets one wait go on, now or later.
    public func signal() {
        unsafe pthread_mutex_lock(mutex)
        count += 1
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Waits for a signal, blocking the thread.
    /// - Parameter bound: how long at most; nothing, or less, only looks.
    /// - Returns: whether there was one.
    public func wait(within bound: Duration) -> Bool {
        let end = ContinuousClock.now + bound
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while count == 0 {
            let left = end - .now
            if left <= .zero { return false }
            waitOnce(left)
        }
        count -= 1
        return true
    }

    private func waitOnce(_ left: Duration) {
        let nanoseconds =
            Int(left.components.seconds) * 1_000_000_000 + Int(left.components.attoseconds / 1_000_000_000)
        #if canImport(Darwin)
            var time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
            unsafe pthread_cond_timedwait_relative_np(condition, mutex, &time)
        #else
            var time = timespec()
            unsafe clock_gettime(CLOCK_MONOTONIC, &time)
            let sum = Int(time.tv_nsec) + nanoseconds
            time.tv_sec += sum / 1_000_000_000
            time.tv_nsec = sum % 1_000_000_000
            unsafe pthread_cond_timedwait(condition, mutex, &time)
        #endif
    }
}
