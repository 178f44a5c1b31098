public import ArgumentParser

extension DurationText: ExpressibleByArgument {
    public init?(argument: String) {
        guard let parsed = try? DurationText(argument) else { return nil }
        self = parsed
    }
}
