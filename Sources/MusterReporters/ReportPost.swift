import AsyncHTTPClient
import Foundation
import MusterKit
import NIOCore
import NIOHTTP1

/// Sends JSON documents to one address, and reads from the answer what became of them.
struct ReportPost: Sendable {
    /// One client for all reporters of a process: it lives as long as that, and has connections only where it is used.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        // A redirect could lead a key, or a failure's text, to a stranger.
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// A receiver that says no time is left alone for so long.
    static let usualSilence = Duration.seconds(60)

    private let url: String
    private let headers: HTTPHeaders
    private let timeout: Duration

    /// - Throws: ``MusterError`` where the address is none of `http` or `https`; it does not repeat it, for an address can
    ///   be a secret.
    init(url: String, headers: [(String, String)], timeout: Duration, what: String) throws(MusterError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), parts.host?.isEmpty == false
        else {
            throw MusterError(.invalidValue, "the address of \(what) is no http:// or https:// URL")
        }
        self.url = url
        self.headers = HTTPHeaders([("Content-Type", "application/json"), ("User-Agent", "muster")] + headers)
        self.timeout = timeout
    }

    func send(_ document: some Encodable) async -> ReportOutcome {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? encoder.encode(document) else { return .failed("it cannot be written as JSON") }
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = headers
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let milliseconds = Int64(timeout / .milliseconds(1))
            let response = try await Self.client.execute(request, timeout: .milliseconds(milliseconds))
            // What is read to its end leaves a connection that can be used again.
            _ = try? await response.body.collect(upTo: 64 << 10)
            return Self.outcome(
                status: Int(response.status.code), retryAfter: response.headers.first(name: "Retry-After"), now: Date())
        } catch {
            return .failed(String("\(error)".prefix(200)))
        }
    }

    /// - Parameters:
    ///   - retryAfter: seconds, or a date of this machine's clock.
    static func outcome(status: Int, retryAfter: String?, now: Date) -> ReportOutcome {
        switch status {
        case 200..<300: .sent
        case 429, 503: .throttled(retryAfter.flatMap { silence($0, now) } ?? usualSilence)
        default: .failed("the receiver answered \(status)")
        }
    }

    private static func silence(_ text: String, _ now: Date) -> Duration? {
        let word = text.trimmingCharacters(in: .whitespaces)
        if let seconds = Int(word) { return .seconds(min(max(0, seconds), 86_400)) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        guard let date = format.date(from: word) else { return nil }
        return .seconds(min(max(0, date.timeIntervalSince(now)), 86_400))
    }
}
