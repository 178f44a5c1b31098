import Synchronization

/// How often each job's handler came to its own end; a run that was cancelled is none.
final class RunCount: Sendable {
    private let runs = Mutex<[String: Int]>([:])

    func ended(_ id: String) { runs.withLock { $0[id, default: 0] += 1 } }

    func count(of id: String) -> Int { runs.withLock { $0[id] ?? 0 } }
}
