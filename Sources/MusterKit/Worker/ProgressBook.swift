import Synchronization

/// Passes on what running jobs say of their progress, and remembers who said something: the settling of
/// those must clear it away.
final class ProgressBook: Sendable {
    private let queues: [QueueStore]
    private let session: SessionID
    private let speakers = Mutex<Set<String>>([])

    init(queues: [QueueStore], session: SessionID) {
        self.queues = queues
        self.session = session
    }

    /// Progress is a courtesy: where it cannot be told, the job goes on.
    func report(_ text: String, id: String, queue: String) async {
        guard let store = queues.first(where: { $0.keys.queue == queue }) else { return }
        _ = speakers.withLock { $0.insert(id) }
        try? await store.report(progress: text, of: id, session: session.id)
    }

    func hasReported(_ id: String) -> Bool { speakers.withLock { !$0.isEmpty && $0.contains(id) } }

    func forget(_ id: String) { _ = speakers.withLock { $0.isEmpty ? nil : $0.remove(id) } }
}
