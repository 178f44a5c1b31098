public import MusterStamp

/// Whether an older build may still do something: the gate for a migration. What is not known never counts as nothing.
public struct FleetGate: Sendable, Encodable {
    /// One worker that is in the way.
    public struct Offender: Sendable, Encodable {
        public enum Reason: String, Sendable, Codable {
            /// It lives and runs an older build.
            case alive
            /// It runs an older build, and jobs are in its hands.
            case holds
            /// It fell silent a moment ago; its handlers may go on until its lease is over.
            case silent
            /// It works here, and nobody knows its build.
            case unknown
        }

        public let session: String
        public let host: String
        public let build: String?
        public let reason: Reason
        /// Jobs in its hands.
        public let held: Int
    }

    /// True only where everybody is known and nobody is older.
    public let holds: Bool
    /// What every worker has to be, at least; nothing where no build is known at all.
    public let minBuild: String?
    public let offenders: [Offender]
    /// Why nothing can be said yet, in a sentence.
    public let unknown: String?
}

extension Inspector {
    /// Looks once whether a worker with an older build lives or holds a job.
    /// - Parameters:
    ///   - build: the oldest that is allowed; nil for the newest that is known.
    ///   - queue: only who works for this queue; nil for all.
    /// - Throws: ``MusterError`` where Redis does not answer.
    public func gate(min build: BuildStamp? = nil, queue: String? = nil) async throws(MusterError) -> FleetGate {
        let entries = try await workers()
        let newest = try await newestKnown(entries)
        let least = build?.sequence ?? newest.sequence
        let queues: [String]
        if let queue { queues = [queue] } else { queues = try await fleetStore.queueNames() }
        var held: [String: Int] = [:]
        var leased: Set<String> = []
        for queue in queues {
            for holder in try await store(queue).holders() where holder.held > 0 || holder.leaseMilliseconds > 0 {
                held[holder.session, default: 0] += holder.held
                leased.insert(holder.session)
            }
        }
        let mine = entries.filter { queue == nil || $0.queues.contains(queue ?? "") || leased.contains($0.session) }
        let known = Set(entries.map(\.session))
        var offenders = mine.compactMap { entry -> FleetGate.Offender? in
            if let build = entry.build, build.sequence >= least { return nil }
            let count = held[entry.session] ?? 0
            let silence = entry.now - entry.lastBeatAt.milliseconds
            let reason: FleetGate.Offender.Reason? =
                if entry.build == nil, entry.isLive { .unknown } else if count > 0 { .holds } else if entry.isLive {
                    .alive
                } else if entry.state == .lost, silence < 2 * entry.leaseMilliseconds { .silent } else { nil }
            return reason.map {
                FleetGate.Offender(
                    session: entry.session, host: entry.host, build: entry.build.map { "\($0)" }, reason: $0,
                    held: count)
            }
        }
        for session in leased.subtracting(known).sorted() {
            offenders.append(
                FleetGate.Offender(
                    session: session, host: SessionParts(session)?.host ?? "?", build: nil, reason: .unknown,
                    held: held[session] ?? 0))
        }
        let unknown = try await unknown(mine, least)
        return FleetGate(
            holds: offenders.isEmpty && unknown == nil, minBuild: build.map { "\($0)" } ?? newest.name,
            offenders: offenders, unknown: unknown)
    }

    private func unknown(_ workers: [WorkerEntry], _ least: Int) async throws(MusterError) -> String? {
        let began = try await fleetStore.rules().notes["began"].flatMap { Int($0) }
        let recorded = (workers.first?.now).flatMap { now in began.map { now - $0 } } ?? 0
        let known = min(try await fleetStore.uptime().wholeMilliseconds, recorded)
        let needed = max(20_000, workers.map(\.leaseMilliseconds).max() ?? 0)
        if !workers.isEmpty, known < needed {
            return "this Redis has known the fleet for \(known / 1000) s only: not everybody has said who it is"
        }
        if workers.isEmpty { return "no worker was seen within a day: nobody can say what runs" }
        return least == 0 ? "no build is known" : nil
    }
}
