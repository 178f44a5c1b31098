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
    /// However soon it says: a nought, or a time that is over by this machine's clock, would be no silence at all.
    private static let leastSilence = 1

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
        let answer = AnswerHead()
        do {
            let request = try HTTPClient.Request(
                url: url, method: .POST, headers: headers, body: .byteBuffer(ByteBuffer(bytes: body)))
            // The deadline holds to the end of the body, and is kept by the threads that do the network's work, as is
            // the cancellation: handlers may have every thread of Swift's pool.
            let task = Self.client.execute(
                request: request, delegate: answer, deadline: .now() + .milliseconds(Int64(timeout / .milliseconds(1))))
            try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
        } catch {
            // The head decides, whatever becomes of the body.
            guard answer.head != nil else { return .failed(PostFailure.text(error)) }
        }
        guard let head = answer.head else { return .failed("there was no answer") }
        return Self.outcome(
            status: Int(head.status.code), retryAfter: head.headers.first(name: "Retry-After"), now: Date())
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
        if let seconds = Int(word) { return .seconds(min(max(leastSilence, seconds), 86_400)) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        guard let date = format.date(from: word) else { return nil }
        return .seconds(min(max(Double(leastSilence), date.timeIntervalSince(now)), 86_400))
    }
}
