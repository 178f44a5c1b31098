import MusterTestKit
import Testing
import Tracing

@testable import MusterKit

/// A job carries where it comes from, and its run is linked to that.
@Suite(.timeLimit(.minutes(1))) struct TracingTests {
    private let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func aRunIsASpanOfItsOwnLinkedToTheEnqueues() async throws {
        let tracer = TestTracer()
        try await withGround { ground in
            try await withTracer(tracer) {
                let producer = Producer(server: ground.server, build: try build(5))
                defer { producer.close() }
                var options = ground.producerOptions
                options.id = "one"
                try await producer.enqueue(type: "t", payload: [], options: options)
                let worker = try ground.worker(handlers: [
                    "t": { _ in
                        tracer.startSpan("inside").end()
                        return nil
                    }
                ])
                try await withWorker(worker) { try await ground.waitUntilDone() }
            }
        }
        let sent = try #require(tracer.span(named: "enqueue t"))
        let run = try #require(tracer.span(named: "run t"))
        let inside = try #require(tracer.span(named: "inside"))
        #expect(sent.kind == .producer && run.kind == .consumer)
        #expect(run.links == [sent.id])
        #expect(run.attributes["messaging.message.id"]?.toSpanAttribute() == .string("one"))
        #expect(run.attributes["muster.outcome"]?.toSpanAttribute() == .string("succeeded"))
        #expect(!tracer.kept.contains { !$0.isEnded })
        #expect(inside.id.prefix(35) == run.id.prefix(35), "what a handler does belongs to its run")
    }

    @Test func theHeaderCarriesTwoFieldsAndNoBaggage() async throws {
        try await withGround { ground in
            try await withTracer(TestTracer()) {
                let producer = Producer(server: ground.server, build: try build(5))
                defer { producer.close() }
                var options = ground.producerOptions
                options.id = "one"
                options.then = [ChainStep("u")]
                try await producer.enqueue(type: "t", payload: [], options: options)
            }
            let bytes = try #require(try await ground.ask("HGET", ground.keys.jobs, "one").bytes)
            let record = try #require(JobRecord(bytes))
            #expect(record["traceparent"]?.hasPrefix("00-4bf9") == true)
            #expect(record["tracestate"] == "vendor=ab,other=1", "no blank, which would end the field")
            #expect(!String(decoding: bytes, as: UTF8.self).contains("secret"))
            let steps = try await ground.ask("HGET", ground.keys.chains, "one").text ?? ""
            #expect(steps.contains(" traceparent=00-4bf9"), "what follows comes from there, too")
        }
    }

    @Test func withoutATracerNothingTravels() async throws {
        try await withGround { ground in
            let producer = Producer(server: ground.server, build: try build(5))
            defer { producer.close() }
            var options = ground.producerOptions
            options.id = "one"
            try await producer.enqueue(type: "t", payload: [], options: options)
            #expect(JobTracing.tracer == nil)
            #expect(try await ground.ask("HGET", ground.keys.jobs, "one").text?.contains("trace") == false)
        }
    }

    @Test func aFailedRunSaysSoWithoutSecrets() async throws {
        struct Failure: Error, CustomStringConvertible { let description = "password=hunter2 was refused" }
        let tracer = TestTracer()
        try await withGround { ground in
            try await ground.enqueue(["one"], retries: 0)
            try await withTracer(tracer) {
                let worker = try ground.worker(handlers: ["t": { _ in throw Failure() }])
                try await withWorker(worker) { try await ground.wait(for: "one", toBe: .dead) }
            }
        }
        let run = try #require(tracer.span(named: "run t"))
        #expect(run.status?.code == .error)
        #expect(run.status?.message?.contains("hunter2") == false)
        #expect(run.links == [], "its producer had no tracer")
    }

    @Test(arguments: [
        "", "00", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0\n",
    ]) func whatIsNoParentDoesNotTravel(_ text: String) {
        #expect(TraceContext(parent: text, state: nil) == nil)
    }

    @Test func aStateIsBoundedAndPlain() {
        let most = String(repeating: "a", count: 512)
        #expect(TraceContext(parent: parent, state: most)?.state == most)
        #expect(TraceContext(parent: parent, state: most + "a")?.state == nil)
        #expect(TraceContext(parent: parent, state: "a=\n")?.state == nil)
        #expect(TraceContext(parent: parent, state: "a=é")?.state == nil)
        #expect(TraceContext(parent: parent, state: " ")?.state == nil)
    }
}
