import ArgumentParser
import FaultHistory
import FaultKit
import Foundation
import MusterCommandLine

/// One drill, by the names of its faults.
struct DrillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Strikes a cluster of its own with the faults named, and gives the verdict.",
        discussion: "Faults: \(Fault.all.map(\.name).joined(separator: ", ")).")

    @Argument(help: "Names of faults, one after the other.") var faults: [String] = []
    @Option var workers = 3
    @Option var jobs = 300
    @Option(help: "Jobs enqueued in a second.") var rate = 100
    @Option(help: "Kinds of job, in parts.") var mix = LabOptions().mix
    @Option(help: "In milliseconds.") var lease = 1500
    @Option var concurrency = 4
    @Option(help: "Kill every second worker at begin, middle or end of its Nth job.") var dieAt: String?
    @Option(help: "How long each fault holds on, in milliseconds.") var holding = 1000
    @Option(help: "How long everything may take to be finished, in seconds.") var drain = 60
    @Option var seed: UInt64?
    @Option(help: "Succeed only when this promise is broken, as it is by a bug that was put in.") var expect: String?
    @Flag var json = false

    func run() async throws {
        var list: [Fault] = []
        for name in faults {
            guard let fault = name == Fault.emptyRedis.name ? Fault.emptyRedis : Fault.named(name) else {
                throw LabError("there is no fault \(name); see muster-lab drill --help")
            }
            list.append(fault)
        }
        let needs = list.flatMap(\.needs)
        var drill = Drill(faults.joined(separator: "+"), list, holding: .milliseconds(holding))
        drill.options = LabOptions {
            ($0.workers, $0.jobs, $0.rate, $0.mix, $0.dieAt) = (workers, jobs, rate, mix, dieAt)
            ($0.lease, $0.concurrency, $0.drain) = (.milliseconds(lease), concurrency, .seconds(drain))
            $0.hasSmallDisks = needs.contains(.smallDisks)
            $0.hasMovableClocks = needs.contains(.movableClocks)
            $0.isNetworked = needs.contains(.namespaces)
        }
        if let seed { drill.seed = seed }
        guard Capability.allow(drill.needs, for: "drill") else { throw CommandFailure(.usage) }
        let final = drill
        let report = try await Interruptible.run { try await final.run(program: OwnPath.program) }
        print(json ? try Self.json(report) : report.text)
        if let expect {
            guard report.verdict.violations.contains(where: { $0.invariant.rawValue == expect }) else {
                throw LabError("the checker did not report \(expect)")
            }
        } else if !report.isClean {
            throw CommandFailure(.failed)
        }
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
