import Foundation
import MusterLaunch
import Testing

@testable import MusterFleet

@Suite struct SupervisorUnitTests {
    private static let analyze = ProgramSearch.find(["systemd-analyze"], in: "/usr/bin:/bin")

    private func unit(_ folder: String, isOfSystem: Bool) -> String {
        let group = FleetGroup(name: "mail", program: "/bin/true", directory: "/", stopMilliseconds: 30_000)
        return SupervisorUnit(
            group, supervise: ["/bin/true", "fleet", "supervise"], folder: GroupFolder(path: folder),
            isOfSystem: isOfSystem
        ).text
    }

    @Test func itStopsWorkersWithinTheirBoundAndLeavesThemWhenItsSupervisorDies() {
        let text = unit("/state/a b%c$d\"e\\f", isOfSystem: false)
        let lines = Set(text.split(separator: "\n").map(String.init))
        #expect(lines.contains(#"ExecStart="/bin/true" "fleet" "supervise" "/state/a b%%c$$d\"e\\f""#), "\(text)")
        #expect(lines.isSuperset(of: ["KillMode=process", "Restart=on-failure", "TimeoutStopSec=40"]))
        #expect(lines.contains(#"StandardOutput=append:/state/a b%%c$d"e\f/supervisor.log"#), "\(text)")
        #expect(lines.contains("WantedBy=default.target"))
        #expect(unit("/x", isOfSystem: true).contains("WantedBy=multi-user.target"))
    }

    @Test(.enabled(if: analyze != nil), arguments: [true, false])
    func systemdUnderstandsIt(isOfSystem: Bool) throws {
        let folder = try TemporaryFolder.make("muster-unit")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/muster-mail.service"
        try unit("/state/a b%c$d\"e\\f", isOfSystem: isOfSystem).write(toFile: path, atomically: true, encoding: .utf8)
        let run = try CollectedRun(
            executable: try #require(Self.analyze), arguments: ["verify", path].map { Array($0.utf8) },
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_LOG_LEVEL": "warning"])
        let said = String(decoding: run.errors, as: UTF8.self).split(separator: "\n").filter {
            $0.contains("muster-mail")
        }
        #expect(run.termination == .exited(0))
        #expect(said == [])
    }
}
