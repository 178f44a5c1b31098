import Foundation
import MusterLaunch

/// A folder of its own under `/tmp`, with a short name because unix socket paths are limited, for the proxy's socket.
struct ProxyFolder: Sendable {
    private let path: String

    var socket: String { "\(path)/proxy.sock" }

    init() throws(LaunchError) {
        var template = Array("/tmp/muster-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LaunchError.system(doing: "make a folder in /tmp", code: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
