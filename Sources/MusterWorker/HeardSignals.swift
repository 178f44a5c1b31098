import MusterLaunch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The signals that mean something to a worker, taken by a thread of its own: handlers that block every thread of Swift's
/// pool keep none from being heard.
///
/// 1. From the program's first line on they are blocked in every thread, so that none is lost: what comes waits until the
///    thread takes it.
/// 2. Until there is a worker each does what the system would have it do.
/// 3. From then on each has its deed.
///
/// Programs that this one starts have none of them blocked.
final class HeardSignals: Sendable {
    typealias Deeds = [Int32: @Sendable () -> Void]

    static let numbers = [SIGTERM, SIGINT, SIGTSTP, SIGCONT, SIGUSR2, SIGTTIN]

    private let deeds = Mutex(Deeds())

    /// Called before there is another thread: each has the blocked signals of the one that started it.
    init() {
        var set = Self.set
        pthread_sigmask(SIG_BLOCK, &set, nil)
        DedicatedThread.start {
            var set = Self.set
            var number: Int32 = 0
            while true {
                guard sigwait(&set, &number) == 0 else { continue }
                if let deed = self.deeds.withLock({ $0[number] }) { deed() } else { Self.obey(number) }
            }
        }
    }

    /// When it returns, no signal means its default any more.
    /// - Parameter deeds: what each does; called on the signals' own thread, which must not be kept.
    func mean(_ deeds: Deeds) { self.deeds.withLock { $0 = deeds } }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }

    /// On this thread only it is let through.
    private static func obey(_ number: Int32) {
        var one = sigset_t()
        sigemptyset(&one)
        sigaddset(&one, number)
        pthread_sigmask(SIG_UNBLOCK, &one, nil)
        raise(number)
        pthread_sigmask(SIG_BLOCK, &one, nil)
    }
}
