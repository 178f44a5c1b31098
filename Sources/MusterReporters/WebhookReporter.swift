public import MusterKit

/// Posts each failure as one JSON object to an address: `job`, `type`, `queue`, `attempt`, `final`, `errorType`,
/// `message`, `build`, `host`, `session`, `at`.
///
/// What is answered with 429 or 503 is dropped, and so is what comes until `Retry-After` is over, or for a minute.
public struct WebhookReporter: ErrorReporter {
    public let name = "webhook"
    public let flushBound: Duration
    private let post: ReportPost

    /// - Parameters:
    ///   - url: where to post to, `http` or `https`. Redirects are not followed.
    ///   - headers: what each request carries as well, such as a token.
    ///   - timeout: for one report and its answer; default 5 s.
    ///   - flushBound: how long a stop waits for what is not sent; default 1 s.
    /// - Throws: ``MusterError`` where the address is none; its text does not repeat the address.
    public init(
        url: String, headers: [(String, String)] = [], timeout: Duration = .seconds(5),
        flushBound: Duration = .seconds(1)
    ) throws(MusterError) {
        post = try ReportPost(url: url, headers: headers, timeout: timeout, what: "the webhook")
        self.flushBound = flushBound
    }

    public func send(_ report: ErrorReport) async -> ReportOutcome { await post.send(Notice(report)) }

    private struct Notice: Encodable {
        let job, type, queue, errorType, message, build, host, session: String
        let attempt: Int
        let isFinal: Bool
        let at: Timestamp

        init(_ report: ErrorReport) {
            job = report.job
            type = report.type
            queue = report.queue
            errorType = report.errorType
            message = report.message
            build = "\(report.build)"
            host = report.host
            session = report.session
            attempt = report.attempt
            isFinal = report.isFinal
            at = report.at
        }

        private enum CodingKeys: String, CodingKey {
            case job, type, queue, errorType, message, build, host, session, attempt, at
            case isFinal = "final"
        }
    }
}
