import MusterLaunch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The signals that mean something to a worker, heard on a thread of its own: handlers that block every thread of Swift's
/// pool keep none from being heard.
///
/// 1. From the program's first line on each is caught, and written into a pipe: none is lost, and two of a kind are two.
///    (Blocking them would not do: on Linux the main thread waits in Dispatch with none blocked. Nor would ignoring them,
///    until Dispatch has its source: what comes in between is thrown away.)
/// 2. Until there is a worker each does what the system would have it do.
/// 3. From then on each has its deed.
///
/// Programs that this one starts, or becomes, begin with the default for each.
final class HeardSignals: Sendable {
    typealias Deeds = [Int32: @Sendable () -> Void]

    private static let numbers = [SIGTERM, SIGINT, SIGTSTP, SIGCONT, SIGUSR2, SIGTTIN]

    private let deeds = Mutex(Deeds())
    // Open for as long as the process lives.
    private let pipe: (reading: Descriptor, writing: Descriptor)

    /// - Throws: ``LaunchError`` where the process has no descriptor left.
    init() throws(LaunchError) {
        let (reading, writing) = try Descriptor.pipe()
        pipe = (reading, writing)
        writing.makeNonblocking()
        ringing.store(writing.number ?? -1, ordering: .relaxed)
        for number in Self.numbers { Self.catchSignal(number) }
        DedicatedThread.start {
            guard let number = reading.number else { return }
            var byte: UInt8 = 0
            while true {
                let count = read(number, &byte, 1)
                guard count == 1 else {
                    if count < 0, errno == EINTR { continue }
                    return
                }
                let signal = Int32(byte)
                if let deed = self.deeds.withLock({ $0[signal] }) { deed() } else { Self.obey(signal) }
            }
        }
    }

    /// When it returns, no signal means its default any more.
    /// - Parameter deeds: what each does; called on the signals' own thread, which must not be kept.
    func mean(_ deeds: Deeds) { self.deeds.withLock { $0 = deeds } }

    private static func catchSignal(_ number: Int32) {
        signal(number) { number in
            // What it interrupts may be about to look at it.
            let code = errno
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(ringing.load(ordering: .relaxed), &byte, 1)
            errno = code
        }
    }

    private static func obey(_ number: Int32) {
        signal(number, SIG_DFL)
        raise(number)
        catchSignal(number)
    }
}

/// Where a caught signal is written to: a signal's handler captures nothing.
private let ringing = Atomic<Int32>(-1)
