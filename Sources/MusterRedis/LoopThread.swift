#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Starts an operating-system thread for a loop that sleeps in `poll(2)`; it must never be one of Swift's
/// few cooperative threads.
func startLoopThread(_ body: @escaping @Sendable () -> Void) {
    let box = unsafe Unmanaged.passRetained(Body(run: body)).toOpaque()
    #if canImport(Darwin)
        var thread: pthread_t?
    #else
        var thread = pthread_t()
    #endif
    let status = unsafe pthread_create(
        &thread, nil,
        { raw in
            #if canImport(Darwin)
                let box = unsafe raw
            #else
                guard let box = unsafe raw else { return nil }
            #endif
            unsafe Unmanaged<Body>.fromOpaque(box).takeRetainedValue().run()
            return nil
        }, box)
    precondition(status == 0, "the system gives no more threads (pthread_create: \(status))")
    #if canImport(Darwin)
        if let thread = unsafe thread { unsafe pthread_detach(thread) }
    #else
        pthread_detach(thread)
    #endif
}

private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
