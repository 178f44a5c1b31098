/// Passes on what running jobs say of themselves.
struct ProgressBook: Sendable {
    let queues: [QueueStore]
    let session: SessionID

    func say(_ saying: QueueStore.Saying, id: String, queue: String) async throws(MusterError) {
        guard let store = queues.first(where: { $0.keys.queue == queue }) else { return }
        _ = try await store.say(saying, of: id, session: session.id)
    }
}
