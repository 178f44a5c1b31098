import Foundation
import MusterLaunch
import Testing

@testable import MusterFleet

/// What is wanted of a group, and who may say so.
@Suite struct LocalLauncherTests {
    private func with(patience: Duration = .seconds(10), _ body: (LocalLauncher) async throws -> Void) async throws {
        let state = try TemporaryFolder.make("muster-state")
        defer { try? FileManager.default.removeItem(atPath: state) }
        // Nobody looks after anything: what is wanted is all that is looked at.
        let launcher = LocalLauncher(
            namespace: "test", supervise: ["/bin/true"], environment: [:], patience: patience,
            surroundings: ["MUSTER_STATE": state])
        try await body(launcher)
    }

    private func crew(_ count: Int, _ environment: [String: String] = [:], name: String = "crew") -> FleetGroup {
        FleetGroup(name: name, count: count, program: "/bin/true", directory: "/", environment: environment)
    }

    @Test func ofManyWhoChangeAGroupAtOnceEachIsHeard() async throws {
        try await with { launcher in
            await withTaskGroup(of: Void.self) { tasks in
                for index in 1...40 {
                    tasks.addTask { _ = try? launcher.up(crew(1, ["INDEX": "\(index)"])) }
                }
            }
            #expect(launcher.folder("crew").wanted?.number == 40, "each change is counted once")
        }
    }

    @Test func whoWaitsInVainForSomebodyElsesChangeIsToldWhatHoldsIt() async throws {
        try await with(patience: .milliseconds(100)) { launcher in
            _ = try launcher.up(crew(1))
            let path = launcher.folder("crew").changePath
            let lock = try #require(try FolderLock(path))
            for body in [{ _ = try launcher.up(crew(2)) }, { _ = try launcher.down("crew") }] {
                let error = try #require(#expect(throws: FleetError.self) { try body() })
                #expect("\(error)".contains("somebody else is changing this group, and has held \(path)"))
            }
            withExtendedLifetime(lock) {}
            #expect(launcher.folder("crew").wanted?.slots == [1])
        }
    }

    @Test func aFileThatContradictsASwitchChangesNothingUntilItSaysTheSame() async throws {
        try await with { launcher in
            _ = try launcher.up(crew(2, name: "blue"), isOfFile: true)
            _ = try launcher.up(crew(2, name: "green"))
            #expect(try launcher.turn("green", count: 2, mark: SwitchMark(isAsleep: false, other: "blue")))
            #expect(try launcher.turn("blue", count: 0, mark: SwitchMark(isAsleep: true, other: "green")))

            let asleep = try #require(
                #expect(throws: FleetError.self) { try launcher.up(crew(2, name: "blue"), isOfFile: true) })
            #expect("\(asleep)".hasPrefix("sleeps since `muster fleet switch blue green`, and fleet.yaml counts 2"))
            let awake = try #require(
                #expect(throws: FleetError.self) { try launcher.up(crew(0, name: "green"), isOfFile: true) })
            #expect("\(awake)".hasPrefix("took over by `muster fleet switch blue green`, and fleet.yaml counts 0"))
            #expect(launcher.folder("blue").wanted?.slots == [])
            #expect(launcher.folder("green").wanted?.slots == [1, 2])

            for (name, count) in [("blue", 0), ("green", 2)] {
                let wanted = try launcher.up(crew(count, name: name), isOfFile: true)
                #expect(wanted.mark == nil, "the file knows now")
            }
            #expect(try launcher.up(crew(1, name: "blue"), isOfFile: true).slots == [1], "and may be changed again")
        }
    }

    @Test func whatAPersonSaysForNowGoesBeforeASwitch() async throws {
        try await with { launcher in
            _ = try launcher.up(crew(1))
            #expect(try launcher.turn("crew", count: 0, mark: SwitchMark(isAsleep: true, other: "other")))
            #expect(try launcher.up(crew(3)).slots == [1, 2, 3])
            #expect(launcher.folder("crew").wanted?.mark == nil)
            #expect(try !launcher.turn("absent", count: 0, mark: nil))
        }
    }
}
