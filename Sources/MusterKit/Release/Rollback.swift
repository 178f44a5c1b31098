public import MusterStamp

/// What a rollback to an older build means for the jobs that wait for a newer one.
public struct RollbackPlan: Sendable, Encodable {
    public struct Entry: Sendable, Encodable {
        public let queue: String
        public let type: String
        public let count: Int
        public let fate: Fate
    }

    public enum Fate: String, Sendable, Codable {
        /// The older build knows the type, and nothing says that its payload looks different.
        case runs
        /// The type's schema differs: the older build could not decode the payload.
        case cannotDecode = "cannot-decode"
        /// The older build does not know the type.
        case unknownType = "unknown-type"
        /// No worker ever said which types the older build runs.
        case unknown
    }

    public let build: String
    public let entries: [Entry]
    /// Newer builds, which will be marked as taken back.
    public let takenBack: [String]
    /// Whether the floor has to be lowered.
    public let lowersFloor: Bool

    public func count(_ fate: Fate) -> Int { entries.filter { $0.fate == fate }.reduce(0) { $0 + $1.count } }
}

extension Operator {
    /// Names, by queue and type, the jobs that wait for a newer build than this one, and what would become of them.
    /// Changes nothing.
    /// - Throws: ``MusterError`` where Redis does not answer.
    public func planRollback(
        to build: BuildStamp, onProgress: (Int) -> Void = { _ in }
    ) async throws(MusterError) -> RollbackPlan {
        let releases = try await fleet.releases()
        let known = releases.first { $0.stamp == "\(build)" }.map { Inspector.types(in: $0.fields) } ?? [:]
        var counts: [[String]: Int] = [:]
        for name in try await queueNames() {
            for job in try await store(name).inventory(.above(sequence: build.sequence), onProgress: onProgress) {
                counts[[name, job.type, Self.fate(of: job, known).rawValue], default: 0] += 1
            }
        }
        let entries = counts.compactMap { key, count in
            RollbackPlan.Fate(rawValue: key[2]).map {
                RollbackPlan.Entry(queue: key[0], type: key[1], count: count, fate: $0)
            }
        }
        let floor = Int(try await fleet.rules().rules.floor) ?? 0
        return RollbackPlan(
            build: "\(build)", entries: entries.sorted { ($0.queue, $0.type) < ($1.queue, $1.type) },
            takenBack: releases.map(\.stamp).filter {
                ((try? BuildStamp($0))?.sequence ?? 0) > build.sequence
            }.sorted(), lowersFloor: floor > build.sequence)
    }

    private static func fate(of job: QueueStore.Waiting, _ known: [String: String?]) -> RollbackPlan.Fate {
        if known.isEmpty { return .unknown }
        guard let schema = known[job.type] else { return .unknownType }
        guard let theirs = job.schema, let mine = schema else { return .runs }
        return theirs == mine ? .runs : .cannotDecode
    }

    /// Does it: the newer builds are marked as taken back, the floor is lowered where it has to be, and what the older
    /// build can run asks for it from now on. The rest stays where it is, and waits for a newer build. What was begun
    /// and broken off is finished by doing it again.
    /// - Parameter alsoUnknown: also the jobs of types of which nobody can say whether the older build runs them; it
    ///   hands back unharmed what it does not know.
    /// - Returns: how many jobs were changed.
    /// - Throws: ``MusterError`` where Redis does not answer; what was changed stays so.
    public func rollBack(
        to build: BuildStamp, alsoUnknown: Bool = false, onProgress: @escaping (Int) -> Void = { _ in }
    ) async throws(MusterError) -> Int {
        let plan = try await planRollback(to: build)
        var changes = plan.takenBack.map { (name: "take-back", value: $0) } + [("give-back", "\(build)")]
        changes.append(("auto-floor", ""))
        if plan.lowersFloor {
            changes += [("floor", String(build.sequence)), ("floor-build", "\(build)"), ("floor-set", who)]
        }
        try await change(changes)
        let known =
            try await fleet.releases().first { $0.stamp == "\(build)" }.map { Inspector.types(in: $0.fields) } ?? [:]
        let target = Requirement.atLeast(sequence: build.sequence)
        var moved = 0
        for name in try await queueNames() {
            let store = try store(name)
            let able = try await store.inventory(.above(sequence: build.sequence)).filter {
                let fate = Self.fate(of: $0, known)
                return fate == .runs || alsoUnknown && fate == .unknown
            }
            let what = Set(able.map(\.what)).sorted()
            for lane in Set(able.map(\.lane)) {
                moved += try await restamp(
                    store, lane, to: Lane(lane.priority, target, knownType: lane.knownType), what: what
                ) { onProgress(moved + $0) }
            }
            moved += try await store.relabel(able.map(\.id), to: target)
            onProgress(moved)
        }
        return moved
    }
}
