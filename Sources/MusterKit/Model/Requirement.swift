public import MusterStamp

/// What a job asks of the build that runs it; its text is part of the lane's name.
public enum Requirement: Hashable, Sendable, CustomStringConvertible {
    /// Any build whose sequence is not lower; the default, with the producer's own.
    case atLeast(sequence: Int)
    /// Any build at all.
    case any
    /// One revision and no other, for debugging and smoke jobs.
    case exactly(revision: String)
    /// The workers of one host.
    case host(String)
    /// One session.
    case worker(String)

    /// Reads `at-least:<sequence or stamp>`, `any`, `exactly:<revision>`, `host:<name>` or `worker:<session>`.
    /// - Throws: ``MusterError`` with code `invalidValue`, naming the accepted forms.
    public init(_ text: String) throws(MusterError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let argument = parts.count == 2 ? parts[1] : nil
        switch (parts[0], argument) {
        case ("any", nil):
            self = .any
        case ("at-least", let argument?):
            if let sequence = Int(argument), (0...999_999_999_999_999).contains(sequence) {
                self = .atLeast(sequence: sequence)
            } else if let stamp = try? BuildStamp(argument) {
                self = .atLeast(sequence: stamp.sequence)
            } else {
                throw Self.malformed(text)
            }
        case ("exactly", let argument?):
            let revision = (try? BuildStamp(argument))?.revision ?? argument
            guard (try? BuildStamp(sequence: 0, revision: revision)) != nil else { throw Self.malformed(text) }
            self = .exactly(revision: revision)
        case ("host", let argument?):
            self = .host(try Name.checked(argument, "host"))
        case ("worker", let argument?):
            self = .worker(try Name.checkedID(argument, "session"))
        default:
            throw Self.malformed(text)
        }
    }

    private static func malformed(_ text: String) -> MusterError {
        MusterError(
            .invalidValue,
            "requirement \(Name.quoted(text)) is not understood: use at-least:STAMP, any, exactly:REVISION, host:NAME or worker:SESSION"
        )
    }

    public var description: String {
        switch self {
        case .atLeast(let sequence): "at-least:\(sequence)"
        case .any: "any"
        case .exactly(let revision): "exactly:\(revision)"
        case .host(let name): "host:\(name)"
        case .worker(let session): "worker:\(session)"
        }
    }

    /// Whether a session with this build, on this host, meets it.
    public func isMet(by build: BuildStamp, host: String, session: String) -> Bool {
        switch self {
        case .atLeast(let sequence): build.sequence >= sequence
        case .any: true
        case .exactly(let revision): build.revision == revision
        case .host(let name): host == name
        case .worker(let id): session == id
        }
    }
}
