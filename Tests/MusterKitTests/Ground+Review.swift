import Testing

@testable import MusterKit

extension Ground {
    /// Lets a session of build 5 run jobs to success that was fenced by the floor 6 meanwhile, under the policy `review`.
    func runFenced(by session: SessionID, _ outcomes: Settlement..., boss: Operator) async throws {
        try await fleet.know(queues: ["q"])
        try await boss.removeFloor()
        try await join(session)
        let claimed = try await claim(session, want: 100).ids
        #expect(Set(claimed).isSuperset(of: outcomes.map(\.id)))
        try await boss.setStaleSettles(.review)
        try await boss.setFloor(build(6))
        #expect(try await claim(session, settling: outcomes).unsettled == [])
        try await store.handBack(session: session.id, keep: [], leave: true)
    }

    func withBoss(_ body: (Operator) async throws -> Void) async throws {
        let boss = Operator(server: server)
        defer { boss.close() }
        try await body(boss)
    }
}
