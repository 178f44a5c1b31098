import Foundation

extension Operator {
    /// How many jobs one copy may have.
    public static let mostCopies = 1000

    /// Copies jobs that are ready in a queue, as new jobs with ids of their own, into another queue: to see there what
    /// they do. The originals stay where they are.
    ///
    /// A copy asks for the build, timeout, retries and retention that its original asks for. It holds no unique key, counts
    /// in no batch and against no limit key, and nothing follows it. If this process dies, some are copied.
    /// - Parameters:
    ///   - queue: the queue that is copied from.
    ///   - target: another one.
    ///   - count: at most so many, 1 to 1,000.
    ///   - requirement: what the copies ask for; default what the originals do.
    /// - Throws: ``MusterError`` where a value is out of its range, or Redis does not answer; what was copied stays.
    public func copy(
        queue: String, to target: String, count: Int, requirement: Requirement? = nil
    ) async throws(MusterError) -> QueueCopy {
        guard queue != target else {
            throw MusterError(.invalidValue, "queue \(Name.quoted(queue)) cannot be copied to itself: name another one")
        }
        guard (1...Self.mostCopies).contains(count) else {
            throw MusterError(.invalidValue, "\(count) jobs cannot be copied: 1 to \(Self.mostCopies) can")
        }
        let source = try store(queue)
        let destination = try store(target)
        try await FleetStore(client, namespace: server.namespace).know(queues: [target])
        var copied: [QueueCopy.Job] = []
        var seen: Set<String> = []
        var passed = 0
        var skipped = 0
        while copied.count < count {
            let sample = try await source.sample(from: passed, count: min(100, count - copied.count))
            if sample.passed <= passed { break }
            passed = sample.passed
            var lanes: [Lane: [(job: QueueStore.NewJob, entry: QueueCopy.Job)]] = [:]
            // The queue is at work: what moved meanwhile may come a second time.
            for (original, bytes) in sample.jobs where seen.insert(original).inserted {
                guard let record = JobRecord(bytes), let from = record.lane else {
                    skipped += 1
                    continue
                }
                let lane = Lane(from.priority, requirement ?? from.requirement)
                let made = duplicate(record, of: original, in: lane)
                lanes[lane, default: []].append(made)
            }
            for (lane, made) in lanes {
                _ = try await destination.enqueue(made.map(\.job), lane: lane, when: .now, again: false)
                copied += made.map(\.entry)
            }
        }
        return QueueCopy(queue: queue, to: target, jobs: copied, skipped: skipped)
    }

    private func duplicate(
        _ record: JobRecord, of original: String, in lane: Lane
    ) -> (job: QueueStore.NewJob, entry: QueueCopy.Job) {
        let id = JobID.make(1, milliseconds: Int(Date().timeIntervalSince1970 * 1000))[0]
        let header = JobHeader(
            type: record.type, lane: lane, build: record.build, producerHost: host, producerPID: pid,
            retries: record["retries"].flatMap { Fields.number($0) }, timeoutMilliseconds: record.timeoutMilliseconds,
            retainMilliseconds: record.retainMilliseconds,
            backoffMilliseconds: record["backoff"].flatMap { Fields.number($0) }, isPrivate: record.isPrivate,
            copyOf: original)
        let payload = record.isPrivate ? RedactedPayload(record.payload).bytes : Array(record.payload)
        return (
            QueueStore.NewJob(id: id, header: header.text, payload: payload),
            QueueCopy.Job(
                id: id, copyOf: original, type: record.type, requirement: "\(lane.requirement)",
                isRedacted: record.isPrivate)
        )
    }
}
