import MusterRedis
public import MusterStamp

/// What an operator says of builds. It holds for every queue, those to come included, and outlives every deploy.
extension Operator {
    /// What an enqueue from below the floor meets.
    public enum StaleProducers: String, Sendable, CaseIterable {
        /// It is done, counted and answered with a warning.
        case warn
        case refuse
    }

    /// What becomes of a success whose build was fenced while the job ran.
    public enum StaleSettle: String, Sendable, CaseIterable {
        /// It counts, and is recorded as such; the default.
        case accept
        /// The job waits until somebody has looked: ``Operator/review(_:_:queue:)``.
        case review
        /// It counts for nothing: the job runs again, on a build that may.
        case reject
    }

    /// Sets the floor: from now on no older build gets anything, from any queue. A lower one than before is a decision
    /// of a person: the floor does not follow builds by itself any more then.
    /// - Throws: ``MusterError`` where Redis does not answer; who was not reached hears it with its next beat.
    public func setFloor(_ build: BuildStamp) async throws(MusterError) {
        let before = Int(try await fleet.rules().rules.floor) ?? 0
        var changes = [
            ("floor", String(build.sequence)), ("floor-build", "\(build)"), ("floor-set", who),
        ]
        if build.sequence < before { changes.append(("auto-floor", "")) }
        try await change(changes)
    }

    /// Takes the floor away.
    public func removeFloor() async throws(MusterError) {
        try await change([("floor", ""), ("floor-build", ""), ("floor-set", ""), ("auto-floor", "")])
    }

    /// Whether the floor follows builds by itself.
    /// - Parameter proven: how long the newest build must have worked before; nil for never, the default.
    public func raiseFloorByItself(after proven: Duration?) async throws(MusterError) {
        try await change([("auto-floor", proven.map { String($0.wholeMilliseconds) } ?? "")])
    }

    public func setStaleProducers(_ policy: StaleProducers) async throws(MusterError) {
        try await change([("producers", policy == .refuse ? "refuse" : "")])
    }

    /// - Parameter type: the job type that it is for; nil for all that have no policy of their own.
    public func setStaleSettles(_ policy: StaleSettle, type: String? = nil) async throws(MusterError) {
        if let type { try Name.checked(type, "job type") }
        try await change([("stale-settle", "\(type ?? "*")=\(policy.rawValue)")])
    }

    /// Puts a build on trial: of the new jobs that older builds may run too, so many ask for exactly this one; it gets
    /// nothing else that they may run. The same job always falls to the same side.
    /// - Parameter percent: 0 to 100; 0 sends it only what asks for it.
    /// - Throws: ``MusterError`` with code `invalidValue` where another build is on trial, or the floor is above this one.
    public func ramp(_ build: BuildStamp, percent: Int) async throws(MusterError) {
        guard (0...100).contains(percent) else {
            throw MusterError(.invalidValue, "\(percent) % is not between 0 and 100")
        }
        let (rules, notes) = try await fleet.rules()
        if let trial = rules.trial, trial.revision != build.revision {
            let name = notes["ramp-build"] ?? trial.revision
            throw MusterError(.invalidValue, "build \(name) is on trial; finish or abort that first")
        }
        if notes["ramp-ending"] != nil {
            throw MusterError(
                .invalidValue, "the last trial's end was broken off; do it again first: muster release ramp --finish")
        }
        if build.sequence < Int(rules.floor) ?? 0 {
            throw MusterError(.invalidValue, "build \(build) is below the floor; it would get nothing")
        }
        try await change([
            ("ramp", "\(build.revision) \(build.sequence) \(percent)"), ("ramp-build", "\(build)"),
        ])
    }

