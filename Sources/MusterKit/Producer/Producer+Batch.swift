/// Batches: jobs of one queue that are counted together, and a callback that runs when all of them are over.
///
/// A batch is opened, gets jobs (``EnqueueOptions/batch``), and is closed. Its callback is enqueued by Redis itself, in
/// the script that ends the last job, so no crash between the two can lose it. If the producer dies before it closes
/// the batch, the jobs run all the same and the batch stays open: closing it again is safe.
extension Producer {
    /// What runs when a batch is over: a job like any other, with the counts of the batch in its record
    /// (``JobRecord/batch``).
    public struct BatchCallback: Sendable {
        public var step: ChainStep
        public var payload: [UInt8]

        public init(_ step: ChainStep, payload: [UInt8] = Array("{}".utf8)) {
            self.step = step
            self.payload = payload
        }
    }

    /// Opens a batch.
    /// - Parameters:
    ///   - id: the batch's id; opening it twice changes nothing. Default a fresh one.
    ///   - queue: the queue of all of its jobs and of the callback.
    ///   - callback: what runs when it is over; its id is `<batch>.done`. Default nothing.
    /// - Returns: the batch's id.
    /// - Throws: as ``enqueue(_:options:)``.
    @discardableResult
    public func openBatch(
        _ id: String? = nil, queue: String = "default", callback: BatchCallback? = nil
    ) async throws(MusterError) -> String {
        let batch = id ?? freshIDs(1)[0]
        try Name.checkedID(batch, "batch")
        try Name.checked(queue, "queue")
        guard batch.utf8.count <= 120 else {
            throw MusterError(.invalidValue, "a batch's id has at most 120 characters")
        }
        var record: [UInt8] = []
        if let callback {
            guard callback.payload.count <= Limits.payloadBytes else {
                throw MusterError(.tooLarge, "the callback's payload is over the bound of \(Limits.payloadBytes)")
            }
            let header = try EnqueuePlan.header(callback.step, backoff: nil, self)
            record = Array(header.text.utf8) + callback.payload
        }
        try await announce(queue)
        let store = QueueStore(client, namespace: server.namespace, queue: queue)
        try await retrying { () async throws(MusterError) in try await store.openBatch(batch, callback: record) }
        return batch
    }

    /// Closes a batch: when its jobs are over, its callback is enqueued; at once where they are already.
    /// - Returns: how many jobs it has, and how many of them are not over.
    /// - Throws: ``MusterError`` with code `invalidValue` where the queue has no such batch.
    @discardableResult
    public func closeBatch(
        _ id: String, queue: String = "default"
    ) async throws(MusterError) -> (total: Int, pending: Int) {
        try Name.checkedID(id, "batch")
        let store = QueueStore(client, namespace: server.namespace, queue: try Name.checked(queue, "queue"))
        return try await retrying { () async throws(MusterError) in try await store.closeBatch(id) }
    }
}
