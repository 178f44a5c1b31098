public import MusterKit

/// Sends each failure to Honeybadger's notices API. The class is the Swift type of what was thrown, the component the
/// queue, the action the job's type; job, attempt, build and session are its context. There is no backtrace: Swift's
/// errors carry none.
///
/// What is answered with 429 or 503 is dropped, and so is what comes until `Retry-After` is over, or for a minute.
public struct HoneybadgerReporter: ErrorReporter {
    public let name = "honeybadger"
    public let flushBound: Duration
    private let post: ReportPost
    private let environment: String?

    /// - Parameters:
    ///   - key: the project's API key.
    ///   - url: Honeybadger's address, or that of a stand-in; default `https://api.honeybadger.io`.
    ///   - environment: Honeybadger's name for where this runs, such as `production`; default none.
    ///   - timeout: for one report and its answer; default 5 s.
    ///   - flushBound: how long a stop waits for what is not sent; default 1 s.
    /// - Throws: ``MusterError`` where the address is none.
    public init(
        key: String, url: String = "https://api.honeybadger.io", environment: String? = nil,
        timeout: Duration = .seconds(5), flushBound: Duration = .seconds(1)
    ) throws(MusterError) {
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        post = try ReportPost(
            url: base + "/v1/notices", headers: [("X-API-Key", key), ("Accept", "application/json")],
            timeout: timeout, what: "honeybadger")
        self.environment = environment
        self.flushBound = flushBound
    }

    public func send(_ report: ErrorReport) async -> ReportOutcome {
        await post.send(HoneybadgerNotice(report, environment: environment))
    }
}
