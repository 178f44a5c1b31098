import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A thread for one piece of work that blocks, so that Swift's cooperative threads, of which there are only as
/// many as cores, never do.
public enum DedicatedThread {
    /// Starts `body` on a thread of its own and returns at once.
    ///
    /// SIGPIPE is blocked in it: a write to a pipe that nobody reads fails with EPIPE and does not end this
    /// process. Where the system has no thread left, Dispatch's pool runs `body`.
    public static func start(_ body: @escaping @Sendable () -> Void) {
        let work = Work(body)
        if !work.startThread() { DispatchQueue.global().async { work.body() } }
    }

    /// Runs `body` on a thread of its own and returns what it returned. Cancelling the task does not stop it.
    public static func run<Answer: Sendable>(_ body: @escaping @Sendable () -> Answer) async -> Answer {
        await withCheckedContinuation { continuation in
            start { continuation.resume(returning: body()) }
        }
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }

        func startThread() -> Bool {
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            defer { pthread_attr_destroy(&attributes) }
            pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
            pthread_attr_setstacksize(&attributes, 512 * 1024)
            let argument = Unmanaged.passRetained(self)
            #if canImport(Darwin)
                var thread: pthread_t?
                let status = pthread_create(&thread, &attributes, { Work.run($0) }, argument.toOpaque())
            #else
                var thread = pthread_t()
                let status = pthread_create(&thread, &attributes, { Work.run($0!) }, argument.toOpaque())
            #endif
            if status != 0 { argument.release() }
            return status == 0
        }

        private static func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }
    }
}
