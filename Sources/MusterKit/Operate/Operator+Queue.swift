extension Operator {
    /// Changes a queue's settings, and answers with all of them; without changes it only answers. Workers heed them with
    /// their next claim; what they hold already goes on.
    /// - Throws: ``MusterError`` where a value is out of its range, a name breaks its grammar, or Redis does not answer.
    @discardableResult
    public func settings(
        of queue: String, _ changes: [QueueSettings.Change] = []
    ) async throws(MusterError) -> QueueSettings {
        var fields: [(name: String, value: String)] = []
        for change in changes { fields.append(try change.field()) }
        let store = try store(queue)
        // Who only asks writes nothing, and so may be somebody who may not.
        if !fields.isEmpty {
            let rules = try await FleetStore(client, namespace: server.namespace).know(queues: [queue])
            if rules.number > 0 { try await store.adopt(rules) }
        }
        return QueueSettings(try await store.settings(fields))
    }

    /// Removes everything that is queued or scheduled. What is held or dead stays.
    /// - Parameter onProgress: told how many went so far.
    /// - Returns: how many went.
    /// - Throws: ``MusterError`` where Redis does not answer; what went is gone all the same.
    public func clear(
        queue: String, onProgress: (Int) -> Void = { _ in }
    ) async throws(MusterError) -> Int {
        let store = try store(queue)
        var total = 0
        while true {
            let count = try await store.clear(atMost: 500)
            if count == 0 { return total }
            total += count
            onProgress(total)
        }
    }

    /// Looks whether each id of a queue is in exactly one place, and puts right what is not. The queue may be at work.
    /// - Parameters:
    ///   - repairs: put right what is wrong; else only say it.
    ///   - onProgress: told how many ids were read so far.
    /// - Throws: ``MusterError`` where Redis does not answer; what was put right stays so.
    public func audit(
        queue: String, repairs: Bool, onProgress: @escaping (Int) -> Void = { _ in }
    ) async throws(MusterError) -> AuditReport {
        let store = try store(queue)
        let sessions = try await FleetStore(client, namespace: server.namespace).sessions().sessions.map(\.id)
        return try await QueueAudit(store: store, repairs: repairs, sessions: sessions, onProgress: onProgress).run()
    }
}
