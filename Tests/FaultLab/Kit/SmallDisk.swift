import Foundation

/// A small file system in memory that can be filled and freed again.
struct SmallDisk: Sendable {
    let path: String

    /// Mounts it on a new folder.
    init(path: String, megabytes: Int) async throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try await Tool.run("mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path)
    }

    func fill() {
        guard FileManager.default.createFile(atPath: path + "/ballast", contents: nil),
            let handle = FileHandle(forWritingAtPath: path + "/ballast")
        else { return }
        defer { try? handle.close() }
        for size in [1 << 20, 1 << 12, 1] {
            while (try? handle.write(contentsOf: Data(count: size))) != nil {}
        }
    }

    func free() { try? FileManager.default.removeItem(atPath: path + "/ballast") }

    func unmount() async { _ = try? await Tool.run("umount", "--lazy", path) }
}
