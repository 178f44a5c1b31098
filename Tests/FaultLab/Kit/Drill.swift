public import FaultHistory
import Foundation
import MusterKit
import MusterLaunch
import MusterTestKit

/// A lab at work, a list of faults, and the verdict.
///
/// 1. Workers run, and a producer enqueues at its rate.
/// 2. Each fault strikes when ten jobs have run since the last one, or none is left, and heals.
/// 3. When the producer is done, everything must be finished within the options' `drain`.
/// 4. The workers are asked to stop; each must end within its bound.
/// 5. The history of all processes is held against the server's audit.
public struct Drill: Sendable {
    public let name: String
    public var options: LabOptions
    public var faults: [Fault]
    /// How long each fault holds on; default 1 s.
    public var holding: Duration
    /// What jobs, victims and requirements are drawn from; default a new one.
    public var seed: UInt64

    public init(
        _ name: String, _ faults: [Fault], options: LabOptions = LabOptions(), holding: Duration = .seconds(1),
        seed: UInt64 = .random(in: 0 ... .max)
    ) {
        self.name = name
        self.options = options
        self.faults = faults
        self.holding = holding
        self.seed = seed
    }

    public static let bounds = Bounds(
        uncancellable: Set(JobKind.allCases.filter(\.ignoresCancellation).map(\.rawValue)),
        mayDie: [JobKind.crash.rawValue])

    public var needs: [Capability] {
        var needs = faults.flatMap(\.needs)
        if options.hasSmallDisks { needs.append(.smallDisks) }
        if options.hasMovableClocks { needs.append(.movableClocks) }
        if options.isNetworked { needs.append(.namespaces) }
        return needs
    }

    /// - Parameter program: the absolute path of `muster-lab`.
    /// - Throws: where the lab itself cannot go on; what Muster does wrong is in the verdict.
    public func run(program: String) async throws -> DrillReport {
        try await Lab.with(options, program: program) { lab in
            var random = Seeded(seed)
            let sampler = Task { try await Self.sample(lab) }
            // A heartbeat has less than half a second to spare of the lab's lease.
            let stalls = StallWatch { [journal = lab.journal] in journal.write(stalledFor: $0) }
            defer {
                sampler.cancel()
                stalls.stop()
            }
            let producer = try lab.startProducer(jobs: options.jobs, rate: options.rate, seed: seed, tag: "j")
            for fault in faults {
                try await Self.work(lab, producer)
                try await fault.apply(to: lab, Fault.Blow(duration: holding, choice: random.next()))
            }
            let isSent = await producer.wait() == .exited(0)
            let isDrained = try await Self.drain(lab)
            await lab.stopWorkers()
            let verdict = HistoryChecker.check(
                try History(folder: lab.folder), audit: try await lab.auditor.audit(), bounds: Self.bounds)
            return DrillReport(
                name: name, seed: seed, verdict: verdict, isSent: isSent, isDrained: isDrained,
                logs: verdict.isClean && isSent ? "" : lab.lastWords())
        }
    }

    /// Waits until it is at work again, because a fault in the midst of another's aftermath is the soak's business.
    /// Where nothing moves the next fault strikes after ten seconds, and the verdict says what is wrong.
    private static func work(_ lab: Lab, _ producer: ChildProcess) async throws {
        var before: Int?
        _ = try await eventually(within: .seconds(10), every: .milliseconds(50)) {
            // A server that does not answer just now has run nothing.
            guard let count = try? await lab.auditor.succeeded() else { return false }
            if count >= (before ?? count) + 10 { return true }
            before = before ?? count
            if producer.waitOnThisThread(within: .zero) == nil { return false }
            return (try? await lab.auditor.unfinished()) == 0
        }
    }

    /// Waits until nothing is left to do. What is left after the options' time is the verdict's business.
    static func drain(_ lab: Lab) async throws -> Bool {
        try await eventually(within: lab.options.drain, every: .milliseconds(50)) {
            (try? await lab.auditor.unfinished()) == 0
        }
    }

    /// Notes twice a second how many jobs wait, for as long as nobody cancels it.
    static func sample(_ lab: Lab) async throws {
        while true {
            // The interval between two samples.
            try await Task.sleep(for: .milliseconds(500))
            guard let count = try? await lab.auditor.movable() else { continue }
            lab.journal.write(.sample) { $0.waiting = count }
        }
    }
}
