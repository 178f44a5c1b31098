/// What went wrong with a fleet, in one line for a person.
public struct FleetError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
