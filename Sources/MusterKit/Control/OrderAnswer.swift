/// What a worker says to an order.
public struct OrderAnswer: Sendable, Equatable {
    public enum Outcome: String, Sendable, Codable {
        /// It does as it was told, or has done so.
        case done
        /// It will not; `error` says why.
        case refused
    }

    public let outcome: Outcome
    public let error: String?
    /// What `dump` brought back.
    public let dump: WorkerDump?

    static let done = OrderAnswer(outcome: .done, error: nil, dump: nil)

    static func refused(_ why: String) -> OrderAnswer { OrderAnswer(outcome: .refused, error: why, dump: nil) }

    init(outcome: Outcome, error: String?, dump: WorkerDump?) {
        self.outcome = outcome
        self.error = error
        self.dump = dump
    }

    /// Reads what stands in Redis: a line of fields, perhaps a newline and a dump.
    init(_ text: String) {
        let parts = text.split(separator: "\n", maxSplits: 1)
        let fields = Fields(parts.first ?? "")
        outcome = fields["outcome"].flatMap { Outcome(rawValue: $0) } ?? .refused
        error = fields["error"] ?? (fields["outcome"] == nil ? "it answered what is not understood" : nil)
        dump = parts.count == 2 ? WorkerDump(json: parts[1]) : nil
    }

    var text: String {
        var text = "outcome=\(outcome.rawValue)"
        if let error { text += " error=\(ErrorText.bounded(error))" }
        if let dump { text += "\n" + dump.json(atMost: WorkerDump.mostBytes - text.utf8.count - 1) }
        return text
    }
}
