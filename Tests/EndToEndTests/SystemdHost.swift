import FaultKit
import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// A machine with a systemd that runs: see `Tests/systemd-host.sh`. Its disk is a copy of this machine's that is thrown
/// away, its network that of whoever started it. `muster` and `muster-worker` lie in its `/usr/bin`.
final class SystemdHost: Sendable {
    /// Its process 1, as this machine calls it.
    let pid: Int32
    private let folder: String
    private let keeper: ChildProcess

    /// Whether this machine can have such a one; it says why where not.
    static let isThere = Capability.allow([.liveSystemd], for: "units under a systemd that runs")

    /// The repository.
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]

    /// Nothing of it is left when the body ends, or this process, or five minutes are over.
    ///
    /// - Parameter folder: of this machine, where it can be seen and written to, too.
    static func with(sharing folder: String, _ body: (SystemdHost) async throws -> Void) async throws {
        let host = try await begin(sharing: folder)
        do {
            try await body(host)
        } catch {
            await host.end()
            throw error
        }
        await host.end()
    }

    /// - Parameter launcher: what stands before the command, to begin it in a network of its own.
    static func begin(sharing shared: String, by launcher: [String] = []) async throws -> SystemdHost {
        let folder = try TemporaryFolder.make("muster-systemd")
        let programs = ["muster", "muster-worker"].map { "\(Cluster.binaries)/\($0)=/usr/bin/\($0)" }
        let words =
            launcher + ["/bin/sh", "\(repository)/Tests/systemd-host.sh", folder, "300", "\(shared)=\(shared)"]
            + programs
        let log = StandardStream.file("\(folder)/log", append: true)
        let keeper = try ChildProcess(
            executable: words[0], arguments: Array(words.dropFirst()), environment: environment, standardInput: .pipe,
            standardOutput: log, standardError: log)
        var pid: Int32?
        let hasBegun = try await eventually(within: .seconds(60)) {
            pid = (try? String(contentsOfFile: "\(folder)/pid", encoding: .utf8)).flatMap {
                Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
            return pid != nil
        }
        let host = SystemdHost(pid ?? 0, folder, keeper)
        // Degraded: something of this machine's that does not matter here.
        var isUp = false
        if hasBegun {
            isUp = try await eventually(within: .seconds(60)) {
                try await ["running", "degraded"].contains(host.run("systemctl", "is-system-running"))
            }
        }
        if !isUp {
            let said = (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? ""
            await host.end()
            throw LabError("no systemd began: \(said)")
        }
        return host
    }

    private init(_ pid: Int32, _ folder: String, _ keeper: ChildProcess) {
        (self.pid, self.folder, self.keeper) = (pid, folder, keeper)
    }

    func end() async {
        keeper.standardInput?.close()
        if await keeper.wait() != .exited(0) { Issue.record("the machine with systemd did not end as it should") }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What stands before a command that is to run in the machine.
    var door: [String] { ["/usr/bin/nsenter", "-t", "\(pid)", "-a"] }

    /// A file of the machine, as this one calls it.
    func path(_ path: String) -> String { "/proc/\(pid)/root\(path)" }

    func text(_ path: String) -> String { (try? String(contentsOfFile: self.path(path), encoding: .utf8)) ?? "" }

    /// Puts a file there, and the folders that it needs.
    func write(_ path: String, _ text: String, mode: Int = 0o644) throws {
        let path = self.path(path)
        try FileManager.default.createDirectory(
            atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    /// Runs a command there.
    /// - Returns: what it wrote, without the last line's end.
    @discardableResult
    func run(_ words: String...) async throws -> String {
        let door = door
        let run = try await DedicatedThread.run {
            Result {
                try CollectedRun(
                    executable: door[0], arguments: (door.dropFirst() + words).map { Array($0.utf8) },
                    environment: Self.environment)
            }
        }.get()
        return String(decoding: run.output + run.errors, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// An order to systemd that must succeed.
    func systemctl(_ words: String...) async throws {
        try await Tool.run("nsenter", Array(door.dropFirst()) + ["systemctl"] + words)
    }

    /// Makes a user, and starts a systemd of theirs, as it runs for somebody who is logged in.
    /// - Returns: their id.
    func add(user name: String) async throws -> String {
        // No password opens it, but it is not locked: a key does.
        try await Tool.run("nsenter", Array(door.dropFirst()) + ["useradd", "-m", "-s", "/bin/sh", "-p", "*", name])
        let id = try await run("id", "-u", name)
        try write(
            "/etc/systemd/system/\(name).service",
            """
            [Service]
            User=\(name)
            Type=notify
            RuntimeDirectory=user/\(id)
            Environment=XDG_RUNTIME_DIR=/run/user/\(id)
            ExecStart=/lib/systemd/systemd --user
            Delegate=yes
            """)
        try await systemctl("start", "\(name).service")
        return id
    }

    /// What systemd knows of a unit.
    func show(_ unit: String, _ property: String) async throws -> String {
        try await run("systemctl", "show", "--property=\(property)", "--value", unit)
    }
}
