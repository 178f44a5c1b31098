import FaultHistory
import FaultKit
import Foundation
import Testing

/// Drills against real processes, one at a time: two processors are few for a Redis, four workers and a producer.
@Suite(.serialized, .timeLimit(.minutes(5))) enum FaultLab {
    /// Whether everything is to be tried, and not only what a minute allows: `make faults`.
    static let isFull = ProcessInfo.processInfo.environment["MUSTER_FAULTS"] == "full"

    /// SwiftPM puts executables beside the test bundle.
    static let program: String = {
        let arguments = CommandLine.arguments
        let bundle = arguments.first { $0.hasSuffix(".xctest") || $0.contains(".xctest/") } ?? arguments[0]
        var folder = URL(fileURLWithPath: bundle).deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.isExecutableFile(atPath: folder.path + "/muster-lab") {
            folder.deleteLastPathComponent()
        }
        return folder.path + "/muster-lab"
    }()

    /// Runs a drill to its verdict, which must be clean.
    @discardableResult
    static func hold(
        _ faults: [Fault], holding: Duration = .milliseconds(700), _ change: (inout LabOptions) -> Void = { _ in }
    ) async throws -> Verdict {
        let report = try await run(faults, holding: holding, change)
        #expect(report.isClean, "\(report.text)")
        return report.verdict
    }

    static func run(
        _ faults: [Fault], holding: Duration, _ change: (inout LabOptions) -> Void
    ) async throws -> DrillReport {
        var options = LabOptions { ($0.jobs, $0.rate) = (200, 120) }
        change(&options)
        return try await Drill(
            faults.map(\.name).joined(separator: "+"), faults, options: options, holding: holding
        ).run(program: program)
    }
}

extension Trait where Self == ConditionTrait {
    /// Only in `make faults`.
    static var inFull: Self { .enabled(if: FaultLab.isFull, "make faults runs it") }

    /// Skipped, with a line that says why, where the machine does not allow it.
    static func needs(_ capabilities: Capability...) -> Self {
        .enabled("this machine lacks what it needs; the line above says what") {
            Capability.allow(capabilities, for: capabilities.map(\.rawValue).joined(separator: ", ") + " faults")
        }
    }
}
