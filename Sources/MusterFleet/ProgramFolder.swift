import Foundation

/// Programs that were sent to this host, `DIGEST/NAME` each. What no release leads to and nobody has asked for within
/// a month is removed, so that a deploy a day does not fill the disk.
struct ProgramFolder {
    static let name = ".programs"
    private static let patience: TimeInterval = 30 * 86_400

    let path: String

    /// - Returns: nil where a program does not lie in such a folder.
    init?(of program: String) {
        let folder = URL(fileURLWithPath: program).deletingLastPathComponent().deletingLastPathComponent()
        guard folder.lastPathComponent == Self.name else { return nil }
        path = folder.path
    }

    /// - Parameter now: the time.
    func tidy(now: Date = .now) {
        let used = linked()
        for digest in names(path) {
            for program in names("\(path)/\(digest)") {
                let file = "\(path)/\(digest)/\(program)"
                let asked = (try? FileManager.default.attributesOfItem(atPath: file))?[.modificationDate] as? Date
                guard !used.contains(file), let asked, now.timeIntervalSince(asked) > Self.patience else { continue }
                try? FileManager.default.removeItem(atPath: file)
                // Only where nothing else is in it.
                rmdir("\(path)/\(digest)")
            }
        }
    }

    /// What the releases and the units of all groups of all namespaces lead to.
    private func linked() -> Set<String> {
        let root = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var used: Set<String> = []
        for namespace in names(root) where namespace != Self.name {
            for group in names("\(root)/\(namespace)") {
                let unit = GroupFolder(path: "\(root)/\(namespace)/\(group)").supervisorPath
                if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: unit) { used.insert(target) }
                let releases = "\(root)/\(namespace)/\(group)/releases"
                for release in names(releases) {
                    let own = "\(releases)/\(release)/\(ReleaseFolder.own)"
                    for name in names(own) {
                        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(own)/\(name)")
                        if let target { used.insert(target) }
                    }
                }
            }
        }
        return used
    }

    private func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
}
