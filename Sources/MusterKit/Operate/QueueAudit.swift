import MusterRedis

/// Looks whether each id of a queue is in exactly one place, while the queue is at work.
///
/// 1. Keys that are not of their type are set aside first: nothing could be read of them.
/// 2. All indexes are read, in chunks. Ids move meanwhile, so what was read proves nothing: it only says which ids
///    *may* be wrong.
/// 3. Those are looked at again by one script, in one moment, which also puts right what is wrong.
struct QueueAudit {
    let store: QueueStore
    let repairs: Bool
    /// Sessions that the roll call knows; one may hold something though the queue does not list it.
    let sessions: [String]
    let onProgress: (Int) -> Void

    private var keys: QueueKeys { store.keys }

    func run() async throws(MusterError) -> AuditReport {
        var findings = try await wrongTypes()
        let broken = Set(findings.filter { _ in !repairs }.map(\.subject))
        let (ids, suspects) = try await look(except: broken)
        for start in stride(from: 0, to: suspects.count, by: 20) {
            let chunk = Array(suspects[start..<min(start + 20, suspects.count)])
            findings += try await store.audit(chunk, sessions: sessions, repairs: repairs)
        }
        if broken.isEmpty { findings += try await store.recount(repairs: repairs) }
        return AuditReport(queue: keys.queue, ids: ids, findings: findings, repaired: repairs && !findings.isEmpty)
    }

    private func wrongTypes() async throws(MusterError) -> [AuditFinding] {
        let types = [
            (keys.jobs, "hash"), (keys.lanes, "zset"), (keys.sessions, "zset"), (keys.idle, "zset"),
            (keys.scheduled, "zset"), (keys.dead, "zset"), (keys.timeline, "hash"), (keys.progress, "hash"),
            (keys.refusals, "hash"), (keys.buckets, "zset"), (keys.doneBytes, "hash"), (keys.unique, "hash"),
            (keys.uniqueUntil, "zset"), (keys.chains, "hash"), (keys.batches, "zset"), (keys.running, "hash"),
            (keys.parked, "zset"), (keys.rates, "zset"), (keys.checkpoints, "hash"), (keys.cancels, "hash"),
            (keys.suspects, "hash"), (keys.calls, "hash"), (keys.repeated, "zset"), (keys.schedules, "hash"),
            (keys.scheduleDue, "zset"), (keys.counts, "hash"), (keys.ramp, "hash"), (keys.review, "zset"),
            (keys.reviewOutcomes, "hash"),
        ]
        var findings: [AuditFinding] = []
        for (key, type) in types {
            guard let (found, aside) = try await store.setAside(key, type: type, repairs: repairs) else { continue }
            findings.append(
                AuditFinding(
                    problem: .wrongType, subject: key,
                    details: ["a \(found), not a \(type)"] + (aside.map { [$0] } ?? [])))
        }
        return findings
    }

    /// Reads all indexes. - Returns: how many ids there are, and which of them may be wrong.
    private func look(except broken: Set<String>) async throws(MusterError) -> (count: Int, suspects: [String]) {
        var places: [String: Int] = [:]
        func note(_ ids: [String]) {
            for id in ids { places[id, default: 0] += 1 }
            onProgress(places.count)
        }
        func names(_ key: String) async throws(MusterError) -> [String] {
            if broken.contains(key) { return [] }
            return try await ask(RedisCommand("ZRANGE", key, "0", "-1")).compactMap(\.text)
        }
        func list(_ key: String) async throws(MusterError) {
            var start = 0
            while true {
                let page = try await ask(RedisCommand("LRANGE", key, String(start), String(start + 999)))
                let ids = page.compactMap(\.text)
                note(ids)
                if ids.count < 1000 { return }
                start += 1000
            }
        }
        for lane in try await names(keys.lanes) { try await list(keys.prefix + "lane:" + lane) }
        for key in try await names(keys.parked) { try await list(keys.prefix + "parked:" + key) }
        for key in [keys.scheduled, keys.dead, keys.review] where !broken.contains(key) {
            try await scan("ZSCAN", key, step: 2) { note($0) }
        }
        let listed = Set(try await names(keys.sessions))
        var unlisted: [String] = []
        for session in listed.union(sessions) {
            try await scan("SSCAN", keys.held(session), step: 1) {
                note($0)
                if !listed.contains(session) { unlisted += $0 }
            }
        }
        var records: Set<String> = []
        var odd: [String] = []
        if !broken.contains(keys.jobs) {
            (records, odd) = try await store.survey { onProgress(max($0, places.count)) }
        }
        var noted: Set<String> = []
        for key in [keys.timeline, keys.progress, keys.checkpoints, keys.chains, keys.cancels, keys.reviewOutcomes]
        where !broken.contains(key) {
            try await scan("HSCAN", key, step: 2) { noted.formUnion($0) }
        }
        // A list that grew at its head between two pages shows an id twice; the script will know.
        var suspects = Set(places.filter { $0.value != 1 }.keys)
        suspects.formUnion(Set(places.keys).symmetricDifference(records))
        suspects.formUnion(noted.subtracting(records))
        suspects.formUnion(odd)
        suspects.formUnion(unlisted)
        return (records.union(places.keys).count, suspects.sorted())
    }

    private func scan(
        _ name: StaticString, _ key: String, step: Int, _ take: ([String]) -> Void
    ) async throws(MusterError) {
        var cursor = "0"
        repeat {
            let answer = try await ask(RedisCommand(name, key, cursor, "COUNT", "500"))
            cursor = answer.first?.text ?? "0"
            let items = (answer.last?.array ?? []).map { $0.text ?? "" }
            take(stride(from: 0, to: items.count, by: step).map { items[$0] })
        } while cursor != "0"
    }

    /// An answer that is no list was damaged on its way; taken for an empty one, it would hide what is wrong.
    private func ask(_ command: RedisCommand) async throws(MusterError) -> [RedisReply] {
        let reply: RedisReply
        do throws(RedisError) { reply = try await store.client.send(command) } catch { throw MusterError(error) }
        return try store.client.trusted { () throws(MusterError) in
            guard let list = reply.array else { throw .damaged("the server", reply) }
            return list
        }
    }
}
