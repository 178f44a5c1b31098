public import MusterKit

/// Names one answer about a job, as `<seq>-<digest of what it said>`; `<seq>` alone names it without saying what it said.
/// A client sends the last one back, so the server need remember nothing about clients.
public struct StatusMark: Sendable, Equatable, CustomStringConvertible {
    let seq: Int
    let digest: String?

    /// Of a report: state, progress, how many runs, when it is due. What a job waits for is left out: it changes with the
    /// fleet and not with the job.
    public init(_ report: JobReport) {
        seq = report.seq
        let said = [
            report.state.rawValue, report.progress ?? "", "\(report.attempts.count)",
            "\(report.dueAt?.milliseconds ?? 0)",
        ]
        // FNV-1a: two answers that follow each other must differ, nobody has to be kept from making them alike.
        var hash: UInt32 = 2_166_136_261
        for byte in said.joined(separator: "\n").utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        digest = String(hash, radix: 16)
    }

    /// - Returns: nil where the text is no mark.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty, first.utf8.count <= 18,
            first.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let seq = Int(first)
        else { return nil }
        self.seq = seq
        guard parts.count == 2 else {
            digest = nil
            return
        }
        guard (1...8).contains(parts[1].utf8.count), parts[1].allSatisfy(\.isHexDigit) else { return nil }
        digest = String(parts[1])
    }

    public var description: String { digest.map { "\(seq)-\($0)" } ?? "\(seq)" }

    /// Whether a report says something that this answer did not: it is younger, and says something else where it is
    /// known what this one said.
    func isOutdated(by report: JobReport) -> Bool {
        guard report.seq > seq else { return false }
        return digest.map { $0 != StatusMark(report).digest } ?? report.state.isFinal
    }
}
