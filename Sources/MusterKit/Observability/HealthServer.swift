import Foundation
import MusterLaunch
import MusterRedis

/// Answers how a worker is, over HTTP, from a thread of its own: also while handlers block every thread that Swift's
/// tasks run on, which a server made of tasks would not. `GET /livez`, `GET /readyz`, and `GET /metrics` where there are
/// any.
///
/// 200: yes. 503: no, and the body says why. Bodies are JSON: `alive`, `ready`, `why`, `running`, `freePlaces`.
///
/// Whoever reaches it may ask. It listens on this machine only unless it is told otherwise.
public final class HealthServer: Sendable {
    private let worker: Worker
    private let metrics: PrometheusMetrics?
    private let door: SmallServer

    /// The port that it listens on.
    public var port: Int { door.port }

    /// Listens, and answers from ``start()`` on.
    /// - Parameters:
    ///   - worker: whose health it tells.
    ///   - host: an address of this machine, in numbers.
    ///   - port: 0 for one that is free.
    ///   - metrics: what `/metrics` shows; nil for no such page.
    /// - Throws: ``MusterError`` with code `invalidValue` where the address cannot be listened on.
    public init(
        worker: Worker, host: String = "127.0.0.1", port: Int, metrics: PrometheusMetrics? = nil
    ) throws(MusterError) {
        self.worker = worker
        self.metrics = metrics
        do throws(LaunchError) { door = try SmallServer(host: host, port: port) } catch {
            throw MusterError(.invalidValue, "cannot listen on \(host), port \(port): \(error)")
        }
    }

    public func start() {
        DedicatedThread.start { [self] in
            ThreadStacks.nameThisThread("muster-health")
            let pause = min(worker.options.lease / 2, .seconds(5))
            door.run(pause: pause) {
                worker.board.askTasks()
            } answer: {
                self.answer($0)
            }
        }
    }

    /// Listens no more.
    public func close() { door.close() }

    private struct Body: Encodable {
        let alive: Bool
        let ready: Bool
        let why: String?
        let running: Int
        let freePlaces: Int
    }

    private func answer(_ path: String) -> SmallAnswer {
        let health = worker.health
        switch path {
        case "/livez": return answer(health.isAlive, health, health.whyNotAlive)
        case "/readyz": return answer(health.isReady, health, health.whyNotReady)
        case "/metrics":
            guard let metrics else { return SmallAnswer(404, "there are no metrics here\n") }
            var own = MetricPage()
            for (name, isSo) in [(MetricName.alive, health.isAlive), (.ready, health.isReady)] {
                own.begin(name)
                own.add(name, is: isSo ? 1 : 0)
            }
            return SmallAnswer(200, metrics.page() + own.text, type: MetricPage.contentType)
        default: return SmallAnswer(404, "there is /livez, /readyz and /metrics\n")
        }
    }

    private func answer(_ isYes: Bool, _ health: WorkerHealth, _ why: String?) -> SmallAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = Body(
            alive: health.isAlive, ready: health.isReady, why: why, running: health.running,
            freePlaces: health.freePlaces)
        let text = (try? encoder.encode(body)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return SmallAnswer(isYes ? 200 : 503, text + "\n", type: "application/json")
    }
}
