import Foundation
import Synchronization
import Testing

@testable import MusterFleet

/// Which host gets what, and what is said before anything begins.
@Suite struct FleetPlanTests {
    private func group(_ name: String, _ hosts: [String], _ change: (inout FleetGroup) -> Void = { _ in }) -> FleetGroup
    {
        var group = FleetGroup(
            name: name, hosts: hosts, program: "/opt/muster-worker", directory: "/app",
            files: ["muster.yaml", "./muster.stamp"])
        change(&group)
        return group
    }

    private func problem(_ groups: [FleetGroup], redis: String = "redis://10.0.0.1", _ configuration: String? = nil)
        -> String?
    {
        do throws(FleetError) {
            try FleetPlan(groups).check(
                here: "desk", redis: redis, worker: "/opt/muster-worker", configuration: configuration)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func eachHostGetsItsGroupsInTheOrderOfTheFile() {
        let plan = FleetPlan([group("a", ["x", "local"]), group("b", ["local", "u@y"])])
        #expect(plan.parts.map(\.target) == ["x", "local", "u@y"])
        #expect(plan.parts.map { $0.groups.map(\.name) } == [["a"], ["a", "b"], ["b"]])
        #expect(plan.parts.map(\.isFar) == [true, false, true])
    }

    @Test func aHostIsCalledInTheRollCallAsInTheFile() {
        #expect(SSHHost.name(of: "deploy@Web-1.example.com") == "web-1.example.com")
        #expect(SSHHost.name(of: "web-1") == "web-1")
        #expect(problem([group("a", ["x@web", "y@web"])])?.contains("x@web and y@web would both be web") == true)
        #expect(problem([group("a", ["local"]), group("b", ["x@desk"])])?.contains("local and x@desk") == true)
        #expect(problem([group("a", ["x@desk"])]) == nil)
    }

    @Test(arguments: [
        "unix:///run/redis.sock", "redis://localhost", "redis://:secret@127.0.0.1:6379/2", "redis://[::1]:1",
    ])
    func aRedisOfThisMachineAloneIsNoRedisForOthers(address: String) throws {
        let said = try #require(problem([group("a", ["web-1"])], redis: address))
        #expect(said.contains("group `a` goes to web-1, which cannot reach"))
        #expect(!said.contains("secret"))
        #expect(problem([group("a", ["local"])], redis: address) == nil)
        #expect(
            problem([group("a", ["web-1"]) { $0.environment["MUSTER_REDIS"] = "redis://10.1.1.1" }], redis: address)
                == nil)
    }

    @Test func whatWorkersThereWouldMissIsSaid() throws {
        #expect(problem([group("a", ["w"])], "/app/muster.yaml") == nil)
        #expect(problem([group("a", ["w"]) { $0.files = ["."] }], "/app/muster.yaml") == nil)
        #expect(
            try #require(problem([group("a", ["w"])], "/app/other.yaml")).contains(
                "`files` do not name /app/other.yaml"))
        let bare = group("a", ["w"]) { $0.files = [] }
        #expect(try #require(problem([bare])).contains("without a build"))
        for flags in [["--build", "7-x"], ["--build=7-x"]] {
            #expect(problem([group("a", ["w"]) { ($0.files, $0.arguments) = ([], flags) }]) == nil)
        }
        #expect(problem([group("a", ["w"]) { ($0.files, $0.environment) = ([], ["MUSTER_BUILD": "7-x"]) }]) == nil)
        #expect(problem([group("a", ["w"]) { ($0.files, $0.program) = ([], "/opt/own") }]) == nil, "its own affair")
    }

    @Test func theConfigurationIsFoundAmongTheFiles() {
        let group = group("a", ["w"]) { $0.files = ["conf/", "x.yaml"] }
        #expect(SSHHost.place(of: "/app/conf/muster.yaml", in: group) == "conf/muster.yaml")
        #expect(SSHHost.place(of: "/app/x.yaml", in: group) == "x.yaml")
        #expect(SSHHost.place(of: "/app/x.yaml.old", in: group) == nil)
        #expect(SSHHost.place(of: "/application/x.yaml", in: group) == nil)
        #expect(SSHHost.place(of: nil, in: group) == nil)
    }

    @Test func anOrderSurvivesTheJourneyAndTheFilesAreInTheReleaseOnly() throws {
        let item = HostOrder.Item(
            group: group("a", ["w"]),
            release: ShippedRelease(files: [ShippedFile(path: "é", data: Data([0, 255]))], program: "/p"))
        let order = HostOrder(deed: .up, namespace: "n", environment: ["A": "\"'\n"], items: [item], victims: [7])
        var arrived = try JSONDecoder().decode(HostOrder.self, from: try JSONEncoder().encode(order))
        #expect(arrived.items.first?.group.files == [])
        arrived.items[0].group.files = item.group.files
        #expect(arrived == order)
    }

    @Test func noMoreAtOnceThanTheLimitAndAllInTheirOrder() async {
        let now = Mutex((running: 0, most: 0))
        let answers = await LimitedRound.run(Array(1...20), atOnce: 3) { number in
            now.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
            }
            await Task.yield()
            now.withLock { $0.running -= 1 }
            return number * 2
        }
        #expect(answers == (1...20).map { $0 * 2 })
        #expect(now.withLock { $0.most } <= 3)
    }

    @Test func theLastLineOfWhatSSHSaysIsTheReason() {
        #expect(SSHCall.lastLine("Warning: added\r\n\nssh: no route\r\n \n") == "ssh: no route")
        #expect(SSHCall.lastLine("\n") == nil)
    }
}
