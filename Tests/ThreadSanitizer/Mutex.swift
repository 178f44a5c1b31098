#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Stands for `Synchronization.Mutex` in the modules that `thread-sanitizer.sh` builds.
///
/// On Linux the standard library's own is a futex inside a library that is not instrumented, so that
/// ThreadSanitizer cannot see it and calls all that it guards a race. A lock of pthreads it knows. A type of
/// the module itself goes before an imported one of the same name: the sources stay as they are.
///
/// Unchecked Sendable, proven: the value is reached by nothing but `withLock`, under the lock.
struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

    init(_ initial: consuming sending Value) {
        pthread_mutex_init(lock, nil)
        value.initialize(to: initial)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    borrowing func withLock<Answer: ~Copyable, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&value.pointee)
    }
}
