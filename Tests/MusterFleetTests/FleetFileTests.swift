import Foundation
import MusterCommandLine
import MusterLaunch
import Testing

@testable import MusterFleet

@Suite struct FleetFileTests {
    private func read(_ text: String) throws -> [FleetGroup] {
        let folder = try TemporaryFolder.make("muster-fleet-file")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/fleet.yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try FleetFile(path: path, worker: "/usr/bin/true").groups
    }

    @Test func aGroupSaysHowItsWorkersAreStarted() throws {
        let groups = try read(
            """
            groups:
              mail:
                count: 4
                hosts: [local, deploy@web-1]
                queues: [mail, default]
                concurrency: 7
                on-stale: wait
                grace: 3s
                arguments: [--probes]
                environment: {LANG: C.UTF-8, EMPTY: }
                memory: 512MiB
                supervisor: background
              plain:
            """)
        #expect(groups.map(\.name) == ["mail", "plain"])
        let mail = groups[0]
        #expect(mail.count == 4)
        #expect(mail.hosts == ["local", "deploy@web-1"])
        #expect(
            mail.arguments == [
                "--queues", "mail,default", "--concurrency", "7", "--on-stale", "wait", "--grace", "3000ms", "--probes",
            ])
        #expect(mail.environment == ["LANG": "C.UTF-8", "EMPTY": ""])
        #expect(mail.memoryBytes == 512 << 20)
        #expect(mail.supervisor == .background)
        #expect(mail.stopMilliseconds == 13_000, "the grace and ten seconds")
        #expect(groups[1].count == 1)
        #expect(groups[1].arguments == ["--grace", "25000ms"])
        #expect(mail.workerName(3) == "mail-3")
    }

    @Test func aProgramOfItsOwnGetsOnlyItsArguments() throws {
        let group = try #require(
            try read("groups: {own: {program: /bin/sleep, arguments: [work, --grace=9], grace: 1s}}").first)
        #expect(group.program == "/bin/sleep")
        #expect(group.arguments == ["work", "--grace=9"])
    }

    @Test func whatChangesAStartChangesItsDigest() throws {
        let group = FleetGroup(name: "a", program: "/bin/true", directory: "/")
        var other = group
        other.count = 9
        other.memoryBytes = 1
        #expect(group.startDigest == other.startDigest)
        other.environment = ["A": "b"]
        #expect(group.startDigest != other.startDigest)
    }

    @Test(arguments: [
        ("", "describes no fleet"), ("groups:", "no group"), ("grups: {}", ":1: the file has no key `grups`"),
        ("groups: {A: {}}", "is not a name"), ("groups: {a: {count: -1}}", "between 0 and 1000"),
        ("groups: {a: {hosts: [x, x]}}", "twice"), ("groups: {a: {hosts: [-oProxyCommand=x]}}", "is no host"),
        ("groups: {a: {memory: 12}}", "512MiB"),
        ("groups: {a: {supervisor: cron}}", "is systemd or background, not cron"),
        ("groups: {a: {program: ./absent}}", "is no executable file"),
        ("groups:\n  a:\n    program: /bin/true\n    queues: [x]", ":4: `queues`"),
        ("groups: {a: {arguments: [--grace, 5m]}}", "write it as the key `grace`"),
        ("groups:\n  a:\n    arguments: [--grace=5m]", ":3: `arguments` of group `a` have `--grace`"),
        ("groups: {a: {files: [../x]}}", "below its directory"),
        ("groups: {a: {files: [absent]}}", "`absent`, in `files`"),
        ("groups: {a: }\nssh: {parallel: 0}", ":2: `parallel`"), ("groups: {a: }\nssh: {config: no}", "cannot be read"),
        ("groups: {a: }\nssh: {port: 1}", "has no key `port`"),
        ("groups: {a: {directory: ./absent}}", "does not exist"), ("groups: {a: {grace: soon}}", "`grace`"),
    ])
    func aMistakeIsNamedWithItsPlace(text: String, expected: String) throws {
        let error = try #require(#expect(throws: ConfigurationError.self) { try read(text) })
        #expect("\(error)".contains(expected), "\(error)")
    }

    @Test func otherHostsAreReachedAsTheFileSays() throws {
        let folder = try TemporaryFolder.make("muster-fleet-file")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/fleet.yaml"
        for name in ["conf", "muster.stamp"] { try Data().write(to: URL(filePath: folder + "/" + name)) }
        try "ssh: {config: conf, parallel: 3}\ngroups: {a: {files: [muster.stamp, .]}}"
            .write(toFile: path, atomically: true, encoding: .utf8)
        let file = try FleetFile(path: path, worker: "/usr/bin/true")
        #expect(file.ssh == SSHOptions(configuration: folder + "/conf", parallel: 3))
        #expect(file.groups.first?.files == ["muster.stamp", "."])
        #expect(file.ssh.arguments.starts(with: ["-F", folder + "/conf"]))
    }

    /// The page has a row for every key, and for none that is not there.
    @Test func theReferenceNamesEveryKey() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Documentation/fleets.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        func rows(_ title: String) throws -> Set<String> {
            let part = try #require(text.components(separatedBy: "\n## " + title + "\n").last)
            let section = part.components(separatedBy: "\n## ")[0]
            return Set(section.matches(of: /(?m)^\| `([a-z-]+)` \|/).map { String($0.1) })
        }
        #expect(try rows("fleet.yaml: a group") == Set(FleetGroupReader.keys))
        #expect(try rows("fleet.yaml: ssh") == Set(FleetFile.keys.ssh))
    }
}
