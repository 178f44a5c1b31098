import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// What our servers have in common: where they listen, how many may come, and how they end.
struct WebFront: Sendable {
    private static let patience = Duration.seconds(10)

    let host: String
    let port: Int
    let mostConnections: Int
    let logger: Logger
    let onListening: @Sendable (_ port: Int) -> Void

    /// Serves until TERM or INT: then it listens no more, and goes in any case after ten seconds. A connection that is
    /// silent for a minute is closed; beyond the most, others wait in the system's queue.
    /// - Throws: ``StatusServer/CannotListen``.
    func run(_ router: Router<BasicRequestContext>) async throws {
        let application = Application(
            router: router, server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(mostConnections, logger: logger)),
            onServerRunning: { [port, onListening] channel in onListening(channel.localAddress?.port ?? port) },
            logger: logger)
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: application)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = Self.patience
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            throw StatusServer.CannotListen(host: host, port: port, reason: String(cString: strerror(error.errnoCode)))
        }
    }
}
