import CoreMetrics
import Foundation
import MusterLaunch
import Testing

@testable import MusterKit

/// The page of what swift-metrics measured.
struct PrometheusMetricsTests {
    @Test func aPageHasEachKindAsPrometheusWritesIt() throws {
        let metrics = PrometheusMetrics()
        Counter(label: "visits", dimensions: [("where", "a\"b\\c\nd")], factory: metrics).increment(by: 3)
        Meter(label: "depth.of-it", factory: metrics).set(2.5)
        Recorder(label: "size", factory: metrics).record(7)
        let timer = CoreMetrics.Timer(label: "took_seconds", factory: metrics)
        timer.recordNanoseconds(2_000_000)
        timer.recordNanoseconds(7_200_000_000_000)
        let lines = Set(metrics.page().split(separator: "\n").map(String.init))
        for line in [
            "# TYPE visits_total counter", #"visits_total{where="a\"b\\c\nd"} 3"#, "# TYPE depth_of_it gauge",
            "depth_of_it 2.5", "# TYPE size histogram", #"size_bucket{le="5"} 0"#, #"size_bucket{le="10"} 1"#,
            #"took_seconds_bucket{le="0.001"} 0"#, #"took_seconds_bucket{le="0.0025"} 1"#,
            #"took_seconds_bucket{le="3600"} 1"#, #"took_seconds_bucket{le="+Inf"} 2"#, "took_seconds_sum 7200.002",
            "took_seconds_count 2",
        ] { #expect(lines.contains(line), "\(line)") }
    }

    @Test func theSameLabelsAreTheSameSeriesAndADestroyedOneIsGone() {
        let metrics = PrometheusMetrics()
        let counter = Counter(label: "a_total", factory: metrics)
        counter.increment()
        Counter(label: "a_total", factory: metrics).increment()
        #expect(metrics.page().contains("a_total 2\n"))
        counter.destroy()
        #expect(!metrics.page().contains("a_total"))
    }

    @Test func labelsCannotExplode() {
        let metrics = PrometheusMetrics(mostSeries: 10)
        for number in 0..<1000 {
            Counter(label: "a_total", dimensions: [("id", "\(number)")], factory: metrics).increment()
        }
        let lines = metrics.page().split(separator: "\n").filter { $0.hasPrefix("a_total{") }
        #expect(lines.count == 10)
        #expect(lines.contains(#"a_total{id="other"} 991"#))
    }

    @Test func aNameOfAnotherKindLeadsNowhere() {
        let metrics = PrometheusMetrics()
        Meter(label: "a_total", factory: metrics).set(1)
        Counter(label: "a_total", factory: metrics).increment(by: 9)
        #expect(
            metrics.page() == "# HELP a_total Measured by this program's own code.\n# TYPE a_total gauge\na_total 1\n")
    }

    @Test func everyMetricIsInTheDocument() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appendingPathComponent("Documentation/observability.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `muster_") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let documented = Set(rows.map { $0[0...2].joined(separator: " | ") })
        let ours = Set(
            MetricName.allCases.map { name in
                let labels = name.labels.map { "`\($0)`" }.joined(separator: ", ")
                return "`\(name.rawValue)` | \(name.kind.rawValue) | \(labels.isEmpty ? "none" : labels)"
            })
        #expect(ours.subtracting(documented) == [], "not in Documentation/observability.md")
        #expect(documented.subtracting(ours) == [], "not in MetricName")
    }
}
