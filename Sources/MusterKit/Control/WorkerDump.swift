import Foundation

/// What one worker is doing at one moment: its jobs, and the stacks of its threads.
public struct WorkerDump: Sendable, Equatable, Codable {
    /// At most so many bytes of it travel through Redis.
    static let mostBytes = 64 << 10
    /// At most so many jobs are listed.
    static let mostJobs = 100
    /// At most so many places where threads stand are listed.
    static let mostThreads = 128

    public struct Job: Sendable, Equatable, Codable {
        public let id: String
        public let type: String
        public let queue: String
        public let runningMs: Int
        /// It goes on though its time, and the grace after that, are over.
        public let isStuck: Bool
        /// What it last said of its progress, and how long ago.
        public let progress: String?
        public let progressAgeMs: Int?

        private enum CodingKeys: String, CodingKey {
            case id, type, queue, runningMs, progress, progressAgeMs
            case isStuck = "stuck"
        }
    }

    public struct Thread: Sendable, Equatable, Codable {
        /// The system's number for it.
        public let thread: Int
        public let name: String
        /// As in `ps`: `R` runs, `S` waits, `D` waits for a device.
        public let state: String
        /// Why it has no frames; nil where it has.
        public let missing: String?
        /// The innermost first.
        public fileprivate(set) var frames: [String]
        /// The numbers of further threads of this name that stand at the same place.
        public internal(set) var alike: [Int] = []
    }

    public let session: String
    public let state: String
    /// How many jobs run; of more than 100 the oldest are listed.
    public let running: Int
    public let jobs: [Job]
    /// How many threads there are; those at the same place are one entry, and of more than 128 places the first are
    /// listed.
    public let threadCount: Int
    public private(set) var threads: [Thread]
    /// Why there are no stacks; nil where there are.
    public let stacksMissing: String?
    /// Outer frames, or threads, were left out to keep the bound.
    public private(set) var isShortened = false

    init(session: String, state: String, running: Int, jobs: [Job], stacks: ThreadStacks) {
        self.session = session
        self.state = state
        self.running = running
        self.jobs = jobs
        threadCount = stacks.total
        threads = stacks.threads
        stacksMissing = stacks.missing
    }

    private enum CodingKeys: String, CodingKey {
        case session, state, running, jobs, threadCount, threads, stacksMissing
        case isShortened = "shortened"
    }

    /// - Returns: nil where the bytes are no dump.
    init?(json: some StringProtocol) {
        guard let dump = try? JSONDecoder().decode(WorkerDump.self, from: Data(json.utf8)) else { return nil }
        self = dump
    }

    /// One JSON document; outer frames, then threads, are left out until it has room.
    func json(atMost bytes: Int) -> String {
        var dump = self
        var depth = 48
        while true {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let data = (try? encoder.encode(dump)) ?? Data("{}".utf8)
            if data.count <= bytes || dump.threads.isEmpty { return String(decoding: data, as: UTF8.self) }
            dump.isShortened = true
            depth /= 2
            if depth >= 12 {
                for index in dump.threads.indices {
                    dump.threads[index].frames = Array(dump.threads[index].frames.prefix(depth))
                }
            } else {
                dump.threads.removeLast(max(1, dump.threads.count / 2))
            }
        }
    }
}
