import Foundation

/// The releases of a group on a host to which its files are sent.
///
/// 1. Each release is a folder of its own, `releases/N`, which is never changed: what runs keeps what it was started from.
/// 2. The link `current` leads to the newest. Workers are started through it, so the next start takes the newest, and a
///    worker that looks for a newer build on its disk finds it.
/// 3. The last five stay, and each that a worker runs in: it has not been rolled.
struct ReleaseFolder {
    let group: GroupFolder
    private static let kept = 5
    /// Holds the link to the program; no file that is sent may have this name.
    static let own = ".muster"

    private var releases: String { "\(group.path)/releases" }
    var current: String { "\(group.path)/current" }

    /// The program of a release, by way of the link.
    func program(of release: ShippedRelease) -> String { "\(current)/\(Self.own)/\(Self.name(release.program))" }

    /// Puts a release in place; does nothing where it is the current one.
    /// - Throws: ``FleetError`` for a path that leads out of the folder, or what the file system says.
    func put(_ release: ShippedRelease) throws {
        for file in release.files {
            let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
            guard !parts.isEmpty, !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }),
                parts[0] != Self.own
            else { throw FleetError("\(file.path) is no path that may be sent") }
        }
        if holds(release) { return }
        let number = try next()
        let folder = "\(releases)/\(number)"
        do {
            try write(release, in: folder)
        } catch {
            // What is there of it would count among the five.
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
        let fresh = "\(current).\(getpid())"
        try? FileManager.default.removeItem(atPath: fresh)
        try FileManager.default.createSymbolicLink(atPath: fresh, withDestinationPath: "releases/\(number)")
        guard rename(fresh, current) == 0 else {
            throw FleetError("\(current) cannot be set: \(String(cString: strerror(errno)))")
        }
        let used = used()
        for old in numbers.dropLast(Self.kept) where !used.contains(old) {
            try? FileManager.default.removeItem(atPath: "\(releases)/\(old)")
        }
    }

    /// In which workers run.
    private func used() -> Set<Int> {
        Set(
            PlaceMark.processes(in: group).compactMap {
                Self.release(of: $0.process.pid).flatMap { Int($0.lastPathComponent) }
            })
    }

    /// Whether a process runs in a release that is not the current one.
    func isOutdated(_ pid: Int32) -> Bool {
        guard let directory = Self.release(of: pid), let target = realpath(current, nil) else { return false }
        defer { free(target) }
        return directory.path != String(cString: target)
    }

    /// The release that a process runs in; nil for none.
    private static func release(of pid: Int32) -> URL? {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd") else {
            return nil
        }
        let directory = URL(fileURLWithPath: path)
        return directory.deletingLastPathComponent().lastPathComponent == "releases" ? directory : nil
    }

    private var numbers: [Int] {
        ((try? FileManager.default.contentsOfDirectory(atPath: releases)) ?? []).compactMap { Int($0) }.sorted()
    }

    private static func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }

    /// Making the folder is the claim to its number: whoever else sends one now gets the next.
    private func next() throws -> Int {
        try FileManager.default.createDirectory(atPath: releases, withIntermediateDirectories: true)
        var number = (numbers.last ?? 0) + 1
        while mkdir("\(releases)/\(number)", 0o700) != 0 {
            guard errno == EEXIST else {
                throw FleetError("\(releases)/\(number) cannot be made: \(String(cString: strerror(errno)))")
            }
            number += 1
        }
        return number
    }

    private func write(_ release: ShippedRelease, in folder: String) throws {
        for file in release.files { try write(file, in: folder) }
        try FileManager.default.createDirectory(atPath: "\(folder)/\(Self.own)", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/\(Self.own)/\(Self.name(release.program))", withDestinationPath: release.program)
    }

    private func write(_ file: ShippedFile, in folder: String) throws {
        let path = "\(folder)/\(file.path)"
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
        if let link = file.link {
            return try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: link)
        }
        let mode = file.isExecutable ? 0o700 : 0o600
        guard
            FileManager.default.createFile(
                atPath: path, contents: file.data, attributes: [.posixPermissions: mode])
        else { throw FleetError("\(path) cannot be written") }
    }

    /// Held against the disk, not against a note: a file that somebody changed there is sent again.
    private func holds(_ release: ShippedRelease) -> Bool {
        let link = "\(current)/\(Self.own)/\(Self.name(release.program))"
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == release.program else {
            return false
        }
        let found = (FileManager.default.enumerator(atPath: "\(current)/.")?.allObjects ?? []).compactMap {
            $0 as? String
        }
        let files = found.filter { path in
            let type = try? FileManager.default.attributesOfItem(atPath: "\(current)/\(path)")[.type]
            return type as? FileAttributeType != .typeDirectory && !path.hasPrefix(Self.own + "/")
        }
        guard Set(files) == Set(release.files.map(\.path)) else { return false }
        return release.files.allSatisfy { file in
            let path = "\(current)/\(file.path)"
            if let link = file.link {
                return (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == link
            }
            return FileManager.default.contents(atPath: path) == file.data
                && FileManager.default.isExecutableFile(atPath: path) == file.isExecutable
        }
    }
}
