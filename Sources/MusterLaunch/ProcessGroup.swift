/// The process group that a child belongs to.
public enum ProcessGroup: Sendable, Equatable {
    /// A new one that the child leads: a terminal's ^C does not reach it, and it can be signalled whole.
    case own
    /// This process's group.
    case parents
}
