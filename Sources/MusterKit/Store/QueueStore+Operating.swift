import MusterRedis

/// What an operator does to jobs and queues.
extension QueueStore {
    enum Cancelled: Sendable, Equatable {
        /// It had not begun, and is over.
        case cancelled
        /// Its session is told.
        case asked(session: String)
        case dead
        case unknown
    }

    func cancel(_ id: String, by who: String) async throws(MusterError) -> Cancelled {
        let answer = try await client.call(Scripts.cancel, [keys.meta, keys.jobs, keys.cancels]) {
            command in
            command.append(id)
            command.append(who)
        }
        return switch answer[1].text {
        case "cancelled": .cancelled
        case "asked": .asked(session: answer[2].text ?? "")
        case "dead": .dead
        default: .unknown
        }
    }

    /// Which ids it was done to, which could not be because they are live, and which are not there.
    struct Operated: Sendable, Equatable {
        var done: [String] = []
        var live: [String] = []
        var absent: [String] = []

        init(done: [String] = [], live: [String] = [], absent: [String] = []) {
            self.done = done
            self.live = live
            self.absent = absent
        }

        init(_ answer: ScriptAnswer) {
            done = answer[1].array?.compactMap(\.text) ?? []
            live = answer[2].array?.compactMap(\.text) ?? []
            absent = answer[3].array?.compactMap(\.text) ?? []
        }
    }

    /// Removes jobs that are not held.
    func discard(_ ids: [String], onlyDead: Bool) async throws(MusterError) -> Operated {
        Operated(
            try await client.call(Scripts.discard, [keys.meta, keys.jobs]) { command in
                command.append(onlyDead ? "dead" : "")
                for id in ids { command.append(id) }
            })
    }

    /// Makes dead or scheduled jobs ready.
    func revive(_ ids: [String], onlyDead: Bool, by who: String) async throws(MusterError) -> Operated {
        Operated(
            try await client.call(
                Scripts.revive,
                [keys.meta, keys.jobs, keys.lanes, keys.idle, keys.scheduled, keys.dead, keys.timeline]
            ) { command in
                command.append(onlyDead ? "dead" : "")
                command.append(who)
                for id in ids { command.append(id) }
            })
    }

    /// A page of the dead, the newest first, and how many there are.
    func dead(from start: Int, count: Int) async throws(MusterError) -> ScriptAnswer {
        try await client.call(Scripts.dead, [keys.meta, keys.jobs, keys.dead, keys.timeline]) { command in
            command.append(start)
            command.append(count)
        }
    }

    /// Removes a chunk of what is queued or scheduled.
    /// - Returns: how many went; 0 when nothing is left.
    func clear(atMost count: Int) async throws(MusterError) -> Int {
        let answer = try await client.call(
            Scripts.clear, [keys.meta, keys.jobs, keys.lanes, keys.scheduled, keys.parked]
        ) { $0.append(count) }
        return answer[1].integer ?? 0
    }

    /// Changes settings, and answers with all of them; an empty value takes one back.
    func settings(_ changes: [(name: String, value: String)]) async throws(MusterError) -> [String: String] {
        let answer = try await client.call(Scripts.settings, [keys.meta, keys.sessions]) { command in
            for (name, value) in changes {
                command.append(name)
                command.append(value)
            }
        }
        var settings: [String: String] = [:]
        for index in stride(from: 1, to: answer.parts.count - 1, by: 2) {
            let value = answer[index + 1].text ?? ""
            if let name = answer[index].text, !value.isEmpty { settings[name] = value }
        }
        return settings
    }

    /// Opens a batch. - Parameter callback: its callback's record from the second field on.
    func openBatch(_ batch: String, callback: [UInt8]) async throws(MusterError) {
        _ = try await client.call(Scripts.batch, [keys.meta, keys.batches], capacity: callback.count + 128) { command in
            command.append("open")
            command.append(batch)
            command.append(callback)
        }
    }

    /// Closes a batch. - Returns: how many jobs it has, and how many of them are not over.
    func closeBatch(_ batch: String) async throws(MusterError) -> (total: Int, pending: Int) {
        let answer = try await client.call(Scripts.batch, [keys.meta, keys.batches]) { command in
            command.append("close")
            command.append(batch)
        }
        guard answer.state == "ok" else {
            throw MusterError(.invalidValue, "queue \(keys.queue) has no batch \(Name.quoted(batch))")
        }
        return (answer[1].integer ?? 0, answer[2].integer ?? 0)
    }

    /// Asks that the job's end be told on its channel. - Returns: false where it is over, or never was.
    func watch(_ id: String) async throws(MusterError) -> Bool {
        try await client.call(Scripts.watch, [keys.meta, keys.jobs]) { $0.append(id) }[1].integer == 1
    }

    /// Notes that somebody who wanted a job's outcome has read it.
    /// - Parameter reader: who, without blanks.
    /// - Returns: how often it was seen; 0 where no outcome of it is kept, or Redis is full.
    @discardableResult
    func seen(_ id: String, by reader: String) async throws(MusterError) -> Int {
        let answer = try await client.call(Scripts.seen, [keys.meta, keys.buckets, keys.doneBytes]) { command in
            command.append(id)
            command.append(reader)
        }
        return answer[1].integer ?? 0
    }
}
