import Foundation

/// Lets a process have only a part of one processor: a control group of its own (cgroup v1).
public struct CPUQuota: Sendable {
    static let parent = "/sys/fs/cgroup/cpu"
    static var isThere: Bool { FileManager.default.fileExists(atPath: parent + "/cpu.cfs_quota_us") }

    private let group: String
    private let process: Int32

    /// - Parameter percent: of one processor.
    /// - Throws: when the group cannot be made.
    init(process: Int32, percent: Int) throws {
        self.process = process
        group = "\(Self.parent)/muster-lab-\(process)"
        try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: true)
        try Self.write("100000", to: group + "/cpu.cfs_period_us")
        try Self.write(String(percent * 1000), to: group + "/cpu.cfs_quota_us")
        try Self.write(String(process), to: group + "/cgroup.procs")
    }

    /// Gives the process back what it had, and removes the group.
    func lift() {
        try? Self.write(String(process), to: Self.parent + "/cgroup.procs")
        rmdir(group)
    }

    // One write(2) to a file that is there: a control file is neither created nor truncated.
    private static func write(_ text: String, to path: String) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        try handle.write(contentsOf: Data(text.utf8))
    }
}
