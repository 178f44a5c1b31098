import Hummingbird
public import Logging
public import MusterKit
import NIOCore

/// Answers `GET /metrics` with what Redis knows of the fleet, for Prometheus and autoscalers; what `muster metrics --listen`
/// runs. Each answer is read from Redis at this moment; while Redis cannot be asked it says `muster_redis_up 0`.
public struct MetricsServer: Sendable {
    private let server: MusterServer
    private let front: WebFront

    /// - Parameters:
    ///   - server: the Redis to ask.
    ///   - host: the address to listen on.
    ///   - port: 0 for one that is free.
    ///   - onListening: told the port once connections are taken.
    public init(
        server: MusterServer, host: String, port: Int, logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) -> Void
    ) {
        self.server = server
        front = WebFront(host: host, port: port, mostConnections: 16, logger: logger, onListening: onListening)
    }

    /// Serves until TERM or INT.
    /// - Throws: ``StatusServer/CannotListen``.
    public func run() async throws {
        let inspector = Inspector(server: server)
        defer { inspector.close() }
        let router = Router()
        router.get("metrics") { _, _ in
            let page = (try? await inspector.metricsPage()) ?? Inspector.metricsPageWithoutRedis
            return Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
                body: .init(byteBuffer: ByteBuffer(string: page)))
        }
        try await front.run(router)
    }
}
