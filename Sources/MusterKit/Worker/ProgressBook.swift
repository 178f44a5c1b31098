/// Passes on what running jobs say of themselves.
struct ProgressBook: Sendable {
    let queues: [QueueStore]
    let session: SessionID
    let notes = ProgressNotes()

    func say(_ saying: QueueStore.Saying, id: String, queue: String) async throws(MusterError) {
        if case .progress(let text) = saying { notes.note(text, of: id) }
        guard let store = queues.first(where: { $0.keys.queue == queue }) else { return }
        _ = try await store.say(saying, of: id, session: session.id)
    }
}
