import Synchronization

/// Keeps handlers waiting until the test opens it; a cancelled handler leaves with `CancellationError`.
final class Gate: Sendable {
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .sequentiallyConsistent) }

    func pass() async throws {
        while !isOpen.load(ordering: .sequentiallyConsistent) { try await Task.sleep(for: .milliseconds(2)) }
    }
}
