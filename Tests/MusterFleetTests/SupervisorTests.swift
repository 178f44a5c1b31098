import Foundation
import MusterLaunch
import MusterTestKit
import Synchronization
import Testing

@testable import MusterFleet

/// A supervisor with real processes: shell scripts that end when they are asked to, or do not.
@Suite struct SupervisorTests {
    /// A folder, a program, and whatever still runs there at the end is killed.
    private final class Ground: Sendable {
        let folder: GroupFolder
        let lines = Mutex<[String]>([])

        init() throws {
            folder = GroupFolder(path: try TemporaryFolder.make("muster-group"))
        }

        var said: [String] { lines.withLock { $0 } }
        var program: String { folder.path + "/program" }
        var living: [Int: ProcessIdentity] {
            Dictionary(
                PlaceMark.processes(in: folder).map { ($0.mark.slot, $0.process) }, uniquingKeysWith: { a, _ in a })
        }

        func write(program text: String) throws {
            try "#!/bin/bash\n\(text)\n".write(toFile: program, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        }

        func want(_ slots: [Int], number: Int, leaving: Bool = false, _ change: (inout FleetGroup) -> Void = { _ in })
            throws
        {
            var group = FleetGroup(name: "crew", program: program, directory: folder.path, stopMilliseconds: 20_000)
            change(&group)
            try folder.write(GroupFolder.Wanted(group: group, slots: slots, number: number, isLeaving: leaving))
        }

        func supervisor() throws -> Supervisor {
            try Supervisor(folder) { line in self.lines.withLock { $0.append(line) } }
        }

        func end() {
            for process in living.values { kill(-process.pid, SIGKILL) }
            try? FileManager.default.removeItem(atPath: folder.path)
        }
    }

    private static let obedient = "trap 'exit 0' TERM USR2; while :; do sleep 0.05; done"

    private func with(_ program: String = obedient, _ body: (Ground) async throws -> Void) async throws {
        let ground = try Ground()
        defer { ground.end() }
        try ground.write(program: program)
        try await body(ground)
    }

    @Test func itStartsWhatIsWantedAndStopsWhatIsNot() async throws {
        try await with { ground in
            try ground.want([1, 2, 3], number: 1)
            let supervisor = try ground.supervisor()
            let running = Task { await supervisor.run() }
            try await #expect(eventually { ground.living.count == 3 }, "\(ground.said)")
            let third = try #require(ground.living[3])
            try ground.want([1, 3], number: 2)
            supervisor.wake()
            try await #expect(eventually { Set(ground.living.keys) == [1, 3] }, "\(ground.said)")
            #expect(ground.living[3] == third, "who is wanted still is left alone")
            try await #expect(eventually { ground.folder.state?.number == 2 })
            supervisor.stop()
            await running.value
            #expect(ground.living.isEmpty)
        }
    }

    @Test func whoDiesIsStartedAgain() async throws {
        try await with { ground in
            try ground.want([1], number: 1)
            let supervisor = try ground.supervisor()
            let running = Task { await supervisor.run() }
            try await #expect(eventually { ground.living.count == 1 })
            let first = try #require(ground.living[1])
            kill(first.pid, SIGKILL)
            try await #expect(eventually { ground.living[1].map { $0 != first } ?? false }, "\(ground.said)")
            try await #expect(eventually { ground.folder.state?.places.first?.starts == 2 })
            supervisor.stop()
            await running.value
        }
    }

    @Test func twoSupervisorsOfOneGroupAreNever() async throws {
        try await with { ground in
            try ground.want([], number: 1)
            let first = try ground.supervisor()
            let error = try #require(#expect(throws: FleetError.self) { try ground.supervisor() })
            #expect("\(error)".contains("has a supervisor already"))
            first.stop()
            await first.run()
        }
    }

    /// Its own death leaves the workers alone; who follows finds them, and stops the one that is no longer wanted.
    @Test func aSupervisorFindsTheProcessesOfTheOneBeforeIt() async throws {
        try await with { ground in
            try ground.want([1, 2], number: 1)
            // As a killed one leaves them: processes that carry the mark, and nobody who watches.
            for slot in 1...2 {
                var environment = ProcessInfo.processInfo.environment
                let group = try #require(ground.folder.wanted?.group)
                environment[PlaceMark.variable] =
                    PlaceMark(slot: slot, digest: group.startDigest).text(in: ground.folder)
                _ = try ChildProcess(executable: ground.program, environment: environment)
            }
            try await #expect(eventually { ground.living.count == 2 })
            let before = ground.living
            try ground.want([2], number: 2) { $0.environment = ["CHANGED": "yes"] }
            let supervisor = try ground.supervisor()
            let running = Task { await supervisor.run() }
            try await #expect(eventually { Set(ground.living.keys) == [2] }, "\(ground.said)")
            #expect(ground.living[2] == before[2])
            try await #expect(eventually { ground.folder.state?.places.map(\.isOutdated) == [true] })
            supervisor.stop()
            await running.value
            #expect(ground.living.isEmpty)
        }
    }

