import MusterRedis
import MusterStamp

/// What is no job yet, and asks for a build all the same: later steps of chains, callbacks of batches, recurring jobs.
extension QueueStore {
    /// What a build must know to run something.
    struct What: Sendable, Hashable {
        let type: String
        /// The fingerprint of the payload's shape, where it is known.
        let schema: String?

        init(type: String, schema: String) {
            self.type = type
            self.schema = schema.isEmpty ? nil : schema
        }

        /// As scripts compare it.
        var text: String { "\(type)@\(schema ?? "")" }
    }

    struct Coming: Sendable {
        /// The chain's job, the batch, the schedule's name.
        let owner: String
        let what: What
    }

    /// All of one kind that asks for a newer build than this one.
    func coming(_ kind: RollbackPlan.Kind, above build: BuildStamp) async throws(MusterError) -> [Coming] {
        var found: [String: Coming] = [:]
        _ = try await everyChunk(kind, build, change: "") { entry in
            guard entry.count == 4 else { return }
            // While it grows, a hash may show something twice.
            found[entry[0] + " " + entry[1]] = Coming(owner: entry[0], what: What(type: entry[2], schema: entry[3]))
        } onChange: { _ in
        }
        return Array(found.values)
    }

    /// Lets what is of one kind, and asks for a newer build, ask for this one.
    /// - Returns: how many were changed.
    func restampComing(
        _ kind: RollbackPlan.Kind, to build: BuildStamp, what: Set<What>, onProgress: (Int) -> Void = { _ in }
    ) async throws(MusterError) -> Int {
        let types = what.map(\.text).sorted().joined(separator: ",")
        return try await everyChunk(kind, build, change: ",\(types),", onFind: { _ in }, onChange: onProgress)
    }

    private func everyChunk(
        _ kind: RollbackPlan.Kind, _ build: BuildStamp, change: String, onFind: ([String]) -> Void,
        onChange: (Int) -> Void
    ) async throws(MusterError) -> Int {
        var cursor = "0"
        var changed = 0
        repeat {
            let chunk = cursor
            let answer = try await client.call(
                Scripts.coming, [keys.meta, keys.chains, keys.batches, keys.schedules]
            ) { command in
                for word in [kind.rawValue, chunk, "\(build)", change] { command.append(word) }
            }
            cursor = answer[1].text ?? "0"
            changed += answer[2].integer ?? 0
            onChange(changed)
            for entry in answer.parts.dropFirst(3) { onFind((entry.array ?? []).map { $0.text ?? "" }) }
        } while cursor != "0"
        return changed
    }
}
