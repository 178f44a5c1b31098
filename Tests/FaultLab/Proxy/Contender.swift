import Synchronization

@testable import MusterKit

/// Others who want the unique key that a job has: while it runs, and when it is over. They write past the proxy.
final class Contender: Sendable {
    private let ledger: Ledger
    private let key: UniqueKey
    private let found = Mutex<(accepted: Set<String>, problems: [String])>(([], []))

    init(_ ledger: Ledger, _ key: UniqueKey) {
        self.ledger = ledger
        self.key = key
    }

    /// Those who got it, and so became jobs.
    var accepted: Set<String> { found.withLock { $0.accepted } }
    var problems: [String] { found.withLock { $0.problems } }

    private func note(_ problem: String) { found.withLock { $0.problems.append(problem) } }

    /// - Returns: who has the key instead, or nil where this one became a job.
    private func ask(_ id: String, when: QueueStore.When = .now) async throws -> String? {
        let holder = try await ledger.enqueue(id, type: "t", when: when, duties: Duties(unique: key), again: true)
        if holder == nil { found.withLock { _ = $0.accepted.insert(id) } }
        return holder
    }

    /// Called by the handler of the job that was enqueued with the key.
    func whileRunning(_ id: String) async throws {
        switch key.mode {
        case .untilStarted:
            if try await ask("second", when: .after(.milliseconds(60))) == id { note("it has begun, and has its key") }
            guard try await ask("rival") == nil else { return }
            let places = try await ledger.places()["second"] ?? []
            if places.contains(where: { $0 == "scheduled" || $0.hasPrefix("lane:") }) {
                note("second and rival have the key at once")
            }
        case .untilDone:
            let holder = try await ask("rival")
            if holder == nil, try await ledger.recorded().contains(id) { note("\(id) and rival have the key at once") }
        case .lasting:
            if try await ask("rival") != id { note("the key's time is not over, and rival has it") }
        }
    }

    /// Called when the job is done.
    func afterwards(_ id: String) async throws {
        let holder = try await ask("later")
        if case .lasting = key.mode {
            if holder != id { note("the key's time is not over, and \(holder ?? "later") has it") }
        } else if holder == id {
            note("it is done, and has its key")
        }
    }
}
