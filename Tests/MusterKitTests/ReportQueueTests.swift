import Logging
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// A reporter that is slow, throttled or gone costs reports, and nothing else.
@Suite(.timeLimit(.minutes(1))) struct ReportQueueTests {
    /// A receiver whose answers the test says.
    private final class Receiver: ErrorReporter {
        let name = "receiver"
        let flushBound: Duration
        let gate = Gate()
        let got = Mutex<[ErrorReport]>([])
        let answer: @Sendable (Int) -> ReportOutcome

        init(
            flushBound: Duration = .milliseconds(100),
            _ answer: @escaping @Sendable (Int) -> ReportOutcome = { _ in .sent }
        ) {
            self.flushBound = flushBound
            self.answer = answer
        }

        var count: Int { got.withLock { $0.count } }

        func send(_ report: ErrorReport) async -> ReportOutcome {
            let count = got.withLock { got in
                got.append(report)
                return got.count
            }
            try? await gate.pass()
            return answer(count)
        }
    }

    private let book = LogBook()

    private func report(_ number: Int, message: String = "no") throws -> ErrorReport {
        ErrorReport(
            job: "j\(number)", type: "t", queue: "q", attempt: 1, isFinal: false, errorType: "E", message: message,
            build: try build(5), host: "h", session: "s", at: .here)
    }

    private func queue(_ receiver: Receiver) -> ReportQueue {
        let queue = ReportQueue(receiver, logger: book.logger)
        queue.start()
        return queue
    }

    @Test func reportsAreSentInOrder() async throws {
        let receiver = Receiver()
        receiver.gate.open()
        let queue = queue(receiver)
        for number in 0..<600 { queue.offer(try report(number)) }
        await queue.flush()
        #expect(receiver.got.withLock { $0.map(\.job) } == (0..<600).map { "j\($0)" })
        #expect(queue.sent == 600 && queue.dropped == 0)
        queue.end()
    }

    @Test func whatFindsTheQueueFullIsDroppedAndCounted() async throws {
        let receiver = Receiver()
        let queue = queue(receiver)
        queue.offer(try report(0))
        #expect(try await eventually { receiver.count == 1 })
        for number in 1...ReportQueue.mostReports + 7 { queue.offer(try report(number)) }
        #expect(queue.dropped == 7)
        #expect(book.count(.warning, "error reports are dropped") >= 1)
        queue.end()
        #expect(queue.dropped == 7 + ReportQueue.mostReports + 1, "and at the end all that is not sent")
        #expect(book.count(.warning, "error reports of this worker") == 1)
        receiver.gate.open()
    }

    @Test func bytesAreBoundedToo() async throws {
        let receiver = Receiver()
        let queue = queue(receiver)
        queue.offer(try report(0))
        #expect(try await eventually { receiver.count == 1 })
        let text = String(repeating: "x", count: 2048)
        for number in 1...ReportQueue.mostReports { queue.offer(try report(number, message: text)) }
        #expect(queue.dropped > ReportQueue.mostReports / 2 - 100)
        queue.end()
        receiver.gate.open()
    }

    @Test func aThrottlingReceiverGetsNothingUntilItsSilenceIsOver() async throws {
        let receiver = Receiver { $0 == 1 ? .throttled(.seconds(3600)) : .sent }
        let queue = queue(receiver)
        for number in 0..<10 { queue.offer(try report(number)) }
        #expect(try await eventually { receiver.count == 1 })
        receiver.gate.open()
        await queue.flush()
        #expect(queue.dropped == 10)
        queue.offer(try report(11))
        #expect(queue.dropped == 11)
        #expect(receiver.count == 1)
        queue.end()
    }

    @Test func afterTheSilenceItSendsAgain() async throws {
        let receiver = Receiver { $0 == 1 ? .throttled(.zero) : .sent }
        receiver.gate.open()
        let queue = queue(receiver)
        queue.offer(try report(0))
        await queue.flush()
        queue.offer(try report(1))
        await queue.flush()
        #expect(queue.sent == 1 && queue.dropped == 1)
        queue.end()
    }

    @Test func aFailureCostsThatReportOnly() async throws {
        let receiver = Receiver { $0 == 2 ? .failed("refused") : .sent }
        receiver.gate.open()
        let queue = queue(receiver)
        for number in 0..<3 { queue.offer(try report(number)) }
        await queue.flush()
        #expect(queue.sent == 2 && queue.dropped == 1)
        queue.end()
    }

    @Test func aWorkersFailuresAreReportedWithoutTheirPayloads() async throws {
        struct Broken: Error {}
        try await withGround { ground in
            let receiver = Receiver(flushBound: .seconds(20))
            receiver.gate.open()
            var known = Handlers()
            known.register(type: "t") { _ in throw Broken() }
            var options = WorkerOptions(queues: ["q"], reporters: [receiver], host: "h")
            options.crashLimit = 3
            try await ground.enqueue(["j"], retries: 0)
            try await withWorker(ground.worker(options: options, handlers: known)) {
                try await ground.wait(for: "j", toBe: .dead)
            }
            let reports = receiver.got.withLock { $0 }
            #expect(reports.map(\.job) == ["j"])
            let report = try #require(reports.first)
            #expect(report.errorType == "Broken" && report.isFinal && report.attempt == 1)
            #expect(report.host == "h" && report.queue == "q" && report.type == "t")
            #expect(try report.build == build(5))
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            #expect(try await inspector.workers().first?.reportsSent == 1)
        }
    }

    @Test func aReporterThatHangsKeepsNoWorker() async throws {
        struct Broken: Error {}
        try await withGround { ground in
            let receiver = Receiver()
            var known = Handlers()
            known.register(type: "t") { _ in throw Broken() }
            try await ground.enqueue(["a", "b"], retries: 0)
            try await withWorker(
                ground.worker(options: WorkerOptions(queues: ["q"], reporters: [receiver]), handlers: known)
            ) {
                for id in ["a", "b"] { try await ground.wait(for: id, toBe: .dead) }
                #expect(try await eventually { receiver.count == 1 })
            }
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            let entry = try #require(try await inspector.workers().first)
            #expect(entry.exitPhase == "overran hook receiver")
            #expect(entry.reportsDropped == 2)
            receiver.gate.open()
        }
    }
}
