import Synchronization

/// What the jobs that run here last said of themselves, for a dump that must not ask Redis.
final class ProgressNotes: Sendable {
    private let notes = Mutex<[String: (text: String, at: ContinuousClock.Instant)]>([:])

    func note(_ text: String, of id: String) {
        notes.withLock { notes in
            // More than can run: what speaks after its end is never forgotten otherwise.
            if notes.count >= 10_000 { notes.removeAll() }
            notes[id] = (text, .now)
        }
    }

    func forget(_ id: String) { notes.withLock { if !$0.isEmpty { $0[id] = nil } } }

    func last(of id: String) -> (text: String, at: ContinuousClock.Instant)? { notes.withLock { $0[id] } }
}
