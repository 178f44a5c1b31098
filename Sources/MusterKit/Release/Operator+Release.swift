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
        /// The job waits with the dead until somebody has looked.
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
        var policies = Inspector.settles(try await fleet.rules().rules)
        policies[type ?? "*"] = policy.rawValue
        if policies["*"] == StaleSettle.accept.rawValue { policies["*"] = nil }
        try await change([
            (
                "stale-settles",
                policies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            )
        ])
    }

    /// Puts a build on trial: of the new jobs that older builds may run too, so many ask for exactly this one; it gets
    /// nothing else that they may run. The same job always falls to the same side.
    /// - Parameter percent: 0 to 100; 0 sends it only what asks for it.
    public func ramp(_ build: BuildStamp, percent: Int) async throws(MusterError) {
        guard (0...100).contains(percent) else {
            throw MusterError(.invalidValue, "\(percent) % is not between 0 and 100")
        }
        try await change([
            ("ramp", "\(build.revision) \(build.sequence) \(percent)"), ("ramp-build", "\(build)"),
        ])
    }

    /// Ends the trial. Jobs that wait for exactly that build ask again for what they asked for first.
    /// - Parameter takesBack: whether the build is marked as taken back, so that the floor never follows it by itself.
    /// - Returns: how many jobs were changed, and the build; nil where none is on trial.
    public func endRamp(
        takesBack: Bool, onProgress: @escaping (Int) -> Void = { _ in }
    ) async throws(MusterError) -> (jobs: Int, build: String)? {
        let (rules, notes) = try await fleet.rules()
        let words = rules.ramp.split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        let stamp = notes["ramp-build"] ?? "\(words[1])-\(words[0])"
        try await change([("ramp", ""), ("ramp-build", "")] + (takesBack ? [("take-back", stamp)] : []))
        var moved = 0
        for name in try await queueNames() {
            let store = try store(name)
            for priority in Priority.allCases {
                moved += try await restamp(
                    store, Lane(priority, .exactly(revision: words[0])), to: nil, what: nil
                ) { onProgress(moved + $0) }
            }
            let waiting = try await store.inventory(.exactly(revision: words[0])).map(\.id)
            moved += try await store.relabel(waiting, to: nil)
            onProgress(moved)
        }
        return (moved, stamp)
    }

    /// Takes a build off the ledger. One that is used comes back by itself.
    /// - Returns: whether it was there.
    public func forget(release build: BuildStamp) async throws(MusterError) -> Bool {
        try await fleet.forget(release: "\(build)")
    }

    var fleet: FleetStore { FleetStore(client, namespace: server.namespace) }

    /// Writes rules down for the fleet, then into every queue that is known. Whoever comes to another queue brings them
    /// along.
    func change(_ changes: [(name: String, value: String)]) async throws(MusterError) {
        let rules = try await fleet.rules(changes).rules
        for name in try await queueNames() { try await store(name).adopt(rules) }
    }

    /// Moves all ready jobs of a lane.
    func restamp(
        _ store: QueueStore, _ lane: Lane, to target: Lane?, what: [String]?, onProgress: (Int) -> Void
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
