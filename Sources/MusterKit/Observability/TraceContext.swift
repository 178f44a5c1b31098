import Tracing

/// Where a job comes from in a trace, as it travels in the job's header: the two fields of W3C's trace context, bounded,
/// and nothing else that a tracer may want to send along: a header is readable by everybody.
struct TraceContext: Sendable, Equatable {
    /// 55 characters: version, trace, span, flags.
    let parent: String
    /// At most 512 characters; nil for none.
    let state: String?

    static let mostStateBytes = 512

    /// - Returns: nil where the parent is none of W3C's. A state that is no plain text is left out.
    init?(parent: String, state: String?) {
        let parts = parent.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [2, 32, 16, 2],
            parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) } })
        else { return nil }
        self.parent = parent
        let plain = state.map { $0.filter { $0 != " " && $0 != "\t" } } ?? ""
        let isFit = plain.utf8.count <= Self.mostStateBytes && plain.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        self.state = plain.isEmpty || !isFit ? nil : plain
    }

    /// What the tracer says of a span; nil where it speaks another language.
    init?(_ context: InstrumentationContext, _ tracer: any Tracer) {
        var carrier: [String: String] = [:]
        tracer.inject(context, into: &carrier, using: Carrier())
        guard let parent = carrier["traceparent"] else { return nil }
        self.init(parent: parent, state: carrier["tracestate"])
    }

    init?(_ record: JobRecord) {
        guard let parent = record["traceparent"] else { return nil }
        self.init(parent: parent, state: record["tracestate"])
    }

    func extracted(by tracer: any Tracer) -> InstrumentationContext {
        var carrier = ["traceparent": parent]
        carrier["tracestate"] = state
        var context = InstrumentationContext.topLevel
        tracer.extract(carrier, into: &context, using: Carrier())
        return context
    }

    private struct Carrier: Injector, Extractor {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
            carrier[key.lowercased()] = value
        }

        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key.lowercased()] }
    }
}
