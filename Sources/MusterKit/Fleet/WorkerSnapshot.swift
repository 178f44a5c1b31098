/// What a session says of itself in the roll call.
struct WorkerSnapshot: Sendable {
    /// Whether many others speak, too.
    let isInCrowd: Bool
    let host: String
    let build: String
    let queues: [String]
    let claimedAgo: Duration?
    /// Jobs that it ran to success, so far.
    let succeeded: Int
    let fields: [(String, String)]

    /// Those that are not what they were.
    func fields(unlike other: WorkerSnapshot) -> [(String, String)] {
        guard fields.count == other.fields.count else { return fields }
        return zip(fields, other.fields).filter { $0 != $1 }.map(\.0)
    }
}
