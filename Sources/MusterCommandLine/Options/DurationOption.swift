import ArgumentParser

extension DurationText {
    /// Reads an option's value; the error says which forms are accepted.
    public static func option(_ text: String) throws -> DurationText {
        do throws(DurationTextError) {
            return try DurationText(text)
        } catch {
            throw ValidationError(error.description)
        }
    }
}
