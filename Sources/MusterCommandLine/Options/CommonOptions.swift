public import ArgumentParser
public import MusterKit

/// The options that every command of `muster` has.
public struct CommonOptions: ParsableArguments {
    @OptionGroup public var connection: ServerOptions

    @Flag(help: "One JSON document on standard output.")
    public var json = false

    public init() {}

    public func server() throws -> MusterServer { try connection.server() }

    public func configuration() throws -> ConfigurationFile? { try connection.configuration() }

    public func stamp(flag: String?) throws -> ResolvedStamp { try connection.stamp(flag: flag) }
}
