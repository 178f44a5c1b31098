extension Operator {
    /// The dead of a queue, the newest first.
    /// - Parameters:
    ///   - type: only jobs of this type; nil for all.
    ///   - limit: at most this many.
    /// - Returns: them, and how many dead jobs the queue has in all.
    /// - Throws: ``MusterError`` where Redis does not answer or a name breaks its grammar.
    public func dead(
        queue: String, type: String? = nil, limit: Int = 100
    ) async throws(MusterError) -> (jobs: [DeadJob], total: Int) {
        let store = try store(queue)
        var jobs: [DeadJob] = []
        var start = 0
        var total = 0
        repeat {
            let answer = try await store.dead(from: start, count: 200)
            total = answer[1].integer ?? 0
            let page = answer[2].array ?? []
            if page.isEmpty { break }
            for entry in page {
                guard let job = Self.job(entry.array ?? [], queue: queue), type == nil || job.type == type else {
                    continue
                }
                jobs.append(job)
            }
            start += page.count
        } while jobs.count < limit && start < total
        return (Array(jobs.prefix(limit)), total)
    }

    private static func job(_ parts: [RedisReply], queue: String) -> DeadJob? {
        guard parts.count == 4, let id = parts[0].text else { return nil }
        let record = JobRecord(Array((parts[2].text ?? "").utf8) + [0x0A])
        let last = Fields(parts[3].text ?? "")
        return DeadJob(
            id: id, queue: queue, type: record?.type,
            diedAt: Timestamp(milliseconds: parts[1].integer ?? 0),
            enqueuedAt: record.map { Timestamp(milliseconds: $0.enqueuedAtMilliseconds) },
            attempts: record?.attempts ?? 0, crashes: record?.crashes ?? 0,
            error: last["error"] ?? (record == nil ? "its record is not understood" : nil))
    }
}
