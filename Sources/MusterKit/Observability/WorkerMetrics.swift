import CoreMetrics
import MusterRedis
import MusterStamp
import Synchronization

/// What one worker measures of itself, with whatever swift-metrics was given; nothing where it was given nothing.
final class WorkerMetrics: Sendable {
    private struct Key: Hashable {
        let queue: String
        let type: String
    }

    private struct Series {
        let runTime: CoreMetrics.Timer
        let waitTime: CoreMetrics.Timer
        var ends: [String: Counter] = [:]
    }

    private struct State {
        var series: [Key: Series] = [:]
        var types: Set<String> = []
        var counters: [String: Counter] = [:]
    }

    /// More job types than these are `other`: a stranger may enqueue any.
    static let mostTypes = 200

    private let factory: any MetricsFactory
    private let build: String
    private let state = Mutex(State())
    private let running: Meter
    private let waiting: Meter
    private let stuck: Meter

    /// - Returns: nil where nobody wants metrics.
    init?(build: BuildStamp, concurrency: Int, host: String, name: String?) {
        factory = MetricsSystem.factory
        if factory is NOOPMetricsHandler { return nil }
        self.build = "\(build)"
        running = Meter(label: MetricName.running.rawValue, factory: factory)
        waiting = Meter(label: MetricName.waiting.rawValue, factory: factory)
        stuck = Meter(label: MetricName.stuck.rawValue, factory: factory)
        Meter(label: MetricName.places.rawValue, factory: factory).set(concurrency)
        Meter(
            label: MetricName.build.rawValue,
            dimensions: Array(zip(MetricName.build.labels, ["\(build)", host, name ?? ""])), factory: factory
        ).set(1)
        // What has not happened is 0, and not missing: an alert on its growth needs the first one, too.
        for answer in ["renewed", "unheard", "lost"] { counter(.renewals, answer).increment(by: 0) }
        counter(.wedges).increment(by: 0)
    }

    /// A run is over.
    /// - Parameters:
    ///   - waited: from when the job was due to the run's start; nil where that says nothing.
    ///   - end: nil where the run was interrupted and the job goes back.
    func ran(_ job: ClaimedJob, _ end: Settlement.Kind?, took: Duration, waited: Duration?) {
        let outcome = end?.outcomeName ?? "interrupted"
        let (series, ended) = state.withLock { state in
            let isKnown = state.types.contains(job.record.type)
            let type = isKnown || state.types.count < Self.mostTypes ? job.record.type : "other"
            if !isKnown, type != "other" { state.types.insert(type) }
            let key = Key(queue: job.queue, type: type)
            var series = state.series[key] ?? makeSeries(key)
            let ended =
                series.ends[outcome]
                ?? Counter(
                    label: MetricName.jobs.rawValue,
                    dimensions: Array(zip(MetricName.jobs.labels, [job.queue, type, outcome, build])), factory: factory)
            series.ends[outcome] = ended
            state.series[key] = series
            return (series, ended)
        }
        ended.increment()
        series.runTime.recordNanoseconds(took.wholeNanoseconds)
        if let waited { series.waitTime.recordNanoseconds(max(.zero, waited).wholeNanoseconds) }
    }

    private func makeSeries(_ key: Key) -> Series {
        func timer(_ name: MetricName) -> CoreMetrics.Timer {
            CoreMetrics.Timer(
                label: name.rawValue, dimensions: Array(zip(name.labels, [key.queue, key.type])), factory: factory)
        }
        return Series(runTime: timer(.runTime), waitTime: timer(.waitTime))
    }

    func claimed(queue: String, answer: ClaimAnswer, wanted: Int) {
        guard wanted > 0 || answer.state != .ok else { return }
        counter(.claims, queue, answer.jobs.isEmpty ? answer.word : "jobs").increment()
        if answer.state == .stale {
            counter(.refusals, queue, build, "below-floor").increment()
        } else if answer.reason == "newer-work-waiting" {
            counter(.refusals, queue, build, "older-build").increment()
        }
    }

    func claimFailed(queue: String, _ error: MusterError) {
        counter(.claims, queue, "error").increment()
        if let code = error.redis?.code { counter(.redisErrors, code.rawValue).increment() }
    }

    /// - Parameter answer: `renewed`, `unheard` or `lost`.
    func renewal(_ answer: String) { counter(.renewals, answer).increment() }

    func sessionBegan() { counter(.sessions).increment() }

    func wedged() { counter(.wedges).increment() }

    func note(running: Int, waiting: Int, stuck: Int) {
        self.running.set(running)
        self.waiting.set(waiting)
        self.stuck.set(stuck)
    }

    private func counter(_ name: MetricName, _ values: String...) -> Counter {
        let key = ([name.rawValue] + values).joined(separator: " ")
        return state.withLock { state in
            if let known = state.counters[key] { return known }
            let counter = Counter(
                label: name.rawValue, dimensions: Array(zip(name.labels, values)), factory: factory)
            state.counters[key] = counter
            return counter
        }
    }
}

extension ClaimAnswer {
    /// As the roll call names it: `jobs` where as many came as were wanted, the reason, or the state where it is not `ok`.
    var word: String { state == .ok ? (reason.isEmpty ? "jobs" : reason) : state.rawValue }
}

extension Settlement.Kind {
    /// As metrics and spans name it.
    var outcomeName: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .dead: "dead"
        case .later: "later"
        case .handedBack: "handed-back"
        case .cancelled: "cancelled"
        case .unknownType: "unknown-type"
        case .undecodable: "undecodable"
        }
    }
}

extension Duration {
    fileprivate var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
