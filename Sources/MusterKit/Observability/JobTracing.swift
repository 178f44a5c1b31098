import MusterStamp
import Tracing

/// Spans of jobs: one of each enqueue call, and one of each run, linked to it.
enum JobTracing {
    /// Nil where the program has none, and then nothing is spent on one.
    static var tracer: (any Tracer)? {
        InstrumentationSystem.instrument is NoOpInstrument
            ? nil
            : {
                let tracer = InstrumentationSystem.tracer
                return tracer is NoOpTracer ? nil : tracer
            }()
    }

    /// Runs a job's handler in a span. The run is no child of the enqueue's span: that may have ended days before, and a
    /// retry is a run of its own.
    static func run(
        _ job: ClaimedJob, build: BuildStamp, session: SessionID, _ tracer: any Tracer,
        _ body: () async -> (Settlement.Kind?, errorType: String)
    ) async -> (Settlement.Kind?, errorType: String) {
        let span = tracer.startSpan("run \(job.record.type)", context: .topLevel, ofKind: .consumer)
        defer { span.end() }
        span.updateAttributes { attributes in
            describe(&attributes, queue: job.queue, type: job.record.type)
            attributes["messaging.operation.type"] = "process"
            attributes["messaging.message.id"] = job.id
            attributes["muster.attempt"] = job.record.attempts + 1
            attributes["muster.build"] = "\(build)"
            attributes["muster.session"] = session.id
        }
        if let origin = TraceContext(job.record) {
            span.addLink(SpanLink(context: origin.extracted(by: tracer), attributes: [:]))
        }
        let (kind, errorType) = await InstrumentationContext.$current.withValue(span.context) { await body() }
        span.attributes["muster.outcome"] = kind?.outcomeName ?? "interrupted"
        switch kind {
        case .failed(_, let text), .dead(let text): span.setStatus(SpanStatus(code: .error, message: text))
        default: break
        }
        return (kind, errorType)
    }

    static func describe(_ attributes: inout SpanAttributes, queue: String, type: String) {
        attributes["messaging.system"] = "muster"
        attributes["messaging.destination.name"] = queue
        attributes["muster.type"] = type
    }
}
