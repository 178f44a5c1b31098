import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// Recurring jobs from the command line to a worker that runs them.
struct ScheduleCommandTests {
    private static let build = "1763700000-aaaaaaa"
    private static let older = "1763600000-bbbbbbb"

    private func schedules(_ cluster: Cluster) async throws -> [[String: Any]] {
        try await cluster.muster("schedule", "list", "--json").json()["schedules"] as? [[String: Any]] ?? []
    }

    @Test func aScheduleIsAddedListedFiredAndRemoved() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            let empty = try await cluster.muster("schedule", "list")
            #expect(empty.status == 0 && empty.output.hasPrefix("no schedule"))
            for expected in ["added", "same"] {
                let added = try await cluster.muster(
                    "schedule", "add", "each-second", "* * * * * *", "record", "{\"n\":1}", "--build", Self.build,
                    "--zone", "Europe/Zurich", "--catch-up", "all:5", "--priority", "high", "--json"
                ).json()
                #expect(added["outcome"] as? String == expected)
                #expect(added["queue"] as? String == "default" && added["build"] as? String == Self.build)
                #expect((added["nextAt"] as? String)?.hasSuffix("Z") == true)
            }
            let refused = try await cluster.muster(
                "schedule", "add", "each-second", "@daily", "record", "--build", Self.older)
            #expect(refused.status == 4 && refused.lines.count == 1, "\(refused)")
            #expect(refused.errors.contains("comes from build \(Self.build)"), "\(refused)")

            let listed = try #require(try await schedules(cluster).first)
            for (field, value) in [
                "name": "each-second", "queue": "default", "cron": "* * * * * *", "zone": "Europe/Zurich",
                "type": "record", "requirement": "at-least:1763700000", "priority": "high", "catchUp": "all:5",
                "build": Self.build,
            ] { #expect(listed[field] as? String == value, "\(field) of \(listed)") }
            #expect((listed["nextAt"] as? [String])?.count == 3)
            #expect(listed["fired"] as? Int == 0 && listed["missed"] as? Int == 0 && listed["lastAt"] is NSNull)
            #expect(listed["overdue"] as? Bool == false)

            for name in ["one", "two"] { _ = try cluster.worker(name, build: Self.build) }
            try await #expect(eventually { cluster.runs().count >= 3 }, "\(cluster.logs())")
            #expect(Set(cluster.runs().map(\.id)).count == cluster.runs().count, "a nominal time ran twice")
            #expect(cluster.runs().allSatisfy { $0.id.hasPrefix("each-second.") })
            let table = try await cluster.muster("schedule", "list")
            #expect(table.output.hasPrefix("NAME") && table.output.contains("each-second"), "\(table)")

            let removed = try await cluster.muster("schedule", "remove", "each-second", "--json").json()
            #expect(removed["removed"] as? Bool == true)
            try await #expect(schedules(cluster).isEmpty)
        }
    }

    @Test func anExtraRunIsAJobOfItsOwn() async throws {
        try await Cluster.with { cluster in
            _ = try await cluster.muster(
                "schedule", "add", "nightly", "0 3 * * *", "muster.echo", "[7]", "--build", Self.build, "--retain", "1h"
            )
            let before = try await schedules(cluster).first?["nextAt"] as? [String]
            let id = try await cluster.muster("schedule", "run", "nightly").output.trimmingCharacters(in: .newlines)
            _ = try cluster.worker("w", build: Self.build, "--probes")
            let ended = try await cluster.muster("job", "wait", id, "--within", "30s")
            #expect(ended.status == 0 && ended.output == "[7]\n", "\(ended)\(cluster.logs())")
            try await #expect(schedules(cluster).first?["nextAt"] as? [String] == before)
            let other = try await cluster.muster("schedule", "run", "nightly", "--json").json()
            #expect((other["id"] as? String)?.hasPrefix("nightly.") == true && other["id"] as? String != id)
        }
    }

    @Test func aWorkerRegistersWhatItsFileDeclares() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            try cluster.write(
                "muster.yaml",
                "handlers:\n  record: ./record.sh\nschedules:\n  tick: {cron: '* * * * * *', type: record}\n")
            _ = try cluster.worker("w", build: Self.build)
            try await #expect(eventually { !cluster.runs().isEmpty }, "\(cluster.logs())")
            try await #expect(schedules(cluster).first?["name"] as? String == "tick")
        }
    }
}
