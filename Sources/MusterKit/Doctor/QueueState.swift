import MusterRedis

/// What one queue's keys say, beyond its report: enough to find what belongs to nobody.
struct QueueState: Sendable {
    /// A session whose lease ended, and what it still holds.
    struct Ended: Sendable, Equatable {
        let session: String
        let sinceMilliseconds: Int
        let jobs: Int
    }

    /// More than anybody looks at one by one; the rest are told as a number by the queue's own report.
    private static let most = 500

    let report: QueueReport
    /// Live workers that say they work for this queue.
    let workers: [WorkerEntry]
    /// Fields of the queue's `meta` that are numbers.
    var counters: [String: Int] = [:]
    /// Scheduled jobs that were due a minute ago.
    var overdue = 0
    /// Since when the oldest success under review waits, in ms; nothing where none does.
    var reviewSince: Int?
    /// Sessions that are listed, and whose lease ended half a minute ago.
    var ended: [Ended] = []
    /// Sessions that are not listed and hold jobs: nobody takes these over.
    var unlisted: [Ended] = []
    /// Buckets with outcomes that no list names.
    var unlistedBuckets: [String] = []
    /// Listed buckets that never expire.
    var immortalBuckets: [String] = []
    var memory: [DoctorReport.Memory] = []
    /// What this account was not allowed to do meanwhile.
    var refused: String?

    init(report: QueueReport, workers: [WorkerEntry]) {
        self.report = report
        self.workers = workers
    }

    /// Asks the server, in a few pipelines whose length is bounded.
    /// - Parameters:
    ///   - sessions: of the whole roll call; a session that died is in it for a day.
    ///   - now: the server's time in milliseconds.
    mutating func read(_ client: RedisClient, keys: QueueKeys, sessions: [WorkerEntry], now: Int)
        async throws(RedisError)
    {
        let last = String(Self.most - 1)
        let answers = await client.send([
            RedisCommand("HGETALL", keys.meta), RedisCommand("ZCOUNT", keys.scheduled, "-inf", "\(now - 60_000)"),
            RedisCommand("ZRANGE", keys.sessions, "0", last, "WITHSCORES"),
            RedisCommand("ZRANGE", keys.buckets, "0", last), RedisCommand("HKEYS", keys.doneBytes),
            RedisCommand("ZRANGE", keys.lanes, "0", last), RedisCommand("ZRANGE", keys.review, "0", "0", "WITHSCORES"),
        ])
        let all = try Self.replies(answers)
        let meta = Self.pairs(all[0])
        counters = meta.compactMapValues { Int($0) }
        overdue = all[1].integer ?? 0
        reviewSince = Self.pairs(all[6]).values.first.flatMap { Int($0) }
        let listed = Self.pairs(all[2]).compactMapValues { Int($0) }
        let buckets = Self.texts(all[3])
        try await readSessions(client, keys, listed: listed, rollCall: sessions, now: now)
        let open = meta.filter { $0.key.hasPrefix("bucket:") }.values
        try await readBuckets(client, keys, listed: buckets, named: Set(Self.texts(all[4])).union(open))
        var kinds = Self.fixedKeys(keys)
        kinds["lane:"] = Self.texts(all[5]).map { keys.prefix + "lane:" + $0 }
        kinds["held:"] = (listed.keys + unlisted.map(\.session)).map { keys.held($0) }
        kinds["done:"] = (buckets + unlistedBuckets).map { keys.prefix + "done:" + $0 }
        kinds["seen:"] = buckets.map { keys.prefix + "seen:" + $0 }
        memory = try await MemoryCensus.measure(client, queue: keys.queue, kinds: kinds)
    }

    private mutating func readSessions(
        _ client: RedisClient, _ keys: QueueKeys, listed: [String: Int], rollCall: [WorkerEntry], now: Int
    ) async throws(RedisError) {
        let late = listed.filter { $0.value < now - 30_000 }
        let strangers = rollCall.filter { $0.queues.contains(keys.queue) && listed[$0.session] == nil }.prefix(
            Self.most)
        let names = late.keys + strangers.map(\.session)
        let counts = try Self.replies(await client.send(names.map { RedisCommand("SCARD", keys.held($0)) }))
        for (name, count) in zip(names, counts) where (count.integer ?? 0) > 0 {
            let entry = Ended(session: name, sinceMilliseconds: late[name] ?? 0, jobs: count.integer ?? 0)
            if late[name] != nil { ended.append(entry) } else { unlisted.append(entry) }
        }
        // Between the two looks a session may have joined, or have been listed again by its own call.
        let again = try Self.replies(
            await client.send(unlisted.map { RedisCommand("ZSCORE", keys.sessions, $0.session) }))
        unlisted = zip(unlisted, again).filter { $0.1 == .null }.map(\.0)
    }

    private mutating func readBuckets(
        _ client: RedisClient, _ keys: QueueKeys, listed: [String], named: Set<String>
    ) async throws(RedisError) {
        let left = try Self.replies(
            await client.send(listed.map { RedisCommand("PTTL", keys.prefix + "done:" + $0) }))
        immortalBuckets = zip(listed, left).filter { $0.1.integer == -1 }.map(\.0)
        let others = named.subtracting(listed).sorted()
        let there = try Self.replies(
            await client.send(others.map { RedisCommand("EXISTS", keys.prefix + "done:" + $0) }))
        unlistedBuckets = zip(others, there).filter { $0.1.integer == 1 }.map(\.0)
        // One may have been opened between the two looks.
        let again = try Self.replies(
            await client.send(unlistedBuckets.map { RedisCommand("ZSCORE", keys.buckets, $0) }))
        unlistedBuckets = zip(unlistedBuckets, again).filter { $0.1 == .null }.map(\.0)
    }

    /// The keys of which a queue has one each, by the names that stand in `QueueKeys` and nowhere else.
    private static func fixedKeys(_ keys: QueueKeys) -> [String: [String]] {
        var kinds: [String: [String]] = [:]
        for child in Mirror(reflecting: keys).children {
            guard let key = child.value as? String, key.hasPrefix(keys.prefix), key != keys.prefix else { continue }
            kinds[String(key.dropFirst(keys.prefix.count))] = [key]
        }
        return kinds
    }

    static func replies(_ results: [Result<RedisReply, RedisError>]) throws(RedisError) -> [RedisReply] {
        var replies: [RedisReply] = []
        for result in results { replies.append(try result.get()) }
        return replies
    }

    private static func texts(_ reply: RedisReply) -> [String] { (reply.array ?? []).compactMap(\.text) }

    private static func pairs(_ reply: RedisReply) -> [String: String] {
        let parts = texts(reply)
        var pairs: [String: String] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) { pairs[parts[index]] = parts[index + 1] }
        return pairs
    }
}