    @Test func aSupervisorThatFollowsDoesNotTellAgainWhoStopsAlready() async throws {
        let patient =
            "trap 'echo told >>told' TERM; touch ready; while [ ! -e enough ]; do sleep 0.05; done"
        try await with(patient) { ground in
            let told = { (try? String(contentsOfFile: ground.folder.path + "/told", encoding: .utf8)) ?? "" }
            try ground.want([1], number: 1)
            do {
                let first = try ground.supervisor()
                let running = Task { await first.run() }
                try await #expect(
                    eventually { FileManager.default.fileExists(atPath: ground.folder.path + "/ready") })
                try ground.want([], number: 2)
                first.wake()
                try await #expect(eventually { ground.folder.state?.places.first?.killedAt != nil })
                try await #expect(eventually { told() == "told\n" }, "\(ground.said)")
                // As one that is killed: it looks after nobody any more.
                running.cancel()
                await running.value
            }
            let process = try #require(ground.living[1])
            let second = try ground.supervisor()
            let running = Task { await second.run() }
            try ground.want([], number: 3)
            second.wake()
            try await #expect(eventually { ground.folder.state?.number == 3 }, "\(ground.said)")
            #expect(ground.folder.state?.places.map(\.phase) == ["stopping"])
            #expect(FileManager.default.createFile(atPath: ground.folder.path + "/enough", contents: nil))
            try await #expect(eventually { !process.isAlive })
            #expect(told() == "told\n", "a second time would have ended its grace")
            second.stop()
            await running.value
        }
    }

    @Test func whoDoesNotEndIsKilledWhenItsBoundIsOver() async throws {
        try await with("trap '' TERM; touch ready; while :; do sleep 0.05; done") { ground in
            try ground.want([1], number: 1) { $0.stopMilliseconds = 300 }
            let supervisor = try ground.supervisor()
            let running = Task { await supervisor.run() }
            // The shell has set its trap.
            try await #expect(
                eventually { FileManager.default.fileExists(atPath: ground.folder.path + "/ready") }, "\(ground.said)")
            supervisor.stop()
            await running.value
            #expect(ground.living.isEmpty)
            #expect(ground.said.contains { $0.contains("did not end within") }, "\(ground.said)")
        }
    }

    @Test func whoHoldsTooMuchMemoryIsAskedToFinishAndStartedAnew() async throws {
        let greedy =
            "trap 'echo finished >>finished; exit 0' USR2; x=$(head -c 8000000 /dev/zero | tr '\\0' x); while :; do sleep 0.05; done"
        try await with(greedy) { ground in
            try ground.want([1], number: 1) { $0.memoryBytes = 6 << 20 }
            let supervisor = try ground.supervisor()
            let running = Task { await supervisor.run() }
            let note = ground.folder.path + "/finished"
            try await #expect(eventually { FileManager.default.fileExists(atPath: note) }, "\(ground.said)")
            try await #expect(eventually { (ground.folder.state?.places.first?.starts ?? 0) >= 2 }, "\(ground.said)")
            supervisor.stop()
            await running.value
        }
    }

    @Test func theBuildOfWhoeverStartedTheSupervisorIsNotHandedOn() {
        var group = FleetGroup(name: "a", program: "/bin/true", directory: "/", environment: ["A": "group"])
        let own = ["MUSTER_BUILD": "1-shell", "A": "shell", "B": "shell"]
        #expect(Supervisor.environment(of: group, from: own) == ["A": "group", "B": "shell"])
        group.environment["MUSTER_BUILD"] = "2-group"
        #expect(Supervisor.environment(of: group, from: own)["MUSTER_BUILD"] == "2-group")
    }

    @Test func aProgramThatCannotBeStartedIsSaidOnceAndTriedAgain() async throws {
        try await with { ground in
            try ground.want([1], number: 1) { $0.program = ground.folder.path + "/absent" }
            let supervisor = try ground.supervisor()
            let running = Task { await supervisor.run() }
            try await #expect(eventually { ground.said.contains { $0.contains("cannot be started") } })
            // There all at once: a copy under way is another reason why it cannot be started.
            let copy = ground.folder.path + "/copy"
            try FileManager.default.copyItem(atPath: ground.program, toPath: copy)
            try FileManager.default.moveItem(atPath: copy, toPath: ground.folder.path + "/absent")
            try await #expect(eventually { ground.living.count == 1 }, "\(ground.said)")
            #expect(ground.said.count { $0.contains("cannot be started") } == 1)
            supervisor.stop()
            await running.value
        }
    }
}
