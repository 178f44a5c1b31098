public import MusterStamp

/// The roll call by host and build, with a verdict each.
public struct FleetReport: Sendable, Encodable {
    public struct Worker: Sendable, Encodable {
        public let session: String
        public let host: String
        public let pid: Int
        public let name: String?
        public let build: String?
        public let buildOnDisk: String?
        public let state: WorkerEntry.State
        public let verdict: Verdict
        public let queues: [String]
        public let running: Int
        /// Of those that run: handlers that go on though their time is over; others have taken their places.
        public let stuck: Int
        public let concurrency: Int
        public let lastBeatAt: Timestamp
        public let lastClaimAt: Timestamp?
        public let lastClaim: String
        public let refusals: Int
        /// What a stopping worker is at and waits for; of one that has stopped, what it did not wait for.
        public let exitPhase: String?
        /// By when a stopping worker should be gone.
        public let stopsBy: Timestamp?
        /// Error reports that it sent, and that it dropped.
        public let reportsSent: Int
        public let reportsDropped: Int
        /// What became, since it started, of the program's file that it was started from.
        public let program: Program
        /// What its machine was launched from: `MUSTER_IMAGE`.
        public let image: String?
        public let startedAt: Timestamp?
        /// How often its host came back with this build though it was refused; more than once means an old image.
        public let returns: Int

        public var isLive: Bool { state != .stopped && state != .lost }

        /// The group of a `fleet.yaml` that it belongs to: its name is `GROUP-N`; nil where it has no such name.
        public var group: String? {
            guard let name, let dash = name.lastIndex(of: "-"), dash > name.startIndex else { return nil }
            let number = name[name.index(after: dash)...]
            guard !number.isEmpty, number.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
            return String(name[..<dash])
        }

        private enum CodingKeys: String, CodingKey {
            case session, host, pid, name, build, buildOnDisk, state, verdict, queues, running, stuck, concurrency
            case lastBeatAt, lastClaimAt, lastClaim, refusals, exitPhase, program, image, startedAt, returns
            case stopsBy, reportsSent, reportsDropped
        }

        public func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(session, forKey: .session)
            try values.encode(host, forKey: .host)
            try values.encode(pid, forKey: .pid)
            try values.encode(name, forKey: .name)
            try values.encode(build, forKey: .build)
            try values.encode(buildOnDisk, forKey: .buildOnDisk)
            try values.encode(state, forKey: .state)
            try values.encode(verdict, forKey: .verdict)
            try values.encode(queues, forKey: .queues)
            try values.encode(running, forKey: .running)
            try values.encode(stuck, forKey: .stuck)
            try values.encode(concurrency, forKey: .concurrency)
            try values.encode(lastBeatAt, forKey: .lastBeatAt)
            try values.encode(lastClaimAt, forKey: .lastClaimAt)
            try values.encode(lastClaim, forKey: .lastClaim)
            try values.encode(refusals, forKey: .refusals)
            try values.encode(exitPhase, forKey: .exitPhase)
            try values.encode(stopsBy, forKey: .stopsBy)
            try values.encode(reportsSent, forKey: .reportsSent)
            try values.encode(reportsDropped, forKey: .reportsDropped)
            try values.encode(program, forKey: .program)
            try values.encode(image, forKey: .image)
            try values.encode(startedAt, forKey: .startedAt)
            try values.encode(returns, forKey: .returns)
        }
    }

    /// The file under the name by which a worker was started.
    public enum Program: String, Sendable, Codable {
        case same
        /// Another file, or written to: a restart runs something else.
        case replaced
        /// None: a restart fails.
        case deleted
    }

    public enum Verdict: String, Sendable, Codable {
        case current
        /// An older build than the newest known, and nobody can say what lies on its disk.
        case behind
        /// A newer build lies on its disk.
        case needsRestart = "needs-restart"
        /// Its disk has no newer build either: its image is old.
        case needsDeploy = "needs-deploy"
        case wedged
        /// It said that it stops, and is still not gone a second after its bound: its process hangs, or is gone without a
        /// last word.
        case zombie
    }

    public struct Summary: Sendable, Encodable {
        public let live: Int
        public let current: Int
        /// All that are older than the newest build known.
        public let stale: Int
        public let lost: Int
        public let needsRestart: Int
        public let needsDeploy: Int
        public let wedged: Int
        public let zombies: Int
        /// The newest build known, or what is waited for.
        public let newest: String?
    }

    public let workers: [Worker]
    public let summary: Summary

    /// The same summary with only some of the workers.
    public func only(_ isShown: (Worker) -> Bool) -> FleetReport {
        FleetReport(workers: workers.filter(isShown), summary: summary)
    }
}

/// Who may run a job of one type and requirement in one queue, at this moment.
public struct Runnable: Sendable, Encodable {
    /// Workers that may run it.
    public let live: Int
    /// Workers of that queue that may not.
    public let stale: Int
    /// Workers whose build may run it, and which have no handler for its type.
    public let withoutHandler: Int
    /// The stale ones' hosts.
    public let hosts: [String]
    /// The newest build among the stale ones, for the message; not part of the JSON.
    public let newestStale: BuildStamp?
    /// How many builds the stale ones run.
    public let staleBuilds: Int

    private enum CodingKeys: String, CodingKey {
        case live, stale, withoutHandler, hosts
    }
}
