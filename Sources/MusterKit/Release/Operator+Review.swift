/// The word of a person about successes whose build was fenced while the job ran, where the policy is `review`.
extension Operator {
    /// What was decided.
    public enum Verdict: String, Sendable {
        /// It ended as its session said: its result counts, its chain and batch go on.
        case accept
        /// It counts for nothing, and runs again, on a build that may; no attempt is burnt.
        case reject
        /// It counts for nothing, and nothing of it stays.
        case discard
    }

    /// What became of the jobs that were decided about.
    public struct Reviewed: Sendable, Equatable, Encodable {
        public var done: [String] = []
        /// What their sessions said is not whole (a result was too much to keep), so that they cannot be accepted.
        public var incomplete: [String] = []
        /// They are queued, over, or nowhere.
        public var notUnderReview: [String] = []

        public init(done: [String] = [], incomplete: [String] = [], notUnderReview: [String] = []) {
            self.done = done
            self.incomplete = incomplete
            self.notUnderReview = notUnderReview
        }
    }

    /// The jobs of a queue that wait for a verdict, the oldest first.
    /// - Parameters:
    ///   - type: only jobs of this type; nil for all.
    ///   - limit: at most this many.
    /// - Returns: them, and how many the queue has in all.
    /// - Throws: ``MusterError`` where Redis does not answer or a name breaks its grammar.
    public func underReview(
        queue: String, type: String? = nil, limit: Int = 100
    ) async throws(MusterError) -> (jobs: [JobUnderReview], total: Int) {
        let store = try store(queue)
        var jobs: [JobUnderReview] = []
        var start = 0
        while true {
            let page = try await store.reviews(from: start, count: 200)
            jobs += page.jobs.filter { type == nil || $0.type == type }
            start += 200
            if jobs.count >= limit || start >= page.total { return (Array(jobs.prefix(limit)), page.total) }
        }
    }

    /// Decides about jobs that are under review; others are left as they are.
    /// - Parameter queue: nil to look in all that are known.
    /// - Throws: ``MusterError`` where Redis does not answer or a name breaks its grammar; what was decided before stays
    ///   so, and deciding again about the same jobs changes nothing of it.
    public func review(
        _ ids: [String], _ verdict: Verdict, queue: String? = nil
    ) async throws(MusterError) -> Reviewed {
        let answer = try await each(ids, queue) { store, ids throws(MusterError) in
            try await store.review(ids, verdict, by: self.who)
        }
        return Reviewed(done: answer.done, incomplete: answer.live, notUnderReview: answer.absent)
    }
}
