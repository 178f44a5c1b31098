/// Passes on what running jobs say of themselves.
struct ProgressBook: Sendable {
    let queues: [QueueStore]
    let session: SessionID
    let notes = ProgressNotes()

    /// - Returns: false where the session does not hold the job any more; nothing was kept then.
    @discardableResult
    func say(_ saying: QueueStore.Saying, id: String, queue: String) async throws(MusterError) -> Bool {
        if case .progress(let text) = saying { notes.note(text, of: id) }
        guard let store = queues.first(where: { $0.keys.queue == queue }) else { return false }
        return try await store.say(saying, of: id, session: session.id)
    }
}
