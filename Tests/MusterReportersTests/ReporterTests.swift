import Foundation
import MusterTestKit
import Testing

@testable import MusterKit
@testable import MusterReporters

/// What the reporters send to a real server, and what they make of its answers.
@Suite(.timeLimit(.minutes(1))) struct ReporterTests {
    private func report() throws -> ErrorReport {
        ErrorReport(
            job: "j1", type: "mail.send", queue: "mail", attempt: 3, isFinal: true, errorType: "SMTPError",
            message: "no such host", build: try BuildStamp("1763700000-9f3c2ab"), host: "web-7", session: "web-7.1.ff",
            at: Timestamp(milliseconds: 1_763_700_000_123))
    }

    @Test func aWebhookGetsWhatFailedAndWhere() async throws {
        try await ReportServer.with { server in
            let reporter = try WebhookReporter(url: server.url("ok/x"), headers: [("X-Token", "t0ken")])
            #expect(await reporter.send(try report()) == .sent)
            let request = try #require(server.requests.first)
            #expect(request.path == "/ok/x")
            #expect(request.headers["x-token"] == "t0ken")
            #expect(request.headers["content-type"] == "application/json")
            let document = request.document
            let texts = [
                "job": "j1", "type": "mail.send", "queue": "mail", "errorType": "SMTPError", "message": "no such host",
                "build": "1763700000-9f3c2ab", "host": "web-7", "session": "web-7.1.ff",
                "at": "2025-11-21T04:40:00.123Z",
            ]
            #expect(document.compactMapValues { $0 as? String } == texts)
            #expect(document["attempt"] as? Int == 3)
            #expect(document["final"] as? Bool == true)
        }
    }

    @Test func honeybadgerGetsANotice() async throws {
        try await ReportServer.with { server in
            let reporter = try HoneybadgerReporter(key: "k3y", url: server.url("ok") + "/", environment: "staging")
            #expect(await reporter.send(try report()) == .sent)
            let request = try #require(server.requests.first)
            #expect(request.path == "/ok/v1/notices")
            #expect(request.headers["x-api-key"] == "k3y")
            let notice = request.document
            #expect((notice["notifier"] as? [String: Any])?["name"] as? String == "muster")
            let error = try #require(notice["error"] as? [String: Any])
            #expect(error["class"] as? String == "SMTPError")
            #expect(error["message"] as? String == "no such host")
            #expect(error["tags"] as? [String] == ["mail.send", "final"])
            #expect((error["backtrace"] as? [Any])?.isEmpty == true)
            let told = try #require(notice["request"] as? [String: Any])
            #expect(told["component"] as? String == "mail")
            #expect(told["action"] as? String == "mail.send")
            let context = try #require(told["context"] as? [String: Any])
            #expect(context["job"] as? String == "j1")
            #expect(context["attempt"] as? Int == 3)
            let place = try #require(notice["server"] as? [String: Any])
            #expect(place["hostname"] as? String == "web-7")
            #expect(place["revision"] as? String == "9f3c2ab")
            #expect(place["environment_name"] as? String == "staging")
        }
    }

    @Test(arguments: [429, 503]) func aThrottledReporterSaysForHowLong(_ status: Int) async throws {
        try await ReportServer.with { server in
            let reporter = try WebhookReporter(url: server.url("throttle-\(status)-120"))
            #expect(await reporter.send(try report()) == .throttled(.seconds(120)))
        }
    }

    @Test func aRefusalARedirectAndSilenceAreFailures() async throws {
        try await ReportServer.with { server in
            let refused = try WebhookReporter(url: server.url("throttle-403-1"))
            #expect(await refused.send(try report()) == .failed("the receiver answered 403"))
            let led = try WebhookReporter(url: server.url("redirect"))
            #expect(await led.send(try report()) == .failed("the receiver answered 307"))
            #expect(server.requests.map(\.path) == ["/throttle-403-1", "/redirect"], "no report goes elsewhere")
            let silent = try WebhookReporter(url: server.url("hang"), timeout: .milliseconds(100))
            guard case .failed = await silent.send(try report()) else {
                Issue.record("silence is a failure")
                return
            }
        }
    }

    @Test func theHeadOfAnAnswerDecidesThoughItsBodyNeverComes() async throws {
        try await ReportServer.with { server in
            let half = try WebhookReporter(url: server.url("half"), timeout: .seconds(3))
            #expect(await half.send(try report()) == .sent)
            #expect(await half.send(try report()) == .sent)
            let throttling = try WebhookReporter(url: server.url("half-429-120"), timeout: .seconds(3))
            #expect(await throttling.send(try report()) == .throttled(.seconds(120)))
            let refusing = try WebhookReporter(url: server.url("half-403-1"), timeout: .seconds(3))
            #expect(await refusing.send(try report()) == .failed("the receiver answered 403"))
        }
    }

    @Test func whatIsUnderWayEndsWhenItIsCancelled() async throws {
        try await ReportServer.with { server in
            let reporter = try WebhookReporter(url: server.url("hang"), timeout: .seconds(3600))
            let report = try report()
            let task = Task { await reporter.send(report) }
            #expect(try await eventually { server.requests.count == 1 })
            task.cancel()
            #expect(await task.value == .failed("it was cancelled"))
        }
    }

    @Test(arguments: [
        // Nobody listens on the first, and nobody has the second's name.
        ("http://127.0.0.1:1/s3cret", "the connection failed: Connection refused"),
        ("http://s3cret.invalid:8080/", "the receiver's name leads nowhere"),
    ])
    func aFailureNamesNoAddress(_ url: String, _ text: String) async throws {
        guard case .failed(let reason) = try await WebhookReporter(url: url).send(report()) else {
            Issue.record("nobody is there")
            return
        }
        #expect(!reason.contains("127.0.0.1") && !reason.contains("s3cret"), "\(reason)")
        // A resolver that does not answer at all says nothing of the name either.
        #expect([text, "there was no answer in time"].contains(reason))
    }

    @Test func retryAfterIsReadInBothItsForms() {
        let now = Date(timeIntervalSince1970: 1_763_700_000)
        func silence(_ text: String?) -> ReportOutcome { ReportPost.outcome(status: 429, retryAfter: text, now: now) }
        #expect(silence("7") == .throttled(.seconds(7)))
        #expect(silence("Fri, 21 Nov 2025 04:41:00 GMT") == .throttled(.seconds(60)))
        #expect(silence("Fri, 21 Nov 2025 04:39:00 GMT") == .throttled(.seconds(1)), "over, by this machine's clock")
        #expect(silence("0") == .throttled(.seconds(1)))
        #expect(silence("-5") == .throttled(.seconds(1)))
        #expect(silence("soon") == .throttled(.seconds(60)))
        #expect(silence(nil) == .throttled(.seconds(60)))
        #expect(silence("99999999999") == .throttled(.seconds(86_400)))
        #expect(ReportPost.outcome(status: 201, retryAfter: "7", now: now) == .sent)
    }

    @Test(arguments: ["", "example.org", "ftp://example.org", "http://"])
    func anAddressThatIsNoneIsRefusedAndNotRepeated(_ url: String) throws {
        let error = try #require(throws: MusterError.self) { try WebhookReporter(url: url) }
        #expect(error.code == .invalidValue)
        #expect(error.message == "the address of the webhook is no http:// or https:// URL")
    }
}
