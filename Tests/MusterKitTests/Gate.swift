import Synchronization

/// Keeps handlers waiting until the test opens it; a cancelled handler leaves with `CancellationError`.
final class Gate: Sendable {
    private let state = Atomic(false)

    var isOpen: Bool { state.load(ordering: .sequentiallyConsistent) }

    func open() { state.store(true, ordering: .sequentiallyConsistent) }

    func pass() async throws {
        // The poll interval; the deadline is the test's own.
        while !isOpen { try await Task.sleep(for: .milliseconds(2)) }
    }
}
