/// A journal cannot be opened.
public struct JournalError: Error, CustomStringConvertible {
    let path: String
    let reason: String
    public var description: String {
        "the journal \(path) cannot be opened: \(reason); name a folder that can be written"
    }
}
