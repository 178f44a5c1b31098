import HTTPTypes
import Hummingbird
public import Logging
public import MusterKit

/// A server that answers how jobs stand, and nothing else; what `muster serve` runs.
///
/// 1. It listens, and says where; it asks Redis on one connection and listens for ends on another, however many ask.
/// 2. At most 800 connections are open at once; others wait in the system's queue. One that is silent for a minute is
///    closed.
/// 3. TERM or INT: it listens no more, whoever waits is answered at once, and after ten seconds it goes in any case.
public struct StatusServer: Sendable {
    private let server: MusterServer
    private let isBehindProxy: Bool
    private let front: WebFront

    /// - Parameters:
    ///   - server: the Redis to ask.
    ///   - host: the address to listen on.
    ///   - port: 0 for one that is free.
    ///   - isBehindProxy: what stands before it knows who may ask. Otherwise only who names this machine in `Host` is
    ///     answered: a page from elsewhere can make a browser here ask, under that page's own name. Default false.
    ///   - onListening: told the port once connections are taken.
    public init(
        server: MusterServer, host: String, port: Int, isBehindProxy: Bool = false, logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) -> Void
    ) {
        self.server = server
        self.isBehindProxy = isBehindProxy
        front = WebFront(host: host, port: port, mostConnections: 800, logger: logger, onListening: onListening)
    }

    /// The address cannot be listened on.
    public struct CannotListen: Error, CustomStringConvertible {
        let host: String
        let port: Int
        let reason: String

        public var description: String { "cannot listen on \(host), port \(port): \(reason)" }
    }

    /// Serves until TERM or INT.
    /// - Throws: ``CannotListen``.
    public func run() async throws {
        let watcher = JobWatcher(server: server)
        defer { watcher.close() }
        let router = Router()
        router.add(middleware: OnlyStatusMiddleware())
        if !isBehindProxy { router.add(middleware: ThisMachineMiddleware()) }
        router.addRoutes(StatusRoutes(watcher: watcher).collection())
        try await front.run(router)
    }
}

/// Answers what is no job's address, and what Hummingbird refuses, in the same shape as all else.
private struct OnlyStatusMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError {
            return StatusAnswer.error(error.status, "there is nothing here but /jobs/ID, to be got")
        }
    }
}

/// Refuses who asks for another machine than this one: a name that an attacker lets lead here is that attacker's.
private struct ThisMachineMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let authority = request.head.authority ?? ""
        let name =
            authority.hasPrefix("[")
            ? String(authority.prefix { $0 != "]" }.dropFirst()) : String(authority.prefix { $0 != ":" })
        let isHere =
            name == "localhost" || name == "::1"
            || name.hasPrefix("127.") && name.allSatisfy { $0.isNumber || $0 == "." }
        guard isHere else {
            return StatusAnswer.error(
                .misdirectedRequest, "this server answers for this machine only; say --behind-proxy where it should not"
            )
        }
        return try await next(request, context)
    }
}
