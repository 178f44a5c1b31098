/// What is wrong with a configuration file, in one line for a person.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file as it was named.
    public let file: String
    /// The line it is on, counted from 1, where that is known.
    public let line: Int?
    /// What is wrong there, and what to do.
    public let problem: String

    public var description: String {
        line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
    }
}
