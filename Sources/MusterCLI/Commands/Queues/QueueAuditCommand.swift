import ArgumentParser
import MusterCommandLine
import MusterKit

struct QueueAuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Checks that each id of a queue is in exactly one place.",
        discussion: """
            Reads everything, then looks again, in one moment each, at what may be wrong;
            the queue may be at work. With --repair it puts right what is wrong: an entry
            without a record goes, a record without an entry is made ready, what is no
            job's record is put with the dead, a key of a wrong type is renamed.

            EXAMPLES
              muster queue audit
              muster queue audit mail --repair --json

            EXIT CODES
              0 all is well, or is again   1 something is wrong
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The queue; default all that are known.") var name: String?
    @Flag(help: "Put right what is wrong.") var `repair` = false

    private struct Answer: Encodable { let audits: [AuditReport] }

    func run() async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        let queues: [String]
        if let name { queues = [name] } else { queues = try await people.queueNames() }
        var reports: [AuditReport] = []
        for queue in queues {
            reports.append(
                try await people.audit(queue: queue, repairs: `repair`) {
                    Terminal.progress("\(queue): \($0) ids")
                })
            Terminal.endProgress()
        }
        let isWell = reports.allSatisfy(\.findings.isEmpty)
        if common.json {
            try JSONOutput.print(Answer(audits: reports))
        } else {
            for report in reports { tell(report) }
        }
        if !isWell, !`repair` {
            throw CommandFailure(.failed, common.json ? "" : "`muster queue audit --repair` puts this right")
        }
    }

    private func tell(_ report: AuditReport) {
        for finding in report.findings.prefix(100) {
            let details = finding.details.isEmpty ? "" : ": " + finding.details.joined(separator: ", ")
            print("\(report.queue): \(finding.problem.rawValue) \(finding.subject)\(details)")
        }
        if report.findings.count > 100 { print("\(report.queue): and \(report.findings.count - 100) more") }
        let done = report.repaired ? "put right" : "wrong"
        print("\(report.queue): \(report.ids) ids, \(report.findings.count) \(done)")
    }
}
