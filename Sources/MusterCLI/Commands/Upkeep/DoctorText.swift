import MusterCommandLine
import MusterKit

/// The doctor's report for people.
struct DoctorText {
    private let report: DoctorReport

    init(_ report: DoctorReport) { self.report = report }

    var text: String {
        var parts = report.findings.map(finding)
        parts.append(verdict)
        if report.isReachable { parts.append(server) }
        if !report.memory.isEmpty { parts.append(memory) }
        if !report.skipped.isEmpty {
            parts.append(
                "not looked at:\n"
                    + report.skipped.map { "  \($0.check.rawValue): \($0.reason)" }.joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n")
    }

    private func finding(_ finding: Finding) -> String {
        let colour: Terminal.Colour? =
            switch finding.severity {
            case .error: .red
            case .warning: .yellow
            case .info: nil
            }
        let severity = colour.map { Terminal.coloured(finding.severity.rawValue, $0) } ?? finding.severity.rawValue
        let place = finding.queue.map { " queue `\($0)`:" } ?? ""
        return """
            \(severity) [\(finding.check.rawValue)]\(place) \(finding.what)
              why:    \(finding.why)
              remedy: \(finding.remedy)
            """
    }

    private var verdict: String {
        let counts = Finding.Severity.allCases.map { severity in
            report.findings.count { $0.severity == severity }
        }
        if counts.allSatisfy({ $0 == 0 }) { return "nothing is wrong" }
        return zip(counts, ["error", "warning", "note"]).map { "\($0) \($1)\($0 == 1 ? "" : "s")" }.joined(
            separator: ", ")
    }

    private var server: String {
        let server = report.server
        var words = [
            "\(server.product ?? "a server") \(server.version ?? "of unknown version")", server.role ?? "role unknown",
        ]
        if let used = server.usedBytes {
            words.append(
                byteText(used) + (server.maxBytes.map { $0 > 0 ? " of \(byteText($0))" : " used, no bound" } ?? " used")
            )
        }
        let gives =
            server.durability.isEmpty ? "nothing that could be proven" : server.durability.joined(separator: ", ")
        return words.joined(separator: " · ") + "\ndurability that an enqueue can have proven now: \(gives)"
    }

    private var memory: String {
        var table = Table("MEMORY", "KEYS", "QUEUE", "KIND")
        for entry in report.memory.prefix(15) {
            table.add(byteText(entry.bytes), "\(entry.keys)", entry.queue ?? "-", entry.kind)
        }
        let rest = report.memory.dropFirst(15)
        if !rest.isEmpty {
            table.add(
                byteText(rest.reduce(0) { $0 + $1.bytes }), "\(rest.reduce(0) { $0 + $1.keys })", "-",
                "\(rest.count) more kinds")
        }
        return table.text
    }
}
