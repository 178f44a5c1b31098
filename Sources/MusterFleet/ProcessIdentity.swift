import Foundation

/// Names a process beyond its id, which the system gives to another one later: with the time at which it began.
public struct ProcessIdentity: Sendable, Hashable, Codable {
    public let pid: Int32
    /// In the system's own unit, since its boot.
    private let began: UInt64
    /// Two boots count from the same zero.
    private let boot: String

    /// - Returns: nil where no such process runs; one that has ended and was not collected runs no more.
    public init?(of pid: Int32) {
        guard let fields = Self.fields(of: pid), fields.count > 19, fields[0] != "Z", fields[0] != "X",
            let began = UInt64(fields[19])
        else { return nil }
        self.pid = pid
        self.began = began
        boot = Self.thisBoot
    }

    /// Whether this very process runs still.
    public var isAlive: Bool { ProcessIdentity(of: pid) == self }

    /// The memory that only it holds, in bytes; nil where it runs no more or the system does not say.
    public var residentBytes: Int? {
        guard isAlive, let text = Self.text("/proc/\(pid)/statm") else { return nil }
        let pages = text.split(separator: " ").compactMap { Int($0) }
        guard pages.count > 2 else { return nil }
        // Without the pages of files, which it shares with every process of the same program.
        return max(0, pages[1] - pages[2]) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// What the process began with as the value of an environment variable; nil where it had none, and where this user
    /// may not look.
    static func variable(_ name: String, of pid: Int32) -> String? {
        text("/proc/\(pid)/environ")?.split(separator: "\0").first { $0.hasPrefix(name + "=") }.map {
            String($0.dropFirst(name.utf8.count + 1))
        }
    }

    /// Older first.
    static func isOlder(_ left: ProcessIdentity, _ right: ProcessIdentity) -> Bool {
        (left.began, left.pid) < (right.began, right.pid)
    }

    /// What follows the program's name, which may hold anything, in `/proc/PID/stat`.
    private static func fields(of pid: Int32) -> [Substring]? {
        guard let text = text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static let thisBoot =
        text("/proc/sys/kernel/random/boot_id")?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""

    private static func text(_ path: String) -> String? {
        // The kernel makes these files while they are read: their size is no guide.
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        return (try? file.readToEnd()).map { String(decoding: $0, as: UTF8.self) }
    }
}
