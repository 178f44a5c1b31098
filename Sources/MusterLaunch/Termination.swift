/// How a program ended.
public enum Termination: Sendable, Equatable {
    /// It ended by itself, with this exit code (0 to 255).
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)
    /// Someone else in this process collected the status, so how it ended is not known.
    case unknown

    init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }
}
