import Foundation

/// Where this very program lies, so that it can start itself as a worker, a producer or a relay.
enum OwnPath {
    static var program: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? Bundle.main.executablePath
            ?? CommandLine.arguments[0]
    }
}
