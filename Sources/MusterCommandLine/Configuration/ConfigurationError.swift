import MusterStamp

/// What is wrong with a configuration file, in one line for a person.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file as it was named.
    public let file: String
    /// The line it is on, counted from 1, where that is known.
    public let line: Int?
    /// What is wrong there, and what to do.
    public let problem: String

    package init(file: String, line: Int?, problem: String) {
        (self.file, self.line, self.problem) = (file, line, problem)
    }

    public var description: String {
        let what = problem.shown(atMost: 600)
        let place = file.shown(atMost: 600)
        return line.map { "\(place):\($0): \(what)" } ?? "\(place): \(what)"
    }
}
