import Synchronization
import Tracing

/// Keeps every span in memory, and speaks W3C's trace context.
final class TestTracer: Tracer {
    struct Kept: Sendable {
        let name: String
        let kind: SpanKind
        let id: String
        var attributes: SpanAttributes = [:]
        var links: [String] = []
        var status: SpanStatus?
        var isEnded = false
    }

    private let spans = Mutex<[Kept]>([])

    var kept: [Kept] { spans.withLock { $0 } }

    func span(named name: String) -> Kept? { kept.first { $0.name == name } }

    enum Key: InstrumentationContextKey {
        typealias Value = String
    }

    struct TestSpan: Tracing.Span {
        let tracer: TestTracer
        let index: Int
        let context: InstrumentationContext

        func change(_ body: (inout Kept) -> Void) { tracer.spans.withLock { body(&$0[index]) } }

        var operationName: String {
            get { tracer.kept[index].name }
            nonmutating set { _ = newValue }
        }

        var attributes: SpanAttributes {
            get { tracer.kept[index].attributes }
            nonmutating set { change { $0.attributes = newValue } }
        }

        var isRecording: Bool { true }

        func setStatus(_ status: SpanStatus) { change { $0.status = status } }

        func addEvent(_ event: SpanEvent) {}

        func recordError<Instant: TracerInstant>(
            _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
        ) {}

        func addLink(_ link: SpanLink) { change { $0.links.append(link.context[Key.self] ?? "none") } }

        func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) { change { $0.isEnded = true } }
    }

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> TestSpan {
        var context = context()
        let trace = context[Key.self]?.split(separator: "-")[1] ?? "4bf92f3577b34da6a3ce929d0e0e4736"
        let index = spans.withLock { spans in
            let number = String(spans.count + 1, radix: 16)
            let id = "00-\(trace)-" + String(repeating: "0", count: 16 - number.count) + number + "-01"
            context[Key.self] = id
            spans.append(Kept(name: operationName, kind: kind, id: id))
            return spans.count - 1
        }
        return TestSpan(tracer: self, index: index, context: context)
    }

    func forceFlush() {}

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        context[Key.self] = extractor.extract(key: "traceparent", from: carrier)
    }

    func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let id = context[Key.self] else { return }
        injector.inject(id, forKey: "traceparent", into: &carrier)
        injector.inject("vendor=a b, other=1", forKey: "tracestate", into: &carrier)
        injector.inject("user=secret", forKey: "baggage", into: &carrier)
    }
}
