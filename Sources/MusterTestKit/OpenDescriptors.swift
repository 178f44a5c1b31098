import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// This process's open descriptors at one moment: for a test that nothing leaves one behind.
///
/// Only in a process of its own (an exit test), where nothing else opens and closes meanwhile. Allow for a few: the
/// runtime opens some of its own when it first needs them, at no certain moment, and keeps them. What leaks, leaks
/// with each repetition.
public struct OpenDescriptors: Sendable {
    /// What each is, where the system tells.
    private let all: [Int32: String]

    /// Looks now.
    public init() {
        var all: [Int32: String] = [:]
        for descriptor in 0..<min(getdtablesize(), 65_536) where fcntl(descriptor, F_GETFD) >= 0 {
            let link = "/proc/self/fd/\(descriptor)"
            all[descriptor] = (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? "?"
        }
        self.all = all
    }

    public var count: Int { all.count }

    /// Those that were not open, or were something else, at an earlier moment.
    public func since(_ earlier: OpenDescriptors) -> String {
        all.filter { earlier.all[$0.key] != $0.value }.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}
