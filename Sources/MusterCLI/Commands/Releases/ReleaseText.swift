import MusterCommandLine
import MusterKit

/// The ledger of builds for a person.
struct ReleaseText {
    let report: ReleaseReport

    init(_ report: ReleaseReport) { self.report = report }

    var text: String {
        if report.builds.isEmpty { return "no build was seen yet\n" + rules }
        var table = Table(
            "BUILD", "STATE", "WORKERS", "PRODUCERS", "SUCCEEDED", "FAILED", "REFUSED", "FIRST SEEN", "LAST SEEN")
        for build in report.builds {
            table.add(
                build.build, Terminal.coloured(build.state.rawValue, Self.colour(of: build)),
                "\(build.workers.count)", "\(build.producers.count)", "\(build.succeeded)", "\(build.failed)",
                "\(build.refused)", "\(build.firstSeenAt)", "\(build.lastSeenAt)")
        }
        return table.text + "\n\n" + rules
    }

    /// What holds for builds now.
    var rules: String {
        var lines = ["floor: \(report.floor ?? "none")"]
        if let seconds = report.autoFloorSeconds {
            lines[0] += ", and it follows each newer build that has worked for \(ageText(milliseconds: seconds * 1000))"
        }
        if let ramp = report.ramp { lines.append(Self.text(of: ramp)) }
        if report.staleProducers == "refuse" { lines.append("an enqueue from below the floor is refused") }
        for (type, policy) in report.staleSettles.sorted(by: { $0.key < $1.key }) {
            let whose = type == "*" ? "a fenced build" : "a fenced build, of type \(type),"
            lines.append("a success of \(whose) meets: \(policy)")
        }
        if report.underReview > 0 {
            lines.append(
                Terminal.coloured("\(report.underReview) under review", .yellow) + ": `muster release review list`")
        }
        return lines.joined(separator: "\n")
    }

    static func text(of ramp: ReleaseReport.Ramp) -> String {
        let counts =
            "it failed \(ramp.newFailed) of \(ramp.newFailed + ramp.newSucceeded), "
            + "the others \(ramp.oldFailed) of \(ramp.oldFailed + ramp.oldSucceeded)"
        let text = "on trial: \(ramp.build) with \(ramp.percent) % of new jobs; \(counts)"
        guard !ramp.heldIn.isEmpty else { return text }
        let queues = ramp.heldIn.joined(separator: ", ")
        return text + "\n"
            + Terminal.coloured("it failed too often and holds itself in \(queues)", .red)
            + ": `muster release ramp --abort`, or `muster release ramp \(ramp.build) --percent N` to go on"
    }

    static func text(of build: ReleaseReport.Build) -> String {
        func list(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: ", ") }
        let types = build.types.sorted { $0.key < $1.key }.map { type, schema in
            schema.map { "\(type) (\($0))" } ?? type
        }
        return """
            \(build.build): \(build.state.rawValue)
            first seen \(build.firstSeenAt), last seen \(build.lastSeenAt)
            live workers on: \(list(build.workers))
            ever ran on:     \(list(build.hosts))
            producers on:    \(list(build.producers))
            types:           \(list(types))
            \(build.succeeded) succeeded, \(build.failed) attempts failed, \(build.refused) times refused, \(build.underReview) under review
            """
    }

    private static func colour(of build: ReleaseReport.Build) -> Terminal.Colour {
        switch build.state {
        case .current, .ramping: .green
        case .gone: .dim
        case .behind, .takenBack: build.workers.isEmpty ? .dim : .yellow
        case .fenced: build.workers.isEmpty ? .dim : .red
        }
    }
}
