public import FaultHistory

/// How a drill went.
public struct DrillReport: Sendable, Codable {
    public let name: String
    /// What makes the same drill again.
    public let seed: UInt64
    public let verdict: Verdict
    /// Whether the producer came to its end.
    public let isSent: Bool
    /// Whether everything was finished in time.
    public let isDrained: Bool
    /// The ends of the logs, where something was wrong.
    public let logs: String

    public var isClean: Bool { verdict.isClean && isSent && isDrained }

    public var text: String {
        var lines = ["drill \(name), seed \(seed)", verdict.report(), verdict.summary]
        if !isSent { lines.append("the producer did not come to its end") }
        if !isDrained { lines.append("not everything was finished in time") }
        return lines.joined(separator: "\n") + (logs.isEmpty ? "" : "\n\(logs)")
    }
}
