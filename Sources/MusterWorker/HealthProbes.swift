import CoreMetrics
import Foundation
import Logging
import MusterCommandLine
import MusterKit
import Synchronization

/// What tells others how this worker is: the health server where one is asked for, and the service manager where one
/// listens.
final class HealthProbes: Sendable {
    private let address: ListenAddress?
    private let metrics: PrometheusMetrics?
    private let dropped: Counter
    private let running = Mutex<(server: HealthServer?, notifier: ServiceNotifier?)>((nil, nil))

    /// Metrics are kept from now on, where somebody can read them.
    init(_ text: String?, isOpen: Bool) throws {
        address = try text.map { text in
            let address = try ListenAddress(text, option: "--health")
            guard address.isLoopback || isOpen else {
                throw CommandFailure(
                    .usage,
                    "--health \(text) can be reached from elsewhere, and tells whoever asks; say --health-open if that is meant"
                )
            }
            return address
        }
        metrics = address == nil ? nil : PrometheusMetrics()
        if let metrics { MetricsSystem.bootstrap(metrics) }
        dropped = Counter(label: MetricName.logLinesDropped.rawValue)
    }

    @Sendable func logLineDropped() { dropped.increment() }

    func start(for worker: Worker, _ logger: Logger) throws {
        if let address {
            let server: HealthServer
            do throws(MusterError) {
                server = try HealthServer(worker: worker, host: address.host, port: address.port, metrics: metrics)
            } catch {
                throw CommandFailure(.failed, "\(error.message); choose another address with --health")
            }
            server.start()
            logger.info("health is told", metadata: ["url": "\(address.url(port: server.port))"])
            running.withLock { $0.server = server }
        }
        if let notifier = ServiceNotifier(worker: worker) {
            notifier.start()
            running.withLock { $0.notifier = notifier }
        }
    }

    func end() {
        let (server, notifier) = running.withLock { $0 }
        server?.close()
        notifier?.end()
    }
}
