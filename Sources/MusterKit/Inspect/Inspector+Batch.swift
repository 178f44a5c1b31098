import MusterRedis

extension Inspector {
    /// A batch, or nil where none of the queues has it (any more).
    /// - Parameter queue: look in this queue only; nil for all that are known.
    /// - Throws: ``MusterError`` where Redis does not answer or a name breaks its grammar.
    public func batch(_ id: String, queue: String? = nil) async throws(MusterError) -> BatchReport? {
        try Name.checkedID(id, "batch")
        for queue in try await places(queue) {
            if let report = try await report(id, queue) { return report }
        }
        return nil
    }

    /// The batches that are not over, the oldest first.
    /// - Parameter queue: of this queue only; nil for all that are known.
    /// - Throws: as ``batch(_:queue:)``.
    public func batches(queue: String? = nil) async throws(MusterError) -> [BatchReport] {
        var reports: [BatchReport] = []
        for queue in try await places(queue) {
            let ids = try await ask(RedisCommand("ZRANGE", try store(queue).keys.batches, "0", "999"))
            for id in (ids.array ?? []).compactMap(\.text) {
                if let report = try await report(id, queue) { reports.append(report) }
            }
        }
        return reports
    }

    private func places(_ queue: String?) async throws(MusterError) -> [String] {
        if let queue { return [queue] }
        return try await fleetStore.queueNames()
    }

    private func report(_ id: String, _ queue: String) async throws(MusterError) -> BatchReport? {
        let parts = try await ask(RedisCommand("HGETALL", try store(queue).keys.batch(id))).array ?? []
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            fields[parts[index].text ?? ""] = parts[index + 1].text
        }
        return BatchReport(id: id, queue: queue, fields: fields)
    }

    private func ask(_ command: RedisCommand) async throws(MusterError) -> RedisReply {
        do throws(RedisError) {
            return try await client.send(command)
        } catch {
            throw MusterError(error)
        }
    }
}
