import MusterRedis

/// Successes of fenced builds that wait for a person.
extension QueueStore {
    /// A page of them, the oldest first, and how many there are.
    func reviews(from start: Int, count: Int) async throws(MusterError) -> (jobs: [JobUnderReview], total: Int) {
        let answer = try await client.call(
            Scripts.reviews, [keys.meta, keys.jobs, keys.review, keys.reviewOutcomes]
        ) { command in
            command.append(start)
            command.append(count)
        }
        return ((answer[2].array ?? []).compactMap { underReview($0.array ?? []) }, answer[1].integer ?? 0)
    }

    /// All of them.
    func allReviews() async throws(MusterError) -> [JobUnderReview] {
        var jobs: [JobUnderReview] = []
        var start = 0
        while true {
            let page = try await reviews(from: start, count: 200)
            jobs += page.jobs
            start += 200
            if start >= page.total { return jobs }
        }
    }

    private func underReview(_ parts: [RedisReply]) -> JobUnderReview? {
        guard parts.count == 5, let id = parts[0].text else { return nil }
        let record = JobRecord(Array((parts[2].text ?? "").utf8) + [0x0A])
        let facts = Fields(parts[3].text ?? "")
        return JobUnderReview(
            id: id, queue: keys.queue, type: record?.type, build: facts["on"] ?? record?["review"],
            fencedBy: facts.number("fenced"), session: facts["by"], ranMs: facts.number("ms"),
            heldSince: Timestamp(milliseconds: parts[1].integer ?? 0), resultBytes: parts[4].integer ?? 0,
            resultDropped: facts["ms"] == nil || facts["dropped"] != nil)
    }

    /// What a person decided. `live` are those that cannot be accepted, `absent` those that are not under review.
    func review(_ ids: [String], _ verdict: Operator.Verdict, by who: String) async throws(MusterError) -> Operated {
        Operated(
            try await client.call(Scripts.review, [keys.meta, keys.jobs]) { command in
                command.append(verdict.rawValue)
                command.append(who)
                for id in ids { command.append(id) }
            })
    }
}