    /// Ends the trial. Jobs that wait for exactly that build ask again for what they asked for first. Broken off, it is
    /// finished by doing it again.
    /// - Parameter takesBack: whether the build is marked as taken back, so that the floor never follows it by itself.
    /// - Returns: how many jobs were changed, and the build; nil where none is on trial.
    public func endRamp(
        takesBack: Bool, onProgress: @escaping (Int) -> Void = { _ in }
    ) async throws(MusterError) -> (jobs: Int, build: String)? {
        let (rules, notes) = try await fleet.rules()
        let stamp: String
        if let trial = rules.trial {
            stamp = notes["ramp-build"] ?? "\(trial.sequence)-\(trial.revision)"
        } else if let ending = notes["ramp-ending"] {
            stamp = ending
        } else {
            return nil
        }
        guard let revision = (try? BuildStamp(stamp))?.revision else { return nil }
        try await change(
            [("ramp", ""), ("ramp-build", ""), ("ramp-ending", stamp)] + (takesBack ? [("take-back", stamp)] : []))
        var moved = 0
        func find(_ store: QueueStore) async throws(MusterError) -> [QueueStore.Waiting] {
            try await store.inventory(.exactly(revision: revision))
        }
        for name in try await queueNames() {
            let before = moved
            moved += try await moveAll(try store(name), to: nil, find: find) { onProgress(before + $0) }
        }
        try await change([("ramp-ending", "")])
        return (moved, stamp)
    }

    /// Moves jobs to another requirement, wherever they are, until none is left or none moves any more: jobs change their
    /// places meanwhile.
    /// - Parameters:
    ///   - requirement: nil for what each of them asked for first.
    ///   - find: those that are meant.
    func moveAll(
        _ store: QueueStore, to requirement: Requirement?,
        find: (QueueStore) async throws(MusterError) -> [QueueStore.Waiting], onProgress: (Int) -> Void
    ) async throws(MusterError) -> Int {
        var moved = 0
        while true {
            let found = try await find(store)
            if found.isEmpty { return moved }
            var step = try await store.relabel(found.map(\.id), to: requirement)
            let what = Set(found.map(\.what))
            for lane in Set(found.map(\.lane)) {
                let target = requirement.map { Lane(lane.priority, $0, knownType: lane.knownType) }
                step += try await restamp(store, lane, to: target, what: what) { onProgress(moved + step + $0) }
            }
            moved += step
            onProgress(moved)
            if step == 0 { return moved }
        }
    }

    /// Takes a build off the ledger. One that is used comes back by itself.
    /// - Returns: whether it was there.
    public func forget(release build: BuildStamp) async throws(MusterError) -> Bool {
        try await fleet.forget(release: "\(build)")
    }

    var fleet: FleetStore { FleetStore(client, namespace: server.namespace) }

    /// Writes rules down for the fleet, then into every queue that is known. Whoever comes to another queue brings them
    /// along. Where the fleet forgot and a queue remembers (a part of the data was lost), what the queue has comes first.
    func change(_ changes: [(name: String, value: String)]) async throws(MusterError) {
        let names = try await queueNames()
        // The queues first: what one of them has, the fleet had before, so a higher number there is not another operator
        // at work.
        var newest = ReleaseRules.none
        for name in names {
            let theirs = try await store(name).adopted().rules
            if theirs.number > newest.number { newest = theirs }
        }
        if newest.number > (try await fleet.rules().rules.number) {
            _ = try await fleet.rules([
                ("above", String(newest.number)), ("floor", newest.floor), ("producers", newest.producers),
                ("stale-settles", newest.staleSettles),
                ("ramp", newest.trial.map { "\($0.revision) \($0.sequence) \($0.percent)" } ?? ""),
            ])
        }
        let rules = try await fleet.rules(changes).rules
        for name in names { try await store(name).adopt(rules) }
    }

    /// Moves all ready jobs of a lane.
    func restamp(
        _ store: QueueStore, _ lane: Lane, to target: Lane?, what: Set<QueueStore.What>?, onProgress: (Int) -> Void
    ) async throws(MusterError) -> Int {
        var left = try await store.length(of: lane)
        var moved = 0
        while left > 0 {
            let step = try await store.restamp(lane, to: target, what: what)
            if step.looked == 0 { break }
            left -= step.looked
            moved += step.moved
            onProgress(moved)
        }
        return moved
    }
}
