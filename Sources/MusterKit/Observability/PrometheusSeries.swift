import CoreMetrics
import Synchronization

/// One line, or for a histogram one group of lines, of a page of metrics.
protocol PrometheusSeries: AnyObject, Sendable {
    func write(_ name: String, _ labels: String, to page: inout MetricPage)
}

final class PrometheusCounter: PrometheusSeries, CounterHandler {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }

    func write(_ name: String, _ labels: String, to page: inout MetricPage) {
        page.add(name, labels, Double(count.load(ordering: .relaxed)))
    }
}

/// What goes up and down; of a recorder that is not to be summed up, the last value.
final class PrometheusGauge: PrometheusSeries, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) { self.value.withLock { $0 = value } }

    func increment(by amount: Double) { value.withLock { $0 += amount } }

    func decrement(by amount: Double) { value.withLock { $0 -= amount } }

    func record(_ value: Int64) { set(Double(value)) }

    func record(_ value: Double) { set(value) }

    func write(_ name: String, _ labels: String, to page: inout MetricPage) {
        page.add(name, labels, value.withLock { $0 })
    }
}

/// Times in seconds, and values of recorders, by fixed bounds.
final class PrometheusHistogram: PrometheusSeries, TimerHandler, RecorderHandler {
    /// From a millisecond, which a job costs at least, to an hour.
    static let bounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
    ]

    private struct State {
        var counts = [Int](repeating: 0, count: PrometheusHistogram.bounds.count + 1)
        var sum = 0.0
    }

    private let state = Mutex(State())

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let index = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    func write(_ name: String, _ labels: String, to page: inout MetricPage) {
        let state = state.withLock { $0 }
        let before = labels.isEmpty ? "" : labels + ","
        var count = 0
        for (index, bound) in (Self.bounds + [.infinity]).enumerated() {
            count += state.counts[index]
            page.add(name + "_bucket", "\(before)le=\"\(MetricPage.number(bound))\"", Double(count))
        }
        page.add(name + "_sum", labels, state.sum)
        page.add(name + "_count", labels, Double(count))
    }
}
