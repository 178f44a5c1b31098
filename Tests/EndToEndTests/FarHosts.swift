import FaultKit
import Foundation
import MusterLaunch
import MusterTestKit
import Synchronization
import Testing

/// Machines as ssh sees them: each a network namespace with an address, a real sshd and a state folder of its own, all
/// on one bridge with this machine. What they do not have of their own is their disk, but for those with a systemd.
final class FarHosts: Sendable {
    let names: [String]
    /// This machine's address on the bridge.
    let home: String
    let folder: String
    var sshConfiguration: String { "\(folder)/ssh_config" }

    private let tag = "\(ProcessInfo.processInfo.processIdentifier)"
    private let network: String
    private let servers = Mutex<[ChildProcess]>([])
    private let machines = Mutex<[String: SystemdHost]>([:])
    private var bridge: String { "mub\(tag)" }

    /// Whether this machine can have such hosts; it says why where not.
    static let areThere = Capability.allow([.sshHosts], for: "fleets over ssh")

    private init(_ count: Int) throws {
        names = (1...count).map { "web-\($0)" }
        let pid = Int(ProcessInfo.processInfo.processIdentifier)
        network = "10.\(100 + pid / 256 % 100).\(pid % 256)"
        home = "\(network).254"
        folder = try TemporaryFolder.make("muster-hosts")
    }

    /// Nothing of them is left when the body ends, however it ends.
    /// - Parameter withSystemd: whether each is a machine with a systemd that runs; else nothing may install units there.
    static func with(_ count: Int, withSystemd: Bool = false, _ body: (FarHosts) async throws -> Void) async throws {
        let hosts = try FarHosts(count)
        do {
            try await hosts.begin(withSystemd: withSystemd)
            try await body(hosts)
        } catch {
            await hosts.end()
            throw error
        }
        await hosts.end()
    }

    /// The cable of one host.
    func plug(_ name: String, isIn: Bool) async throws {
        try await Tool.run("ip", "link", "set", try near(name), isIn ? "up" : "down")
    }

    func state(of name: String) -> String { "\(folder)/\(name)/state" }

    /// One that has a systemd.
    func machine(_ name: String) throws -> SystemdHost { try #require(machines.withLock { $0[name] }) }

    /// Lets every user of a host log in with the key, and keep their workers' state where the host keeps it.
    func open(_ name: String) throws {
        for (path, mode) in [(folder, 0o755), ("\(folder)/\(name)", 0o777)] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
    }

    func logs() -> String {
        names.map { name in
            let found = FileManager.default.enumerator(atPath: "\(folder)/\(name)")?.allObjects ?? []
            return found.compactMap { $0 as? String }.filter { $0.hasSuffix(".log") }.map { file in
                let text = (try? String(contentsOfFile: "\(folder)/\(name)/\(file)", encoding: .utf8)) ?? ""
                return "== \(name)/\(file)\n\(text.suffix(1500))"
            }.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private func number(_ name: String) throws -> Int { try #require(names.firstIndex(of: name)) + 1 }
    private func near(_ name: String) throws -> String { "mun\(tag)-\(try number(name))" }
    private func space(_ name: String) -> String { "muster-\(tag)-\(name)" }

    private func begin(withSystemd: Bool) async throws {
        try await Tool.run("ip", "link", "add", bridge, "type", "bridge")
        try await Tool.run("ip", "addr", "add", "\(home)/24", "dev", bridge)
        try await Tool.run("ip", "link", "set", bridge, "up")
        // The package's service makes it; nobody starts that here.
        try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        try await Tool.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/key")
        var client = ""
        var known = ""
        for name in names {
            let address = "\(network).\(try number(name))"
            try await join(name, address)
            let own = "\(folder)/\(name)"
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            try await Tool.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(own)/host_key")
            try configure(name, address)
            try await withSystemd ? boot(name) : serve(name)
            let log = "\(own)/sshd.log"
            try await #expect(
                eventually { ((try? text(log)) ?? "").contains("Server listening") }, "\((try? text(log)) ?? "no log")")
            known += "\(address) \(try text("\(folder)/\(name)/host_key.pub"))"
            client += """
                Host \(name)
                  HostName \(address)
                  User \(NSUserName())
                  IdentityFile \(folder)/key
                  IdentitiesOnly yes
                  UserKnownHostsFile \(folder)/known_hosts
                  StrictHostKeyChecking yes

                """
        }
        try write("known_hosts", known)
        try write("ssh_config", client)
    }

    private func join(_ name: String, _ address: String) async throws {
        let far = "muf\(tag)-\(try number(name))"
        try await Tool.run("ip", "netns", "add", space(name))
        try await Tool.run("ip", "link", "add", try near(name), "type", "veth", "peer", "name", far)
        try await Tool.run("ip", "link", "set", far, "netns", space(name))
        try await Tool.run("ip", "link", "set", try near(name), "master", bridge, "up")
        try await Tool.run("ip", "-n", space(name), "addr", "add", "\(address)/24", "dev", far)
        for device in ["lo", far] { try await Tool.run("ip", "-n", space(name), "link", "set", device, "up") }
    }

    private func configure(_ name: String, _ address: String) throws {
        let own = "\(folder)/\(name)"
        try write(
            "\(name)/sshd_config",
            """
            ListenAddress \(address)
            HostKey \(own)/host_key
            PidFile none
            AuthorizedKeysFile \(folder)/key.pub
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PermitRootLogin prohibit-password
            SetEnv MUSTER_STATE=\(state(of: name))

            """)
    }

    private func boot(_ name: String) async throws {
        let machine = try await SystemdHost.begin(
            sharing: folder, by: [try #require(Tool.find("nsenter")), "--net=/run/netns/\(space(name))"])
        machines.withLock { $0[name] = machine }
        try machine.write(
            "/etc/systemd/system/ssh.service",
            """
            [Service]
            ExecStart=\(try #require(Tool.find("sshd"))) -D -e -f \(folder)/\(name)/sshd_config
            RuntimeDirectory=sshd
            KillMode=process
            StandardError=append:\(folder)/\(name)/sshd.log
            """)
        try await machine.systemctl("start", "ssh.service")
    }

    private func serve(_ name: String) async throws {
        let own = "\(folder)/\(name)"
        let log = "\(own)/sshd.log"
        let server = try ChildProcess(
            executable: try #require(Tool.find("ip")),
            arguments: [
                "netns", "exec", space(name), try #require(Tool.find("sshd")), "-D", "-e", "-f", "\(own)/sshd_config",
            ], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], standardOutput: .file(log, append: true),
            standardError: .file(log, append: true))
        servers.withLock { $0.append(server) }
    }

    private func end() async {
        for machine in machines.withLock({ $0.values }) { await machine.end() }
        for name in names {
            // Supervisors start what is killed beside them: until a look finds nobody.
            _ = try? await eventually(within: .seconds(20), every: .milliseconds(50)) {
                let found = try await Tool.run("ip", "netns", "pids", space(name))
                let pids = found.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
                for pid in pids { kill(pid, SIGKILL) }
                for server in servers.withLock({ $0 }) { _ = server.waitOnThisThread(within: .zero) }
                return pids.isEmpty
            }
            _ = try? await Tool.run("ip", "netns", "del", space(name))
            if let near = try? near(name) { _ = try? await Tool.run("ip", "link", "del", near) }
        }
        for server in servers.withLock({ $0 }) { server.killAndReap() }
        _ = try? await Tool.run("ip", "link", "del", bridge)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }
}
