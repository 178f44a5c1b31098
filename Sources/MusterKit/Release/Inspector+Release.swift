import MusterRedis
import MusterStamp

extension Inspector {
    /// The ledger of builds, newest first, and the rules for them.
    public func releases() async throws(MusterError) -> ReleaseReport {
        let (rules, notes) = try await fleetStore.rules()
        let entries = try await workers()
        let live = entries.filter(\.isLive)
        let newest = live.compactMap(\.build).max()
        let now = entries.first?.now
        var counts: [String: Int] = [:]
        var refused: [String: Int] = [:]
        for refusal in try await refusals() { refused[refusal.build, default: 0] += refusal.count }
        var underReview: [String: Int] = [:]
        var ramp: (heldIn: [String], counts: [String: Int]) = ([], [:])
        for queue in try await fleetStore.queueNames() {
            let store = try store(queue)
            for (name, count) in try await store.counts() { counts[name, default: 0] += count }
            for job in try await store.allReviews() { underReview[job.build ?? "?", default: 0] += 1 }
            if rules.ramp.isEmpty { continue }
            let adopted = try await store.adopted()
            if adopted.rampCounts["held"] != nil { ramp.heldIn.append(queue) }
            ramp.counts.merge(adopted.rampCounts) { $0 + $1 }
        }
        let floor = Int(rules.floor) ?? 0
        let trial = rules.trial?.revision
        let builds = try await fleetStore.releases().compactMap { stamp, fields -> ReleaseReport.Build? in
            guard let build = try? BuildStamp(stamp) else { return nil }
            let runners = live.filter { $0.build == build }
            let isOnTrial = trial == build.revision
            let state: ReleaseReport.Build.State =
                if fields["takenBackAt"] != nil {
                    .takenBack
                } else if build.sequence < floor {
                    .fenced
                } else if isOnTrial {
                    .ramping
                } else if runners.isEmpty {
                    .gone
                } else {
                    build == newest ? .current : .behind
                }
            let since = (now ?? 0) - 300_000
            return ReleaseReport.Build(
                build: stamp, firstSeenAt: Self.time(fields["firstSeenAt"]),
                lastSeenAt: max(Self.time(fields["worker last"]), Self.time(fields["producer last"])),
                workers: Set(runners.map(\.host)).sorted(),
                producers: Self.hosts("producer", in: fields).filter { $0.at > since }.map(\.host).sorted(),
                hosts: Self.hosts("worker", in: fields).map(\.host).sorted(),
                succeeded: counts["\(stamp) succeeded"] ?? 0, failed: counts["\(stamp) failed"] ?? 0,
                refused: refused[stamp] ?? 0, underReview: underReview[stamp] ?? 0, state: state,
                firstWorkerAt: fields["worker first"].map { Self.time($0) },
                types: Self.types(in: fields))
        }
        return ReleaseReport(
            floor: rules.floor.isEmpty ? nil : notes["floor-build"] ?? rules.floor, current: newest.map { "\($0)" },
            ramp: Self.ramp(rules, notes, ramp.heldIn, ramp.counts),
            staleProducers: rules.producers == "refuse" ? "refuse" : "warn",
            staleSettles: Self.settles(rules),
            autoFloorSeconds: notes["auto-floor"].flatMap { Int($0) }.map { $0 / 1000 },
            underReview: underReview.values.reduce(0, +),
            builds: builds.sorted { ($0.sequence, $0.build) > ($1.sequence, $1.build) })
    }

    private static func time(_ text: String?) -> Timestamp { Timestamp(milliseconds: text.flatMap { Int($0) } ?? 0) }

    /// `worker web-7` and the time at which it was last seen.
    private static func hosts(_ role: String, in fields: [String: String]) -> [(host: String, at: Int)] {
        fields.compactMap { name, value in
            guard name.hasPrefix(role + " "), name != role + " first", name != role + " last" else { return nil }
            return (String(name.dropFirst(role.count + 1)), Int(value) ?? 0)
        }
    }

    static func types(in fields: [String: String]) -> [String: String?] {
        var types: [String: String?] = [:]
        for (name, schema) in fields where name.hasPrefix("type ") {
            types[String(name.dropFirst(5))] = .some(schema.isEmpty ? nil : schema)
        }
        return types
    }

    static func settles(_ rules: ReleaseRules) -> [String: String] {
        var policies: [String: String] = [:]
        for part in rules.staleSettles.split(separator: ",") {
            let words = part.split(separator: "=").map(String.init)
            if words.count == 2 { policies[words[0]] = words[1] }
        }
        return policies
    }

    private static func ramp(
        _ rules: ReleaseRules, _ notes: [String: String], _ heldIn: [String], _ counts: [String: Int]
    ) -> ReleaseReport.Ramp? {
        guard let trial = rules.trial else { return nil }
        return ReleaseReport.Ramp(
            build: notes["ramp-build"] ?? "\(trial.sequence)-\(trial.revision)", percent: trial.percent,
            heldIn: heldIn,
            newSucceeded: counts["new-succeeded"] ?? 0, newFailed: counts["new-failed"] ?? 0,
            oldSucceeded: counts["old-succeeded"] ?? 0, oldFailed: counts["old-failed"] ?? 0)
    }
}
