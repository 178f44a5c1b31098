import FaultHistory
import Foundation
import MusterKit
import MusterLaunch
import MusterTestKit

/// How long it takes until jobs run again after the three ends that happen every day.
public struct Recovery: Sendable {
    public struct Figure: Sendable, Codable {
        public let name: String
        public let milliseconds: [Int]

        public var median: Int { milliseconds.sorted()[milliseconds.count / 2] }
        public var worst: Int { milliseconds.max() ?? 0 }
    }

    private let rounds: Int
    private let program: String

    public init(rounds: Int, program: String) {
        self.rounds = rounds
        self.program = program
    }

    public func measure() async throws -> [Figure] {
        [try await killed(), try await redisBack()] + (try await stopped())
    }

    /// A worker is killed in mid-job, with the default lease of ten seconds; until the job runs elsewhere.
    private func killed() async throws -> Figure {
        let options = LabOptions { ($0.workers, $0.lease) = (2, .seconds(10)) }
        let times = try await each(options) { lab in
            // Whoever takes over must have been connected for a whole lease.
            try await join(lab, for: options.lease)
            let worker = try await victim(lab)
            let killed = MonotonicTime.now
            lab.journal.write(.killed) { $0.about = Int(worker.process) }
            worker.child.send(SIGKILL)
            return try await (began(lab, 2).at - killed) / 1_000_000
        }
        return Figure(name: "kill -9 of a worker (lease 10 s) until its job runs elsewhere", milliseconds: times)
    }

    /// Redis is killed and started again; from its first answer until a job runs.
    private func redisBack() async throws -> Figure {
        let options = LabOptions { ($0.workers, $0.lease, $0.mix) = (2, .seconds(10), "quick:1") }
        let times = try await each(options) { lab in
            try await join(lab)
            // More than a round lasts; the lab ends its producer.
            _ = try lab.startProducer(jobs: 10_000, rate: 100, seed: 1, tag: "j")
            _ = try await event(lab) { $0.first { $0.kind == .ended } }
            lab.redis.kill()
            // The fault's own length.
            try await Task.sleep(for: .seconds(1))
            let before = MonotonicTime.now
            try await lab.redis.start()
            let back = MonotonicTime.now
            let first = try await event(lab) { $0.first { $0.kind == .began && $0.at > before } }
            return max(0, first.at - back) / 1_000_000
        }
        return Figure(name: "Redis killed and back until jobs move", milliseconds: times)
    }

    /// A worker is asked to stop and leaves its running job no grace; until the job runs elsewhere.
    private func stopped() async throws -> [Figure] {
        let options = LabOptions { ($0.workers, $0.lease, $0.grace) = (2, .seconds(10), .zero) }
        let times = try await each(options) { lab in
            try await join(lab)
            let worker = try await victim(lab)
            let asked = MonotonicTime.now
            lab.journal.write(.stopAsked) { ($0.about, $0.bound) = (Int(worker.process), 10_000) }
            worker.child.send(SIGTERM)
            let again = try await began(lab, 2).at
            let ended = try await event(lab) { $0.first { $0.kind == .ended } }.at
            return [(again - asked) / 1_000_000, (again - ended) / 1_000_000]
        }
        return [
            Figure(
                name: "SIGTERM (no grace) until the handed-back job runs elsewhere", milliseconds: times.map { $0[0] }),
            Figure(name: "the same from the end of the cancelled handler", milliseconds: times.map { $0[1] }),
        ]
    }

    /// Each round in a lab of its own, so that none meets what another left: jobs, suspects, a worker that is still
    /// starting.
    private func each<Answer: Sendable>(
        _ options: LabOptions, _ round: (Lab) async throws -> Answer
    ) async throws -> [Answer] {
        var answers: [Answer] = []
        for _ in 1...rounds { answers.append(try await Lab.with(options, program: program, round)) }
        return answers
    }

    /// Waits until every worker has joined, and its beats have gone on `for` that long.
    private func join(_ lab: Lab, for length: Duration = .zero) async throws {
        let inspector = Inspector(server: try MusterServer(lab.redis.url))
        defer { inspector.close() }
        let haveJoined = try await eventually(within: length + .seconds(30), every: .milliseconds(100)) {
            guard let workers = try? await inspector.workers(), workers.count == lab.options.workers else {
                return false
            }
            return workers.allSatisfy { worker in
                guard worker.state == .running, let start = worker.startedAt else { return false }
                return worker.lastBeatAt.milliseconds - start.milliseconds >= length.wholeMilliseconds
            }
        }
        if !haveJoined { throw LabError("the workers did not join within half a minute\n\(lab.lastWords())") }
    }

    /// Enqueues a job of a minute.
    /// - Returns: the worker that runs it.
    private func victim(_ lab: Lab) async throws -> LabWorker {
        await lab.enqueue(.sleep, milliseconds: 60_000)
        let process = try await began(lab, 1).about ?? 0
        guard let worker = lab.workers.first(where: { Int($0.process) == process }) else {
            throw LabError("the job began in process \(process), which is no worker any more\n\(lab.lastWords())")
        }
        return worker
    }

    /// The nth beginning of a job.
    private func began(_ lab: Lab, _ number: Int) async throws -> Event {
        try await event(lab) { events in
            let beginnings = events.filter { $0.kind == .began }
            return beginnings.count >= number ? beginnings[number - 1] : nil
        }
    }

    private func event(_ lab: Lab, _ find: ([Event]) -> Event?) async throws -> Event {
        var found: Event?
        let isThere = try await eventually(within: .seconds(60), every: .milliseconds(20)) {
            found = find(try History(folder: lab.folder).events)
            return found != nil
        }
        guard isThere, let found else {
            throw LabError("what was waited for did not happen within a minute\n\(lab.lastWords())")
        }
        return found
    }
}
