/// Where a server listens: `HOST:PORT`, `[::1]:PORT`.
public struct ListenAddress: Sendable {
    public let host: String
    public let port: Int

    /// - Parameter option: the option that it was given with, for the error.
    /// - Throws: ``CommandFailure`` of a usage error where the text is no address.
    public init(_ text: String, option: String = "--listen") throws(CommandFailure) {
        let colon = text.lastIndex(of: ":") ?? text.startIndex
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        let digits = text[colon...].dropFirst()
        guard !host.isEmpty, digits.allSatisfy(\.isNumber), let port = Int(digits), (0...65535).contains(port),
            !text[..<colon].contains(":") || text.hasPrefix("[")
        else {
            throw CommandFailure(
                .usage, "\(option) \(text) is not an address; write it like 127.0.0.1:8080, and 0 for any free port")
        }
        self.host = String(host)
        self.port = port
    }

    /// Whether only programs on this machine reach it.
    public var isLoopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "::1"
            || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// As it stands in a URL.
    public func url(port: Int) -> String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
