import MusterTestKit
import Synchronization

@testable import MusterKit

/// One thing that a worker does with a job, from its claim to its end.
struct WorkerOperation: Sendable {
    /// How the job ends, whatever broke meanwhile.
    enum End: Sendable { case done, dead }

    let name: String
    let end: End
    var lease = Duration.seconds(1)
    var connections = ["muster-worker", "muster-heartbeat", "muster-listener"]
    /// Whether the worker is stopped while the job runs.
    var stopsInMidJob = false
    var retain: Int?
    var retries: Int?
    var when = QueueStore.When.now
    /// Whether another session died with the job in its hands.
    var isOrphan = false
    /// Whether the server knows no script, so that each is refused, loaded and repeated.
    var isFirst = false
    /// What the job asks for beside being run.
    var duties = Duties()
    /// Jobs that are there beside it before the worker comes, with the same duties.
    var beside: [String] = []
    /// Jobs that must be done in the end, beside it.
    var follow: Set<String> = []
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
            if context.session.host == "first" { try await Task.sleep(for: .seconds(3600)) }
            return nil
        },
        WorkerOperation(name: "beats", end: .done, connections: ["muster-heartbeat"]) { _ in
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

    /// What only some jobs ask for; each of them must end with nothing of it left.
    static let dutiful = [
        WorkerOperation(
            name: "chain", end: .done, connections: ["muster-worker"],
            duties: Duties(steps: ["type=t lane=normal:any", "type=t lane=normal:any"]), follow: ["job.2", "job.3"]
        ) { _ in result },
        WorkerOperation(
            name: "batch", end: .done, connections: ["muster-worker"], duties: Duties(batch: "b"), beside: ["beside"],
            follow: ["beside", "b.done"]
        ) { _ in nil },
        WorkerOperation(
            name: "limit key", end: .done, connections: ["muster-worker"], duties: Duties(limitKey: "k"),
            beside: ["beside", "third"], follow: ["beside", "third"]
        ) { _ in nil },
        WorkerOperation(
            name: "unique key", end: .done, connections: ["muster-worker"],
            duties: Duties(unique: try? UniqueKey("k"))
        ) { _ in nil },
        WorkerOperation(name: "checkpoint", end: .done, connections: ["muster-worker"]) { context in
            guard let checkpoint = context.checkpoint else {
                try await context.save(checkpoint: result)
                throw JobLater(delay: .milliseconds(10))
            }
            if checkpoint != result { throw JobDiscarded("another checkpoint came back") }
            return nil
        },
        WorkerOperation(
            name: "hand-back of a chain's job", end: .done, connections: ["muster-worker"], stopsInMidJob: true,
            duties: Duties(limitKey: "k", steps: ["type=t lane=normal:any"]), follow: ["job.2"]
        ) { context in
            if context.session.host == "first" { try await Task.sleep(for: .seconds(3600)) }
            return nil
        },
    ]

    struct Refused: Error {}
}
