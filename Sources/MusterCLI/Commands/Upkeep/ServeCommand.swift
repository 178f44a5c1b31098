import ArgumentParser
import Logging
import MusterCommandLine
import MusterWeb

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Answers over HTTP how a job stands: GET /jobs/ID.",
        discussion: """
            For pages that poll. The answer has the fields of `muster job show --json`
            but those that are for operators; no payload, host or error text is in it.
            Nobody on the way may keep it, and seq and readAt give away who did.
            Documentation/status-pages.md says how to poll, and what a proxy needs.

              200 the job is known        404 no queue knows it
              410 its outcome is gone     503 Redis cannot be asked now

            Whoever reaches it may ask for any job whose id they know. So it listens on
            this machine only; with --behind-proxy, what stands before it decides who
            may ask. TERM or Ctrl-C ends it: whoever waits is answered first.

            EXAMPLES
              muster serve
              muster serve --listen 127.0.0.1:0            any free port, which it says
              muster serve --listen 0.0.0.0:8080 --behind-proxy
              curl -i http://127.0.0.1:8080/jobs/ID
              curl 'http://127.0.0.1:8080/jobs/ID?after=MARK&within=20s'
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("Where to listen; port 0 for any free one.", valueName: "host:port"))
    var listen = "127.0.0.1:8080"
    @Flag(help: "What stands before it knows who may ask: listen on any address, and answer under any name.")
    var behindProxy = false

    /// For scripts that ask for any free port.
    private struct Answer: Encodable {
        let url: String
    }

    func run() async throws {
        let address = try ListenAddress(listen)
        if !address.isLoopback, !behindProxy {
            throw CommandFailure(
                .usage,
                "--listen \(listen) can be reached from elsewhere: put a proxy before it that knows who may ask, and say --behind-proxy"
            )
        }
        var logger = Logger(label: "muster.serve", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        let server = StatusServer(
            server: try common.server(), host: address.host, port: address.port, isBehindProxy: behindProxy,
            logger: logger,
            onListening: { [isJSON = common.json] port in
                let url = address.url(port: port)
                Terminal.say("listening on \(url); a job is at /jobs/ID")
                if isJSON { try? JSONOutput.print(Answer(url: url)) }
            })
        do {
            try await server.run()
        } catch let error as StatusServer.CannotListen {
            throw CommandFailure(.failed, "\(error); choose another address with --listen")
        }
        Terminal.say("stopped")
    }
}
