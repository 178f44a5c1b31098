public import MusterStamp

extension Operator {
    /// Names, by queue, kind and type, what asks for a newer build than this one, and what would become of it: jobs, and
    /// what will be jobs one day. Changes nothing.
    /// - Parameter alsoUnknown: as in ``rollBack(to:alsoUnknown:onProgress:)``; a schedule that it takes along does not rest.
    /// - Throws: ``MusterError`` where Redis does not answer.
    public func planRollback(
        to build: BuildStamp, alsoUnknown: Bool = false, onProgress: (Int) -> Void = { _ in }
    ) async throws(MusterError) -> RollbackPlan {
        let releases = try await fleet.releases()
        let known = try await types(of: build)
        var entries: [RollbackPlan.Entry] = []
        var resting: [String] = []
        for name in try await queueNames() {
            let store = try store(name)
            func note(_ kind: RollbackPlan.Kind, _ found: [QueueStore.What]) {
                for (what, alike) in Dictionary(grouping: found, by: { [$0.type, fate($0).rawValue] }) {
                    guard let first = alike.first else { continue }
                    entries.append(
                        RollbackPlan.Entry(
                            queue: name, kind: kind, type: what[0], count: alike.count, fate: fate(first)))
                }
            }
            func fate(_ what: QueueStore.What) -> RollbackPlan.Fate { RollbackPlan.Fate(of: what, known) }
            for kind in RollbackPlan.Kind.coming {
                let found = try await store.coming(kind, above: build)
                note(kind, found.map(\.what))
                if kind == .schedule {
                    resting += found.filter { !fate($0.what).moves(alsoUnknown) }.map { "\(name)/\($0.owner)" }
                }
            }
            let jobs = try await store.inventory(.above(sequence: build.sequence), onProgress: onProgress)
            note(.job, jobs.map(\.what))
        }
        let (rules, notes) = try await fleet.rules()
        let trial = rules.trial.flatMap { $0.sequence > build.sequence ? $0 : nil }
        return RollbackPlan(
            build: "\(build)", entries: entries.sorted { $0.order < $1.order },
            takenBack: releases.map(\.stamp).filter {
                ((try? BuildStamp($0))?.sequence ?? 0) > build.sequence
            }.sorted(), lowersFloor: (Int(rules.floor) ?? 0) > build.sequence,
            endsTrial: trial.map { notes["ramp-build"] ?? "\($0.sequence)-\($0.revision)" },
            restingSchedules: resting.sorted())
    }

    /// Does it: the newer builds are marked as taken back, the floor is lowered where it has to be, and what the older
    /// build can run asks for it from now on: jobs, later steps of chains, callbacks of batches, recurring jobs. The rest
    /// stays where it is, and waits for a newer build. What was begun and broken off is finished by doing it again.
    /// - Parameter alsoUnknown: also what is of a type of which nobody can say whether the older build runs it; it hands
    ///   back unharmed what it does not know.
    /// - Returns: how many of all these were changed.
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
        let known = try await types(of: build)
        func isMeant(_ what: QueueStore.What) -> Bool { RollbackPlan.Fate(of: what, known).moves(alsoUnknown) }
        func find(_ store: QueueStore) async throws(MusterError) -> [QueueStore.Waiting] {
            try await store.inventory(.above(sequence: build.sequence)).filter { isMeant($0.what) }
        }
        for name in try await queueNames() {
            let store = try store(name)
            // What is to come first: it may become a job meanwhile. And once more, for a chain that went on from where the
            // look was still to come to where it had been.
            for _ in 1...2 {
                let before = moved
                moved += try await restampComing(store, to: build, isMeant) { onProgress(before + $0) }
                let then = moved
                moved += try await moveAll(
                    store, to: .atLeast(sequence: build.sequence), find: find
                ) { onProgress(then + $0) }
                if moved == before { break }
            }
        }
        return moved
    }

    /// Changes what is no job yet, until none of it is left.
    private func restampComing(
        _ store: QueueStore, to build: BuildStamp, _ isMeant: (QueueStore.What) -> Bool, onProgress: (Int) -> Void
    ) async throws(MusterError) -> Int {
        var changed = 0
        for kind in RollbackPlan.Kind.coming {
            while true {
                let what = Set(try await store.coming(kind, above: build).map(\.what)).filter(isMeant)
                if what.isEmpty { break }
                let before = changed
                let step = try await store.restampComing(kind, to: build, what: what) { onProgress(before + $0) }
                changed += step
                if step == 0 { break }
            }
        }
        return changed
    }

    /// What the ledger knows of the types of a build.
    private func types(of build: BuildStamp) async throws(MusterError) -> [String: String?] {
        try await fleet.releases().first { $0.stamp == "\(build)" }.map { Inspector.types(in: $0.fields) } ?? [:]
    }
}
