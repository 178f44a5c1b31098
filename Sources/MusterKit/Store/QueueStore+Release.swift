import MusterRedis

/// How the fleet's rules for builds come into a queue, and how jobs that wait for a build get another one.
extension QueueStore {
    /// What a queue has of the rules.
    struct Adopted: Sendable {
        let wasNew: Bool
        let rules: ReleaseRules
        /// How a build on trial fares against the others; `held` is there where it holds itself.
        let rampCounts: [String: Int]
    }

    /// Takes over the fleet's rules, unless the queue has newer ones.
    @discardableResult
    func adopt(_ rules: ReleaseRules) async throws(MusterError) -> Adopted {
        let answer = try await client.call(Scripts.adopt, [keys.meta, keys.sessions, keys.ramp]) {
            Self.append(rules, to: &$0)
        }
        let words = (answer[3].array ?? []).map { $0.text ?? "" }
        var counts: [String: Int] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) { counts[words[index]] = Int(words[index + 1]) }
        return Adopted(wasNew: answer[1].integer == 1, rules: ReleaseRules(answer[2]), rampCounts: counts)
    }

    /// What the queue has of them. Changes nothing.
    func adopted() async throws(MusterError) -> Adopted { try await adopt(.none) }

    /// As ``adopt(_:)``, from a thread that cannot wait; whether it worked, the next beat shows.
    func adoptLater(_ rules: ReleaseRules, completion: @escaping @Sendable (Bool) -> Void) {
        client.submit(
            Scripts.adopt, keys: [keys.meta, keys.sessions, keys.ramp],
            arguments: { Self.append(rules, to: &$0) },
            completion: { result in
                let answer = try? result.get()
                completion(answer?.array?.first?.text == "ok")
            })
    }

    private static func append(_ rules: ReleaseRules, to command: inout RedisCommand) {
        command.append(rules.number)
        command.append(rules.floor)
        command.append(rules.producers)
        command.append(rules.staleSettles)
        command.append(rules.ramp)
    }

    struct Restamped: Sendable {
        let looked: Int
        let moved: Int
    }

    /// Moves ready jobs of one lane into another, at most 200 of them.
    /// - Parameters:
    ///   - target: the other lane; nil for the one that each job asked for first.
    ///   - what: those to move; nil for all.
    func restamp(_ lane: Lane, to target: Lane?, what: Set<What>?) async throws(MusterError) -> Restamped {
        let answer = try await client.call(Scripts.restamp, [keys.meta, keys.jobs, keys.lanes, keys.idle]) { command in
            command.append(lane.description)
            command.append(200)
            command.append(target?.description ?? "")
            command.append(what.map { "," + $0.map(\.text).sorted().joined(separator: ",") + "," } ?? "*")
        }
        return Restamped(looked: answer[1].integer ?? 0, moved: answer[2].integer ?? 0)
    }

    /// Changes what jobs that are not ready will require.
    /// - Parameter requirement: nil for what each job asked for first.
    func relabel(_ ids: [String], to requirement: Requirement?) async throws(MusterError) -> Int {
        var changed = 0
        for start in stride(from: 0, to: ids.count, by: 100) {
            let answer = try await client.call(Scripts.relabel, [keys.meta, keys.jobs]) { command in
                command.append(requirement?.description ?? "")
                for id in ids[start..<min(start + 100, ids.count)] { command.append(id) }
            }
            changed += answer[1].integer ?? 0
        }
        return changed
    }

    struct Waiting: Sendable {
        let id: String
        let what: What
        let lane: Lane
    }

    enum Meant: Sendable {
        /// Jobs that ask for a newer build than this one.
        case above(sequence: Int)
        /// Jobs that ask for exactly this one.
        case exactly(revision: String)
    }

    /// All live jobs that are meant, wherever they are.
    func inventory(
        _ meant: Meant, onProgress: (Int) -> Void = { _ in }
    ) async throws(MusterError) -> [Waiting] {
        var cursor = "0"
        var found: [String: Waiting] = [:]
        repeat {
            let chunk = cursor
            let answer = try await client.call(Scripts.inventory, [keys.meta, keys.jobs]) { command in
                command.append(chunk)
                switch meant {
                case .above(let sequence):
                    command.append(sequence)
                    command.append("")
                case .exactly(let revision):
                    command.append("0")
                    command.append(revision)
                }
            }
            cursor = answer[1].text ?? "0"
            let words = answer.parts.dropFirst(2).map { $0.text ?? "" }
            for index in stride(from: 0, to: words.count - 3, by: 4) {
                guard let lane = Lane(words[index + 3]) else { continue }
                found[words[index]] = Waiting(
                    id: words[index], what: What(type: words[index + 1], schema: words[index + 2]), lane: lane)
            }
            onProgress(found.count)
        } while cursor != "0"
        return Array(found.values)
    }

    /// Who may hold something here: every session that the queue lists, how many jobs it holds, and how long its lease
    /// lasts yet.
    func holders() async throws(MusterError) -> [(session: String, held: Int, leaseMilliseconds: Int)] {
        let time = (try await read(RedisCommand("TIME")).array ?? []).map { $0.integer ?? 0 }
        guard time.count == 2 else { throw .damaged("the server", .null) }
        let now = time[0] * 1000 + time[1] / 1000
        let listed = (try await read(RedisCommand("ZRANGE", keys.sessions, "0", "-1", "WITHSCORES")).array ?? [])
            .map { $0.text ?? "" }
        var holders: [(String, Int, Int)] = []
        for index in stride(from: 0, to: listed.count - 1, by: 2) {
            let held = try await read(RedisCommand("SCARD", keys.held(listed[index]))).integer ?? 0
            holders.append((listed[index], held, Int(Double(listed[index + 1]) ?? 0) - now))
        }
        return holders
    }

    func length(of lane: Lane) async throws(MusterError) -> Int {
        try await read(RedisCommand("LLEN", keys.lane(lane))).integer ?? 0
    }

    /// What each build settled here: `<stamp> succeeded` and `<stamp> failed`.
    func counts() async throws(MusterError) -> [String: Int] {
        let words = (try await read(RedisCommand("HGETALL", keys.counts)).array ?? []).map { $0.text ?? "" }
        var counts: [String: Int] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) { counts[words[index]] = Int(words[index + 1]) }
        return counts
    }

    private func read(_ command: RedisCommand) async throws(MusterError) -> RedisReply {
        do throws(RedisError) { return try await client.send([command])[0].get() } catch { throw MusterError(error) }
    }
}
