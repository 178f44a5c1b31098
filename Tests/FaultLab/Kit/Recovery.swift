import FaultHistory
import Foundation
import MusterKit
import MusterLaunch

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
        return try await Lab.with(options, program: program) { lab in
            var times: [Int] = []
            for round in 1...rounds {
                // Whoever takes over must have been connected for a whole lease.
                try await Task.sleep(for: options.lease + .seconds(1))
                await lab.enqueue(.sleep, milliseconds: 60_000)
                let first = try await began(lab, "lab-\(round)", 1)
                guard let worker = lab.workers.first(where: { Int($0.process) == first.about }) else { continue }
                let killed = MonotonicTime.now
                lab.journal.write(.killed) { $0.about = Int(worker.process) }
                worker.child.send(SIGKILL)
                times.append((try await began(lab, "lab-\(round)", 2).at - killed) / 1_000_000)
            }
            return Figure(name: "kill -9 of a worker (lease 10 s) until its job runs elsewhere", milliseconds: times)
        }
    }

    /// Redis is killed and started again; from its first answer until a job runs.
    private func redisBack() async throws -> Figure {
        let options = LabOptions { ($0.workers, $0.lease, $0.mix) = (2, .seconds(10), "quick:1") }
        return try await Lab.with(options, program: program) { lab in
            let producer = try lab.startProducer(jobs: rounds * 1000, rate: 100, seed: 1, tag: "j")
            defer { _ = producer.send(SIGKILL) }
            var times: [Int] = []
            for _ in 1...rounds {
                try await Task.sleep(for: .seconds(2))
                lab.redis.kill()
                try await Task.sleep(for: .seconds(1))
                let before = MonotonicTime.now
                try await lab.redis.start()
                let back = MonotonicTime.now
                let first = try await event(lab) { $0.first { $0.kind == .began && $0.at > before } }
                times.append(max(0, first.at - back) / 1_000_000)
            }
            return Figure(name: "Redis killed and back until jobs move", milliseconds: times)
        }
    }

    /// A worker is asked to stop and leaves its running job no grace; until the job runs elsewhere.
    private func stopped() async throws -> [Figure] {
        let options = LabOptions { ($0.workers, $0.lease, $0.grace) = (2, .seconds(10), .zero) }
        return try await Lab.with(options, program: program) { lab in
            var times: [Int] = []
            var fromEnd: [Int] = []
            for round in 1...rounds {
                // Until the worker that the supervisor started again has joined.
                try await Task.sleep(for: .seconds(2))
                await lab.enqueue(.sleep, milliseconds: 60_000)
                let first = try await began(lab, "lab-\(round)", 1)
                guard let worker = lab.workers.first(where: { Int($0.process) == first.about }) else { continue }
                let asked = MonotonicTime.now
                lab.journal.write(.stopAsked) { ($0.about, $0.bound) = (Int(worker.process), 10_000) }
                worker.child.send(SIGTERM)
                let again = try await began(lab, "lab-\(round)", 2).at
                let ended = try await event(lab) { $0.first { $0.kind == .ended && $0.job == "lab-\(round)" } }.at
                times.append((again - asked) / 1_000_000)
                fromEnd.append((again - ended) / 1_000_000)
            }
            return [
                Figure(name: "SIGTERM (no grace) until the handed-back job runs elsewhere", milliseconds: times),
                Figure(name: "the same from the end of the cancelled handler", milliseconds: fromEnd),
            ]
        }
    }

    /// The nth beginning of a job.
    private func began(_ lab: Lab, _ job: String, _ number: Int) async throws -> Event {
        try await event(lab) { events in
            let beginnings = events.filter { $0.kind == .began && $0.job == job }
            return beginnings.count >= number ? beginnings[number - 1] : nil
        }
    }

    private func event(_ lab: Lab, _ find: ([Event]) -> Event?) async throws -> Event {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if let event = find(try History(folder: lab.folder).events) { return event }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw LabError("what was waited for did not happen within a minute\n\(lab.lastWords())")
    }
}
