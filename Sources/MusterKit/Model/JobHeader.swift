public import MusterStamp

/// The readable first line of a job's record, as a producer writes it. Redis adds the first two fields,
/// the version and the time; fields with their usual value are left out.
public struct JobHeader: Sendable {
    public var type: String
    public var lane: Lane
    public var build: BuildStamp?
    public var producerHost: String
    public var producerPID: Int
    public var retries: Int?
    public var timeoutMilliseconds: Int?
    public var retainMilliseconds: Int?
    /// The wait after the first failure; it doubles with each further one.
    public var backoffMilliseconds: Int?
    /// The fingerprint of the payload's shape.
    public var schema: String?
    /// Its payload is shown and copied only in its shape.
    public var isPrivate = false
    /// For debugging: the job that this one was made from.
    public var copyOf: String?
    /// Where it comes from in a trace.
    var trace: TraceContext?

    /// Everything after `v1 at=<ms> `, up to and with the newline.
    var text: String {
        var text = "type=\(type)"
        if let build { text += " build=\(build)" }
        if build.map({ Lane(.normal, .atLeast(sequence: $0.sequence)) }) != lane { text += " lane=\(lane)" }
        text += " from=\(producerHost):\(producerPID)"
        if let retries { text += " retries=\(retries)" }
        if let timeoutMilliseconds { text += " timeout=\(timeoutMilliseconds)" }
        if let retainMilliseconds { text += " retain=\(retainMilliseconds)" }
        if let backoffMilliseconds { text += " backoff=\(backoffMilliseconds)" }
        if let schema { text += " schema=\(schema)" }
        if isPrivate { text += " private=1" }
        if let copyOf { text += " copy-of=\(copyOf)" }
        if let trace {
            text += " traceparent=\(trace.parent)"
            if let state = trace.state { text += " tracestate=\(state)" }
        }
        return text + "\n"
    }
}
