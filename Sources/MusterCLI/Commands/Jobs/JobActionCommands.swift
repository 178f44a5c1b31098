import ArgumentParser
import MusterCommandLine
import MusterKit

struct JobCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancels a job, waiting or running.",
        discussion: """
            A job that has not begun is over at once. A running one is cancelled where
            it runs: a Swift task is cancelled, a program's whole process group is
            ended; the job ends as cancelled when its handler has. With --within the
            command waits for that.

            EXAMPLES
              muster job cancel 01k9zj7v3m8f4q2t6x5w1r0abc
              muster job cancel 01k9zj7v3m8f4q2t6x5w1r0abc --within 10s

            EXIT CODES
              0 cancelled, or its worker is told   1 it is over, dead or unknown
              5 it was still running after --within
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Look in this queue only.") var queue: String?
    @Option(
        help: ArgumentHelp("Wait this long for a running job's end.", valueName: "duration"),
        transform: DurationText.option) var within: DurationText?
    @Argument(help: "The job's id.") var id: String

    private struct Answer: Encodable {
        let id: String
        let outcome: String
        let queue: String?
        let session: String?
        let state: JobReport.State?
    }

    func run() async throws {
        let server = try common.server()
        let people = Operator(server: server)
        defer { people.close() }
        switch try await people.cancel(id, queue: queue) {
        case .cancelled(let queue):
            try say("cancelled", queue, nil, .cancelled, "job \(id) is cancelled")
        case .asked(let queue, let session):
            guard let within else {
                return try say("asked", queue, session, .held, "job \(id) runs; session \(session) is told to end it")
            }
            try await wait(queue, session, within.duration, server)
        case .dead(let queue):
            try say("dead", queue, nil, .dead, nil)
            throw CommandFailure(
                .failed, common.json ? "" : "job \(id) is dead already; `muster job discard \(id)` removes it")
        case .unknown:
            try say("unknown", nil, nil, .unknown, nil)
            throw CommandFailure(.failed, common.json ? "" : "no queue has job \(id) live: it is over, or never was")
        }
    }

    private func wait(_ queue: String, _ session: String, _ bound: Duration, _ server: MusterServer) async throws {
        let inspector = Inspector(server: server)
        defer { inspector.close() }
        let report = try await inspector.wait(for: id, queue: queue, within: bound, seenBy: nil)
        switch report.state {
        case .cancelled:
            try say("cancelled", queue, session, .cancelled, "job \(id) is cancelled")
        case let state where state.isFinal:
            try say("ended", queue, session, state, nil)
            throw CommandFailure(
                .failed, common.json ? "" : "job \(id) ended before it could be cancelled: \(state.rawValue)")
        default:
            try say("asked", queue, session, report.state, nil)
            throw CommandFailure(.timeout, "job \(id) still runs; session \(session) is told to end it")
        }
    }

    private func say(
        _ outcome: String, _ queue: String?, _ session: String?, _ state: JobReport.State, _ line: String?
    ) throws {
        if common.json {
            try JSONOutput.print(Answer(id: id, outcome: outcome, queue: queue, session: session, state: state))
        } else if let line {
            print(line)
        }
    }
}

struct JobRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Makes dead or scheduled jobs ready now.",
        discussion:
            "A dead job gets all of its attempts again.\n\nEXAMPLE\n  muster job retry 01k9zj7v3m8f4q2t6x5w1r0abc")

    @OptionGroup var common: CommonOptions
    @Option(help: "Look in this queue only.") var queue: String?
    @Argument(help: "The jobs' ids.") var ids: [String]

    func run() async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        try JobActionAnswer(try await people.retry(ids, queue: queue), did: "retried", live: "live already")
            .tell(common)
    }
}

struct JobDiscardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Removes jobs that are dead, under review or have not begun.",
        discussion: "Nothing of them stays.\n\nEXAMPLE\n  muster job discard 01k9zj7v3m8f4q2t6x5w1r0abc")

    @OptionGroup var common: CommonOptions
    @Option(help: "Look in this queue only.") var queue: String?
    @Argument(help: "The jobs' ids.") var ids: [String]

    func run() async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        try JobActionAnswer(
            try await people.discard(ids, queue: queue), did: "discarded", live: "held: cancel them first"
        ).tell(common)
    }
}

/// What became of the jobs that a command was to act on; exit 1 where it was not done to all of them.
struct JobActionAnswer {
    let answer: Operator.Answer
    let did: String
    let live: String

    init(_ answer: Operator.Answer, did: String, live: String) {
        self.answer = answer
        self.did = did
        self.live = live
    }

    func tell(_ common: CommonOptions) throws {
        if common.json {
            try JSONOutput.print(answer)
        } else {
            print("\(answer.done.count) \(did)")
            if !answer.live.isEmpty { Terminal.say("\(live): \(list(answer.live))") }
            if !answer.absent.isEmpty { Terminal.say("not there: \(list(answer.absent))") }
        }
        if !answer.live.isEmpty || !answer.absent.isEmpty { throw CommandFailure(.failed) }
    }

    private func list(_ ids: [String]) -> String {
        ids.prefix(10).joined(separator: ", ") + (ids.count > 10 ? " and \(ids.count - 10) more" : "")
    }
}
