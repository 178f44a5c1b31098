import Foundation
import MusterLaunch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What this machine must allow for a fault to be made.
public enum Capability: String, Sendable, CaseIterable {
    case smallDisks, cpuQuota, descriptorLimit, movableClocks, namespaces, sshHosts, liveSystemd

    /// Why it cannot be had here, or nil.
    public var missing: String? {
        switch self {
        case .smallDisks: Self.root ?? Self.program("mount")
        case .cpuQuota:
            Self.root
                ?? (CPUQuota.isThere ? nil : "there is no cgroup v1 folder \(CPUQuota.parent) with cpu.cfs_quota_us")
        case .descriptorLimit: Self.program("prlimit")
        case .movableClocks: Self.program("cc") ?? (Self.isLinux ? nil : "LD_PRELOAD is Linux' own")
        case .sshHosts:
            Self.root ?? (Self.isLinux ? nil : "there are no network namespaces")
                ?? Self.program("ip") ?? Self.program("ssh") ?? Self.program("sshd") ?? Self.noNetwork
        case .liveSystemd:
            Self.root
                ?? (FileManager.default.isExecutableFile(atPath: "/lib/systemd/systemd") ? nil : "there is no systemd")
                ?? Self.program("unshare") ?? Self.program("nsenter")
                ?? (Self.hasOwnCgroups ? nil : "no group can be made in /sys/fs/cgroup, or it is of an unknown kind")
                ?? Self.noOverlay
        case .namespaces:
            Self.root ?? Self.program("ip")
                ?? (FileManager.default.fileExists(atPath: "/dev/net/tun") ? nil : "there is no /dev/net/tun")
                ?? Self.noNetwork
        }
    }

    /// Says on standard error what will not be tried, and why.
    /// - Returns: whether everything needed is there.
    public static func allow(_ capabilities: [Capability], for name: String) -> Bool {
        let missing = capabilities.compactMap { capability in capability.missing.map { "\(capability.rawValue): \($0)" }
        }
        if missing.isEmpty { return true }
        FileHandle.standardError.write(
            Data("fault lab: SKIPPED \(name), because \(missing.joined(separator: "; "))\n".utf8))
        return false
    }

    private static var root: String? { geteuid() == 0 ? nil : "only root may" }

    /// The hybrid layout, or version 2 alone.
    private static var hasOwnCgroups: Bool {
        let root = "/sys/fs/cgroup"
        let files = FileManager.default
        if files.fileExists(atPath: root + "/cgroup.controllers") { return files.isWritableFile(atPath: root) }
        return ["unified", "systemd"].allSatisfy { files.isWritableFile(atPath: "\(root)/\($0)/cgroup.procs") }
    }

    /// Why this machine's disk cannot be shown to namespaces of their own, as containers may forbid it.
    private static var noOverlay: String? {
        let mounts =
            "mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w && mount -t overlay"
            + " -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w overlay /mnt"
        return failure(
            of: "unshare", ["--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "sh", "-c", mounts])
    }

    /// Why no network can be made beside this machine's: root in a container may lack the right to.
    private static var noNetwork: String? {
        let make = "ip netns add $0 && { ip -n $0 link add mubr type bridge; code=$?; ip netns del $0; exit $code; }"
        return failure(of: "sh", ["-c", make, "muster-try-\(getpid())"])
    }

    /// What a command said that failed.
    private static func failure(of program: String, _ arguments: [String]) -> String? {
        guard
            let run = try? CollectedRun(
                executable: Tool.find(program) ?? "", arguments: arguments.map { Array($0.utf8) },
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        else { return "\(program) cannot be started" }
        let words = String(decoding: run.errors, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return run.termination == .exited(0) ? nil : "\(program): " + words.replacing("\n", with: " ")
    }

    private static func program(_ name: String) -> String? {
        Tool.find(name) == nil ? "the program \(name) is missing" : nil
    }

    private static var isLinux: Bool {
        #if os(Linux)
            true
        #else
            false
        #endif
    }
}
