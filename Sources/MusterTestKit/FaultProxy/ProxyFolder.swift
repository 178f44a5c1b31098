import Foundation
import MusterLaunch

/// A folder of its own for the proxy's socket.
struct ProxyFolder: Sendable {
    private let path: String

    var socket: String { "\(path)/proxy.sock" }

    init() throws(LaunchError) {
        path = try TemporaryFolder.make()
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
