import MusterRedis

extension Inspector {
    /// Every queue that a producer or worker has named.
    public func queues() async throws(MusterError) -> [QueueReport] {
        let workers = try await workers()
        var reports: [QueueReport] = []
        for name in try await fleetStore.queueNames() { reports.append(try await queueReport(name, workers: workers)) }
        return reports
    }

    /// Who was refused, most often first.
    /// - Parameter host: only this host; nil for all.
    public func refusals(host: String? = nil) async throws(MusterError) -> [RefusalReport] {
        var reports: [RefusalReport] = []
        for queue in try await fleetStore.queueNames() {
            let entries = try await store(queue).overview()[8].array ?? []
            for index in stride(from: 0, to: entries.count - 1, by: 2) {
                guard let report = refusal(queue, entries[index].text, entries[index + 1].text) else { continue }
                if host == nil || report.host == host { reports.append(report) }
            }
        }
        return reports.sorted { ($1.count, $0.host, $0.build) < ($0.count, $1.host, $1.build) }
    }

    private func refusal(_ queue: String, _ name: String?, _ entry: String?) -> RefusalReport? {
        let who = (name ?? "").split(separator: " ").map(String.init)
        let what = (entry ?? "").split(separator: " ").map(String.init)
        guard who.count == 3, what.count == 4, let count = Int(what[0]), let first = Int(what[1]),
            let last = Int(what[2])
        else { return nil }
        return RefusalReport(
            host: who[0], build: who[1], queue: queue, reason: who[2], count: count,
            firstAt: Timestamp(milliseconds: first), lastAt: Timestamp(milliseconds: last), needs: what[3])
    }

    func queueReport(_ name: String, workers: [WorkerEntry]) async throws(MusterError) -> QueueReport {
        let answer = try await store(name).overview()
        let now = Timestamp.clamped(answer[1].integer ?? 0)
        let rules = ReleaseRules(meta: answer[7])
        let live = workers.filter { $0.isLive && $0.queues.contains(name) }
        var ready = 0
        var oldest: Int?
        var lanes: [QueueReport.Lane] = []
        for entry in answer[6].array ?? [] {
            guard let parts = entry.array, parts.count == 3, let lane = parts[0].text.flatMap({ Lane($0) }),
                let count = parts[1].integer, count > 0
            else { continue }
            ready += count
            if let at = parts[2].integer { oldest = max(oldest ?? 0, now - Timestamp.clamped(at)) }
            lanes.append(
                QueueReport.Lane(
                    requirement: "\(lane.requirement)", priority: lane.priority.rawValue, count: count,
                    runnableBy: live.count { worker in
                        worker.meets(lane.requirement, rules)
                            && (lane.knownType.map { worker.types.contains($0) } ?? true)
                    },
                    knows: lane.knownType))
        }
        let counters = Self.pairs(answer[7])
        return QueueReport(
            name: name, ready: ready, held: answer[5].integer ?? 0, parked: answer[9].integer ?? 0,
            scheduled: answer[3].integer ?? 0,
            dead: answer[4].integer ?? 0, review: answer[10].integer ?? 0, paused: counters["paused"] != nil,
            oldestAgeMs: oldest, lanes: lanes,
            succeeded: counters["succeeded"] ?? 0, failed: counters["failed"] ?? 0,
            outcomesDropped: counters["outcomes-dropped"] ?? 0, rules: rules)
    }

    private static func pairs(_ reply: RedisReply) -> [String: Int] {
        let parts = reply.array ?? []
        var pairs: [String: Int] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            if let name = parts[index].text, let value = parts[index + 1].integer { pairs[name] = value }
        }
        return pairs
    }
}
