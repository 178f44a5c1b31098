import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct TimeoutTests {
    struct Broken: Error {}

    private func worker(_ ground: Ground, retry: RetryPolicy, _ body: @escaping Handlers.Raw) throws -> Worker {
        var handlers = Handlers()
        handlers.register(type: "t", retry: retry, body)
        return try ground.worker(
            options: WorkerOptions(queues: ["q"], concurrency: 1, timeoutGrace: .milliseconds(50), host: "h"),
            handlers: handlers)
    }

    @Test func aTypesTimeoutEndsAHandlerThatListens() async throws {
        try await withGround { ground in
            let retry = RetryPolicy(retries: 0, timeout: .milliseconds(30))
            try await ground.enqueue(["j"])
            try await withWorker(
                try worker(ground, retry: retry) { _ in
                    // The job's own length; it is cancelled long before.
                    try await Task.sleep(for: .seconds(600))
                    return nil
                }
            ) {
                try await ground.wait(for: "j", toBe: .dead)
            }
            #expect(try await ground.timeline("j").map { $0["error"] } == ["timed out after 30 ms"])
        }
    }

    @Test func aStuckHandlerIsShownItsPlaceIsTakenAndItsJobIsNotRunTwice() async throws {
        try await withGround { ground in
            let isDeaf = Mutex(true)
            let witness = Witness()
            let body = witness.handler { context in
                guard context.id == "deaf" else { return nil }
                // Deaf to cancellation, as a blocking call is; the poll interval of a loop that the test ends.
                while isDeaf.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(2)) }
                throw Broken()
            }
            let retry = RetryPolicy(retries: 0, timeout: .milliseconds(30))
            try await ground.enqueue(["deaf", "next", "last"])
            try await withWorker(try worker(ground, retry: retry, body)) {
                try await ground.wait(for: "last", toBe: .succeeded)
                let inspector = Inspector(server: ground.server)
                defer { inspector.close() }
                #expect(try await eventually { try await inspector.workers().first?.stuck == 1 })
                #expect(try await ground.places(of: "deaf").first?.hasPrefix("held:") == true)
                isDeaf.withLock { $0 = false }
                try await ground.wait(for: "deaf", toBe: .dead)
                #expect(try await eventually { try await inspector.workers().first?.stuck == 0 })
            }
            #expect(witness.runs(of: "deaf").count == 1)
        }
    }

    @Test func aJobsOwnWordsComeBeforeItsTypes() async throws {
        try await withGround { ground in
            let producer = Producer(server: ground.server, build: try build(5))
            defer { producer.close() }
            let retry = RetryPolicy(retries: 0) { _, _ in .seconds(3600) }
            try await withWorker(try worker(ground, retry: retry) { _ in throw Broken() }) {
                let plain = try await producer.enqueue(type: "t", payload: [], options: ground.producerOptions)
                try await ground.wait(for: plain.id, toBe: .dead)
                var options = ground.producerOptions
                options.retries = 2
                options.backoff = .milliseconds(2)
                let own = try await producer.enqueue(type: "t", payload: [], options: options)
                try await ground.wait(for: own.id, toBe: .dead)
                #expect(try await ground.record(own.id)?.attempts == 3)
            }
        }
    }

    @Test func aTypesOwnBackoffDecides() async throws {
        try await withGround { ground in
            let asked = Mutex<[Int]>([])
            let retry = RetryPolicy(retries: 3) { attempt, error in
                asked.withLock { $0.append(attempt) }
                #expect(error is Broken)
                return .milliseconds(1)
            }
            try await ground.enqueue(["j"])
            try await withWorker(try worker(ground, retry: retry) { _ in throw Broken() }) {
                try await ground.wait(for: "j", toBe: .dead)
            }
            #expect(asked.withLock { $0 } == [1, 2, 3])
            #expect(try await ground.record("j")?.attempts == 4)
        }
    }
}
