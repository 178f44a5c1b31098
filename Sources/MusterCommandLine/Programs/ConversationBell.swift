import MusterLaunch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Wakes a thread that waits in poll(2), from any other thread. Both ends of its pipe live as long as it does, so
/// that a late ring finds a reader and raises no SIGPIPE.
final class ConversationBell: Sendable {
    enum Ring: UInt8 {
        case exited = 1
        case cancelled = 2
    }

    let listening: Descriptor
    private let ringing: Descriptor

    init() throws(LaunchError) {
        (listening, ringing) = try Descriptor.pipe()
        listening.makeNonblocking()
        ringing.makeNonblocking()
    }

    func ring(_ ring: Ring) {
        guard let number = ringing.number else { return }
        var byte = ring.rawValue
        _ = write(number, &byte, 1)
    }
}
