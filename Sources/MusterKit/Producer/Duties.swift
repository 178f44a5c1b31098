/// What jobs ask of Redis beside being run; whoever moves such a job reads its header.
struct Duties: Sendable, Equatable {
    var startWithinMilliseconds: Int?
    var unique: UniqueKey?
    var batch: String?
    var limitKey: String?
    /// The headers of the jobs that follow, each of which gets the result of the one before it.
    var steps: [String] = []

    var isNone: Bool { self == Duties() }

    /// As the enqueue script reads it: a line of fields, and a line for each step.
    var text: String {
        if isNone { return "" }
        var fields: [String] = []
        if let startWithinMilliseconds { fields.append("within=\(startWithinMilliseconds)") }
        if let unique {
            fields.append("unique=\(unique.mode.word):\(unique.key)")
            if case .lasting(let span) = unique.mode { fields.append("lasts=\(span.wholeMilliseconds)") }
        }
        if let batch { fields.append("batch=\(batch)") }
        if let limitKey { fields.append("key=\(limitKey)") }
        return ([fields.joined(separator: " ")] + steps).joined(separator: "\n")
    }
}
