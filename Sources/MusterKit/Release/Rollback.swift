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
    /// The build on trial whose trial ends with it.
    public let endsTrial: String?
    /// Recurring jobs, as `<queue>/<name>`, that only newer builds may fire: they rest until somebody removes them and
    /// the older build adds them again.
    public let restingSchedules: [String]

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
        let (rules, notes) = try await fleet.rules()
        let floor = Int(rules.floor) ?? 0
        var resting: [String] = []
        for name in try await queueNames() {
            for stored in try await ScheduleStore(client, namespace: server.namespace, queue: name).all().schedules {
                let builder = stored.fields["build"].flatMap { try? BuildStamp($0) }
                if let builder, builder.sequence > build.sequence { resting.append("\(name)/\(stored.name)") }
            }
        }
        let trial = rules.trial.flatMap { $0.sequence > build.sequence ? $0 : nil }
        return RollbackPlan(
            build: "\(build)", entries: entries.sorted { ($0.queue, $0.type) < ($1.queue, $1.type) },
            takenBack: releases.map(\.stamp).filter {
                ((try? BuildStamp($0))?.sequence ?? 0) > build.sequence
            }.sorted(), lowersFloor: floor > build.sequence,
            endsTrial: trial.map { notes["ramp-build"] ?? "\($0.sequence)-\($0.revision)" },
            restingSchedules: resting.sorted())
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
        var moved = 0
        if plan.endsTrial != nil {
            moved += try await endRamp(takesBack: true, onProgress: onProgress)?.jobs ?? 0
        }
        var changes = plan.takenBack.map { (name: "take-back", value: $0) } + [("give-back", "\(build)")]
        changes.append(("auto-floor", ""))
        if plan.lowersFloor {
            changes += [("floor", String(build.sequence)), ("floor-build", "\(build)"), ("floor-set", who)]
        }
        try await change(changes)
        let known =
            try await fleet.releases().first { $0.stamp == "\(build)" }.map { Inspector.types(in: $0.fields) } ?? [:]
        let target = Requirement.atLeast(sequence: build.sequence)
        func find(_ store: QueueStore) async throws(MusterError) -> [QueueStore.Waiting] {
            try await store.inventory(.above(sequence: build.sequence)).filter {
                let fate = Self.fate(of: $0, known)
                return fate == .runs || alsoUnknown && fate == .unknown
            }
        }
        for name in try await queueNames() {
            let before = moved
            moved += try await moveAll(try store(name), to: target, find: find) { onProgress(before + $0) }
        }
        return moved
    }
}
