import FaultHistory
import Foundation
import MusterLaunch
import MusterTestKit

/// Random faults from the whole list against a lab at work, for as long as asked.
///
/// 1. The seed alone says which faults strike in which order, whom, and for how long.
/// 2. Every few seconds it takes the size of everything that could grow.
/// 3. At the end everything must be finished, the workers stop, and the history is held against the server.
public struct Soak: Sendable {
    public let seed: UInt64
    public let length: Duration
    private let faults: [Fault]
    private let options: LabOptions

    /// - Parameters:
    ///   - minutes: how long faults strike; the end takes up to three more.
    ///   - seed: what the sequence of faults is drawn from.
    public init(minutes: Double, seed: UInt64) {
        self.seed = seed
        length = .seconds(minutes * 60)
        let missing = Set(Capability.allCases.filter { $0.missing != nil })
        faults = Fault.all.filter { missing.isDisjoint(with: $0.needs) }
        let rate = 40
        options = LabOptions {
            ($0.workers, $0.jobs, $0.rate) = (4, Int(minutes * 60) * rate, rate)
            $0.hasSmallDisks = !missing.contains(.smallDisks)
            $0.hasMovableClocks = !missing.contains(.movableClocks)
            $0.isNetworked = !missing.contains(.namespaces)
            // A minute for what a clock that stepped has put off, a minute for the backlog, and some.
            $0.drain = .seconds(150)
        }
    }

    /// - Parameter say: told what strikes, a line each.
    public func run(program: String, say: @escaping @Sendable (String) -> Void) async throws -> SoakReport {
        _ = Capability.allow(
            Capability.allCases.filter { ![.sshHosts, .liveSystemd].contains($0) }, for: "some faults of the soak")
        return try await Lab.with(options, program: program) { lab in
            let sizes = SizeLog()
            let sampler = Task { try await Drill.sample(lab) }
            let measurer = Task { try await sizes.measure(lab) }
            // A heartbeat has less than half a second to spare of the lab's lease.
            let stalls = StallWatch { [journal = lab.journal] in journal.write(stalledFor: $0) }
            defer {
                sampler.cancel()
                measurer.cancel()
                stalls.stop()
            }
            let producer = try lab.startProducer(jobs: options.jobs, rate: options.rate, seed: seed, tag: "j")
            try await strike(lab, say)
            let isSent = await producer.wait() == .exited(0)
            let isDrained = try await Drill.drain(lab)
            // No sample may be of workers that have stopped.
            measurer.cancel()
            _ = await measurer.result
            _ = try await eventually(every: .milliseconds(100)) { (try? await sizes.take(lab)) == true }
            await lab.stopWorkers()
            let verdict = HistoryChecker.check(
                try History(folder: lab.folder), audit: try await lab.auditor.audit(), bounds: Drill.bounds)
            let drill = DrillReport(
                name: "soak", seed: seed, verdict: verdict, isSent: isSent, isDrained: isDrained,
                logs: verdict.isClean && isSent ? "" : lab.lastWords())
            return SoakReport(drill: drill, sizes: sizes.all)
        }
    }

    private func strike(_ lab: Lab, _ say: @Sendable (String) -> Void) async throws {
        var random = Seeded(seed)
        let start = ContinuousClock.now
        var number = 0
        while ContinuousClock.now - start < length {
            let fault = faults[Int(random.next() % UInt64(faults.count))]
            let blow = Fault.Blow(duration: .milliseconds(500 + Int(random.next() % 3500)), choice: random.next())
            let calm = Duration.milliseconds(1000 + Int(random.next() % 3000))
            number += 1
            say(
                "\(number) at \(Int((ContinuousClock.now - start) / .seconds(1))) s: \(fault.name) for \(blow.duration)"
            )
            try await fault.apply(to: lab, blow)
            // The calm between two faults, which the seed names like their lengths.
            try await Task.sleep(for: calm)
        }
    }
}
