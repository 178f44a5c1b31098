import MusterTestKit

@testable import MusterKit

/// What only some jobs ask for; each of them must end with nothing of it left.
extension WorkerOperation {
    /// On the worker's other connections they differ little from one another: those are tried in the whole grid only.
    private static let connections =
        Cell.isFull ? ["muster-worker", "muster-heartbeat", "muster-listener"] : ["muster-worker"]

    static let dutiful = [
        WorkerOperation(
            name: "chain", end: .done, connections: connections,
            duties: Duties(steps: ["type=t lane=normal:any", "type=t lane=normal:any"]), follow: ["job.2", "job.3"]
        ) { _ in result },
        WorkerOperation(
            name: "batch", end: .done, connections: connections, duties: Duties(batch: "b"), beside: ["beside"],
            follow: ["beside", "b.done"]
        ) { context in
            // They end one after the other, so that a callback that comes too early is seen.
            try await Task.sleep(for: .milliseconds(context.id == "beside" ? 25 : 0))
            return nil
        },
        WorkerOperation(
            name: "limit key", end: .done, connections: connections, duties: Duties(limitKey: "k"),
            limit: .perKey(1), beside: ["beside", "third"], follow: ["beside", "third"], handler: oneStep),
        WorkerOperation(
            name: "limit of the queue", end: .done, connections: connections, limit: .perQueue(2),
            beside: ["beside", "third", "fourth"], follow: ["beside", "third", "fourth"], handler: oneStep),
        WorkerOperation(
            name: "unique key", end: .done, connections: connections, duties: Duties(unique: try? UniqueKey("k"))
        ) { _ in nil },
        WorkerOperation(
            name: "unique until it starts", end: .done, connections: connections,
            duties: Duties(unique: try? UniqueKey("k", .untilStarted))
        ) { _ in nil },
        WorkerOperation(
            name: "unique for a time", end: .done, connections: connections,
            duties: Duties(unique: try? UniqueKey("k", .lasting(.seconds(600))))
        ) { _ in nil },
        WorkerOperation(name: "checkpoint", end: .done, connections: connections) { context in
            guard let checkpoint = context.checkpoint else {
                try await context.save(checkpoint: result)
                throw JobLater(delay: .milliseconds(10))
            }
            if checkpoint != result { throw JobDiscarded("another checkpoint came back") }
            return nil
        },
        WorkerOperation(
            name: "hand-back of a chain's job", end: .done, connections: connections, stopsInMidJob: true,
            duties: Duties(limitKey: "k", steps: ["type=t lane=normal:any"]), limit: .perKey(1), follow: ["job.2"]
        ) { context in
            if context.session.host == "first" { try await untilCancelled() }
            return nil
        },
        WorkerOperation(
            name: "hand-back with a checkpoint", end: .done, connections: connections, stopsInMidJob: true,
            isReadyToStop: { try await $0.ask("HEXISTS", $0.keys.checkpoints, "job").integer == 1 },
            handler: savesAndWaits),
        WorkerOperation(
            name: "cancel from afar", end: .done,
            connections: ["muster-operator", "muster-worker", "muster-heartbeat", "muster-listener"],
            isCancelledInMidJob: true
        ) { _ in nil },
    ]

    /// Recurring jobs. In the fast part only the missed ones: to wait for nominal times takes their time.
    static let recurring =
        [
            WorkerOperation(
                name: "schedule with missed times", end: .done, connections: ["muster-worker"],
                schedule: RecurringJob(every: "1d", missed: 3)
            ) { _ in nil }
        ]
        + (Cell.isFull
            ? [
                WorkerOperation(
                    name: "schedule that another fires, too", end: .done, connections: ["muster-worker"],
                    schedule: RecurringJob(every: "1d", missed: 3, isContested: true)
                ) { _ in nil },
                WorkerOperation(
                    name: "schedule by the second", end: .done, connections: ["muster-worker"],
                    schedule: RecurringJob(every: "1s", missed: 0)
                ) { _ in nil },
            ] : [])

    /// A job that takes a moment, so that another one that ought to wait for it would be seen beside it.
    private static let oneStep: Handlers.Raw = { _ in
        // The length of the job itself.
        try await Task.sleep(for: .milliseconds(25))
        return nil
    }

    /// Gets through only on another host than the first, and with what was saved there.
    private static let savesAndWaits: Handlers.Raw = { context in
        if context.session.host == "first" {
            while try await !saves(result, context) {}
            try await untilCancelled()
        }
        if context.checkpoint != result { throw JobDiscarded("its checkpoint did not come back with it") }
        return nil
    }

    /// Tries to save a checkpoint. - Returns: whether Redis confirmed it.
    private static func saves(_ bytes: [UInt8], _ context: JobContext) async throws -> Bool {
        try Task.checkCancellation()
        do throws(MusterError) {
            try await context.save(checkpoint: bytes)
            return true
        } catch {
            return false
        }
    }
}
