public import MusterStamp

extension Handlers {
    /// The types that are handled here, each with its payloads' fingerprint and what its jobs ask for.
    ///
    /// A worker of your own offers `--list-types` with one line, before it connects to anything:
    ///
    ///     if CommandLine.arguments.contains("--list-types") { print(handlers.listing(build: build).json) }
    /// - Parameter build: the build that this program was made from.
    public func listing(build: BuildStamp) -> TypeListing {
        TypeListing(
            build: build,
            types: byType.map { type, entry in
                TypeListing.Entry(type: type, schema: entry.schema(), requirement: entry.requirement)
            })
    }
}
