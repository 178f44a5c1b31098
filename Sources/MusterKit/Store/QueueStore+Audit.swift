import MusterRedis

/// What the audit asks and puts right.
extension QueueStore {
    /// All live ids, in chunks.
    /// - Returns: them, and those that are odd: no job's record, or with an outcome too.
    func survey(_ onProgress: (Int) -> Void) async throws(MusterError) -> (ids: Set<String>, odd: [String]) {
        var cursor = "0"
        var ids: Set<String> = []
        var odd: [String] = []
        repeat {
            let chunk = cursor
            let answer = try await client.call(Scripts.survey, [keys.meta, keys.jobs, keys.buckets]) {
                $0.append(chunk)
            }
            cursor = answer[1].text ?? "0"
            ids.formUnion(answer[2].array?.compactMap(\.text) ?? [])
            odd += answer[3].array?.compactMap(\.text) ?? []
            onProgress(ids.count)
        } while cursor != "0"
        return (ids, odd)
    }

    /// Looks at ids in one moment, and puts right what is wrong.
    /// - Parameter sessions: may hold something though they are not listed.
    func audit(_ ids: [String], sessions: [String], repairs: Bool) async throws(MusterError) -> [AuditFinding] {
        let answer = try await client.call(
            Scripts.audit,
            [
                keys.meta, keys.jobs, keys.lanes, keys.sessions, keys.scheduled, keys.dead, keys.timeline, keys.buckets,
                keys.parked, keys.review, keys.reviewOutcomes,
            ]
        ) { command in
            command.append(repairs ? "repair" : "")
            command.append(sessions.count)
            for session in sessions { command.append(session) }
            for id in ids { command.append(id) }
        }
        return answer.parts.dropFirst().compactMap { part in
            let words = (part.array ?? []).map { $0.text ?? "?" }
            guard words.count >= 2, let problem = AuditFinding.Problem(rawValue: words[1]) else { return nil }
            return AuditFinding(problem: problem, subject: words[0], details: Array(words.dropFirst(2)))
        }
    }

    /// Counts again what is counted.
    func recount(repairs: Bool) async throws(MusterError) -> [AuditFinding] {
        let answer = try await client.call(
            Scripts.recount, [keys.meta, keys.jobs, keys.sessions, keys.running, keys.unique]
        ) { $0.append(repairs ? "repair" : "") }
        return answer.parts.dropFirst().compactMap { part in
            let words = (part.array ?? []).map { $0.text ?? "?" }
            guard words.count >= 3, let problem = AuditFinding.Problem(rawValue: words[0]) else { return nil }
            let details = problem == .miscountedKey ? ["counted \(words[2])", "held \(words[3])"] : [words[2]]
            return AuditFinding(problem: problem, subject: words[1], details: details)
        }
    }

    /// Sets a key aside that is not of its type.
    /// - Returns: nothing where it is; else its type, and its new name where it got one.
    func setAside(
        _ key: String, type: String, repairs: Bool
    ) async throws(MusterError) -> (found: String, aside: String?)? {
        let answer = try await client.call(Scripts.setaside, [keys.meta, key]) { command in
            command.append(type)
            command.append(repairs ? "repair" : "")
        }
        let found = answer[1].text ?? "none"
        if found == "none" || found == type { return nil }
        let aside = answer[2].text ?? ""
        return (found, aside.isEmpty ? nil : aside)
    }
}
