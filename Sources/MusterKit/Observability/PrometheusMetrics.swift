public import CoreMetrics
import Synchronization

/// Keeps what swift-metrics measures in this process, and writes it as a page that Prometheus reads.
///
/// 1. `MetricsSystem.bootstrap(PrometheusMetrics())` before anything is measured; `muster-worker --health` does.
/// 2. ``page()`` whenever somebody asks; ``HealthServer`` answers `GET /metrics` with it.
/// 3. Memory is bounded whatever the labels are: beyond ``mostSeries`` of one metric all their values are `other`, and
///    beyond 500 metrics the next are not kept.
public final class PrometheusMetrics: MetricsFactory {
    private struct Family {
        let kind: MetricKind
        var series: [String: any PrometheusSeries] = [:]
    }

    private static let mostFamilies = 500
    private let families = Mutex<[String: Family]>([:])
    /// How many different labels one metric has at most.
    public let mostSeries: Int

    /// - Parameter mostSeries: how many different labels one metric has at most; default 1000.
    public init(mostSeries: Int = 1000) { self.mostSeries = max(1, mostSeries) }

    /// Everything measured so far, in Prometheus' text format 0.0.4.
    public func page() -> String {
        let families = families.withLock { $0 }
        var page = MetricPage()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
            page.begin(
                name, family.kind, help: MetricName(rawValue: name)?.help ?? "Measured by this program's own code.")
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.write(name, labels, to: &page)
            }
        }
        return page.text
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        // Prometheus' own checker asks for it.
        let name = label.hasSuffix("_total") ? label : label + "_total"
        return keep(name, .counter, dimensions) { PrometheusCounter() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        keep(label, .gauge, dimensions) { PrometheusGauge() }
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate { return keep(label, .histogram, dimensions) { PrometheusHistogram() } }
        return keep(label, .gauge, dimensions) { PrometheusGauge() }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        keep(label, .histogram, dimensions) { PrometheusHistogram() }
    }

    public func destroyCounter(_ handler: any CounterHandler) { forget(handler) }

    public func destroyMeter(_ handler: any MeterHandler) { forget(handler) }

    public func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }

    public func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

    /// The series of these labels, made where there is none. One whose name is taken by another kind leads nowhere.
    private func keep<Series: PrometheusSeries>(
        _ label: String, _ kind: MetricKind, _ dimensions: [(String, String)], _ make: () -> Series
    ) -> Series {
        let name = MetricPage.name(label)
        let labels = MetricPage.labels(dimensions)
        return families.withLock { families in
            if families[name] == nil {
                guard families.count < Self.mostFamilies else { return make() }
                families[name] = Family(kind: kind)
            }
            guard families[name]?.kind == kind else { return make() }
            var key = labels
            if let known = families[name]?.series[key] { return known as? Series ?? make() }
            if families[name]?.series.count ?? 0 >= mostSeries - 1, !labels.isEmpty {
                key = MetricPage.labels(dimensions.map { ($0.0, "other") })
                if let known = families[name]?.series[key] { return known as? Series ?? make() }
            }
            let series = make()
            families[name]?.series[key] = series
            return series
        }
    }

    private func forget(_ handler: AnyObject) {
        families.withLock { families in
            for (name, family) in families {
                families[name]?.series = family.series.filter { $0.value !== handler }
            }
        }
    }
}
