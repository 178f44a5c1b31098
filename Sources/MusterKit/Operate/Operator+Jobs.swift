extension Operator {
    /// What became of a request to cancel.
    public enum Cancelled: Sendable, Equatable {
        /// It had not begun, and is over.
        case cancelled(queue: String)
        /// It runs; its session is told to end it.
        case asked(queue: String, session: String)
        /// It is dead already.
        case dead(queue: String)
        /// It is over, or never was.
        case unknown
    }

    /// Cancels a job: at once where it waits; where it runs, its handler is cancelled (a program's whole process group
    /// is ended) and the job ends as `cancelled` when the handler has.
    /// - Parameter queue: nil to look in all that are known.
    /// - Throws: ``MusterError`` where Redis does not answer or a name breaks its grammar.
    public func cancel(_ id: String, queue: String? = nil) async throws(MusterError) -> Cancelled {
        try Name.checkedID(id)
        for queue in try await queues(queue) {
            switch try await store(queue).cancel(id, by: who) {
            case .cancelled: return .cancelled(queue: queue)
            case .asked(let session): return .asked(queue: queue, session: session)
            case .dead: return .dead(queue: queue)
            case .unknown: continue
            }
        }
        return .unknown
    }

    /// Which ids it was done to, which are live in a way that forbids it, and which are nowhere.
    public struct Answer: Sendable, Equatable, Encodable {
        public var done: [String] = []
        public var live: [String] = []
        public var absent: [String] = []

        public init(done: [String] = [], live: [String] = [], absent: [String] = []) {
            self.done = done
            self.live = live
            self.absent = absent
        }
    }

    /// Makes dead jobs ready again, with all of their attempts, and scheduled ones ready now.
    /// - Parameters:
    ///   - onlyDead: leave scheduled ones alone; default false.
    /// - Throws: as ``cancel(_:queue:)``.
    public func retry(_ ids: [String], queue: String? = nil, onlyDead: Bool = false) async throws(MusterError) -> Answer
    {
        try await each(ids, queue) { store, ids throws(MusterError) in
            try await store.revive(ids, onlyDead: onlyDead, by: self.who)
        }
    }

    /// Removes jobs for good: dead ones, and those that have not begun. What is held is left alone.
    /// - Throws: as ``cancel(_:queue:)``.
    public func discard(
        _ ids: [String], queue: String? = nil, onlyDead: Bool = false
    ) async throws(MusterError) -> Answer {
        try await each(ids, queue) { store, ids throws(MusterError) in
            try await store.discard(ids, onlyDead: onlyDead)
        }
    }

    func each(
        _ ids: [String], _ queue: String?,
        _ act: (QueueStore, [String]) async throws(MusterError) -> QueueStore.Operated
    ) async throws(MusterError) -> Answer {
        for id in ids { try Name.checkedID(id) }
        var answer = Answer()
        var left = ids
        for queue in try await queues(queue) where !left.isEmpty {
            let store = try store(queue)
            var absent: [String] = []
            // Few at a time: each may have to be looked for in a long lane.
            for start in stride(from: 0, to: left.count, by: 20) {
                let found = try await act(store, Array(left[start..<min(start + 20, left.count)]))
                answer.done += found.done
                answer.live += found.live
                absent += found.absent
            }
            left = absent
        }
        answer.absent = left
        return answer
    }
}
