/// Where one of a child's standard descriptors leads.
public enum StandardStream: Sendable, Equatable {
    /// To `/dev/null`.
    case null
    /// Wherever this process's own descriptor of the same number leads.
    case inherit
    /// To a pipe; this process holds the other end (see ``ChildProcess/standardOutput`` and its neighbours).
    case pipe
    /// To a file. Standard input reads it. An output creates it where it is missing, and adds to its end if
    /// `append`, otherwise empties it first.
    case file(String, append: Bool)
}
