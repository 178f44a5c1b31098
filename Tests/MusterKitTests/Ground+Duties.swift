import MusterRedis

@testable import MusterKit

extension Ground {
    /// Leaves a trace of every duty that a job can have: keys, a batch, a chain, a checkpoint, a request to cancel.
    func everyDuty(held: String, by session: SessionID) async throws {
        try await ask("HSET", keys.meta, "key-concurrency", "1", "key-rate", "5/60000")
        try await store.openBatch("b", callback: [])
        try await add(["repeated"], isRepetition: true)
        try await add(
            ["dutiful"],
            duties: Duties(
                unique: UniqueKey("u", .lasting(.seconds(60))), batch: "b", limitKey: "k",
                steps: ["type=next build=5-r5"]))
        try await add(["waits"], duties: Duties(limitKey: "k"))
        try await claim(session, want: 10)
        try await store.say(.checkpoint([1]), of: "dutiful", session: session.id)
        _ = try await store.cancel("dutiful", by: "me")
        try await add(["suspicious"])
        let record = try await ask("HGET", keys.jobs, "suspicious").text ?? ""
        try await ask("HSET", keys.jobs, "suspicious", record.replacing("v1 at", with: "v1+ suspect=1 at"))
        try await claim(session, want: 10)
        try await store.handBack(
            session: session.id, keep: ["held", "dutiful", "suspicious"], leave: false, call: 1)
    }

    func openBucket() async throws -> String {
        try await ask("ZRANGE", keys.buckets, "0", "0").array?.first?.text ?? ""
    }

    func settings(_ changes: QueueSettings.Change...) async throws {
        _ = try await store.settings(try changes.map { try $0.field() })
    }

    /// Every id that is somewhere, with how often: each is in exactly one place, or somebody counted wrong.
    func isWhole(_ ids: [String]) async throws -> [String: [String]] {
        var wrong: [String: [String]] = [:]
        for id in ids {
            let places = try await places(of: id)
            if places.count != 1 { wrong[id] = places }
        }
        return wrong
    }
}
