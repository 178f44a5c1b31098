import Foundation

/// A wall clock that can be moved while its process runs; see `Shim/wallskew.c`.
struct MovableClock: Sendable {
    private let library: String
    private let file: String

    /// Compiles the shim into the folder, where that has not been done.
    init(folder: String, name: String) async throws {
        library = folder + "/wallskew.so"
        file = "\(folder)/\(name).skew"
        if !FileManager.default.fileExists(atPath: library) {
            try Data(PackageResources.wallskew_c).write(to: URL(fileURLWithPath: folder + "/wallskew.c"))
            try await Tool.run("cc", "-shared", "-fPIC", "-O2", "-o", library, folder + "/wallskew.c")
        }
        try move(by: 0)
    }

    func move(by seconds: Int) throws {
        // Renamed into place: nobody may read half a number.
        try Data(String(seconds).utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
    }

    var environment: [String: String] { ["LD_PRELOAD": library, "WALLSKEW_FILE": file] }
}
