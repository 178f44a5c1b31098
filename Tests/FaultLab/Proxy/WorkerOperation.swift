import MusterTestKit

@testable import MusterKit

/// One thing that a worker does with a job, from its claim to its end.
struct WorkerOperation: Sendable {
    /// How the job ends, whatever broke meanwhile.
    enum End: String, Sendable { case done, dead }

    let name: String
    let end: End
    var lease = Duration.seconds(1)
    var connections = ["muster-worker", "muster-heartbeat", "muster-listener"]
    /// Whether the worker is stopped while the job runs.
    var stopsInMidJob = false
    /// Whether somebody cancels the job while it runs, over the proxy, too.
    var isCancelledInMidJob = false
    var retain: Int?
    var retries: Int?
    var when = QueueStore.When.now
    /// Whether another session died with the job in its hands.
    var isOrphan = false
    /// Whether the server knows no script, so that each is refused, loaded and repeated.
    var isFirst = false
    /// What the job asks for beside being run.
    var duties = Duties()
    /// A recurring job that the worker declares.
    var schedule: RecurringJob?
    var limit: OverlapLimit?
    /// Jobs that are there beside it before the worker comes, with the same duties.
    var beside: [String] = []
    /// Jobs that must be done in the end, beside it.
    var follow: Set<String> = []
    /// What must be so, beside the job's running, before a stop in mid-job.
    var isReadyToStop: @Sendable (Ledger) async throws -> Bool = { _ in true }
    let handler: Handlers.Raw

    static let result = Array(#"{"rows":3}"#.utf8)

    static let all = [
        WorkerOperation(name: "success", end: .done) { _ in nil },
        WorkerOperation(name: "success on a new server", end: .done, isFirst: true) { _ in nil },
        WorkerOperation(name: "success with a result", end: .done, retain: 600_000) { _ in result },
        WorkerOperation(name: "failure", end: .dead, retries: 0) { _ in throw Refused() },
        WorkerOperation(name: "not now", end: .done) { context in
            guard context.record["history"] != nil else { throw JobLater(delay: .milliseconds(10)) }
            return nil
        },
        WorkerOperation(name: "discard", end: .dead) { _ in throw JobDiscarded("not wanted") },
        WorkerOperation(name: "progress", end: .done) { context in
            await context.report(progress: "one")
            await context.report(progress: "two")
            return nil
        },
        WorkerOperation(name: "hand-back at the stop", end: .done, stopsInMidJob: true) { context in
            // The first worker never gets through with it; the one after it has another host's name.
            if context.session.host == "first" { try await untilCancelled() }
            return nil
        },
        WorkerOperation(name: "beats", end: .done, connections: ["muster-heartbeat"]) { _ in
            // The length of the job itself: as long as a few beats.
            try await Task.sleep(for: .milliseconds(900))
            return nil
        },
        WorkerOperation(name: "promotion", end: .done, connections: ["muster-worker"], when: .after(.milliseconds(40)))
        {
            _ in nil
        },
        WorkerOperation(
            name: "reaping", end: .done, lease: .milliseconds(600), connections: ["muster-worker"], isOrphan: true
        ) { _ in nil },
    ]

    /// Runs until somebody cancels it.
    static func untilCancelled() async throws {
        // Ends at once when it is cancelled; the hour is only longer than any test.
        try await Task.sleep(for: .seconds(3600))
    }

    struct Refused: Error {}
}
