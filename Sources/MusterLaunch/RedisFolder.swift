import Foundation

/// The folder a private server lives in, and the files in it.
struct RedisFolder: Sendable {
    let path: String
    /// Made by ``temporary()``, so nobody else's: it is removed with the server.
    let isTemporary: Bool

    var socket: String { "\(path)/redis.sock" }
    var log: String { "\(path)/redis.log" }
    private var pidFile: String { "\(path)/redis.pid" }

    static func temporary() throws(LaunchError) -> RedisFolder {
        RedisFolder(path: try TemporaryFolder.make(), isTemporary: true)
    }

    /// The folder at `path`, made where it is missing; a relative path starts at this process's directory.
    static func existing(_ path: String) throws(LaunchError) -> RedisFolder {
        let absolute = URL(fileURLWithPath: path).standardizedFileURL.path
        var made = ""
        for part in absolute.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
                throw LaunchError.system(doing: "make the folder \(made)", code: errno)
            }
        }
        return RedisFolder(path: absolute, isTemporary: false)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The process id that a running server wrote down.
    func writtenPid() -> Int32? {
        guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8) else { return nil }
        return Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// What the server wrote to its log after its first `offset` bytes.
    func logText(after offset: Int) -> String {
        guard let bytes = FileManager.default.contents(atPath: log) else { return "" }
        return String(decoding: bytes.dropFirst(offset), as: UTF8.self)
    }

    var logSize: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: log)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }

    func arguments(for options: PrivateRedisOptions, port: Int?) -> [String] {
        [
            "--port", port.map(String.init) ?? "0", "--bind", "127.0.0.1",
            "--unixsocket", socket, "--unixsocketperm", "700",
            "--dir", path, "--logfile", log, "--pidfile", pidFile, "--daemonize", "no",
            "--appendonly", options.appendOnly ? "yes" : "no", "--save", "",
            "--maxmemory-policy", "noeviction",
        ] + options.extraArguments
    }
}
