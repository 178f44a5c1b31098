import ArgumentParser
import Logging
import MusterCommandLine
import MusterKit
import MusterWeb

struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "What Redis knows of the fleet, as metrics for Prometheus and autoscalers.",
        discussion: """
            Prints one page and ends; with --listen it answers GET /metrics until TERM or
            Ctrl-C. One of these is enough for a fleet: it reads Redis, no worker. What a
            worker measures of itself is at `muster-worker --health`.
            Documentation/observability.md lists every metric and has an example for KEDA.

            It names queues, builds and what waits. So it listens on this machine only;
            with --behind-proxy, what stands before it decides who may ask.

            EXAMPLES
              muster metrics
              muster metrics | promtool check metrics
              muster metrics --listen 127.0.0.1:9465
            """)

    @OptionGroup var connection: ServerOptions
    @Option(help: ArgumentHelp("Where to listen; port 0 for any free one.", valueName: "host:port"))
    var listen: String?
    @Flag(help: "Listen on other addresses than this machine's own.") var behindProxy = false

    func validate() throws {
        if behindProxy, listen == nil { throw ValidationError("--behind-proxy goes with --listen") }
    }

    func run() async throws {
        guard let listen else {
            let inspector = Inspector(server: try connection.server())
            defer { inspector.close() }
            return print(try await inspector.metricsPage(), terminator: "")
        }
        let address = try ListenAddress(listen)
        if !address.isLoopback, !behindProxy {
            throw CommandFailure(
                .usage,
                "--listen \(listen) can be reached from elsewhere: put a proxy before it that knows who may ask, and say --behind-proxy"
            )
        }
        var logger = Logger(label: "muster.metrics", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        let server = MetricsServer(
            server: try connection.server(), host: address.host, port: address.port, logger: logger,
            onListening: { Terminal.say("listening on \(address.url(port: $0)); the page is /metrics") })
        do {
            try await server.run()
        } catch let error as StatusServer.CannotListen {
            throw CommandFailure(.failed, "\(error); choose another address with --listen")
        }
        Terminal.say("stopped")
    }
}
