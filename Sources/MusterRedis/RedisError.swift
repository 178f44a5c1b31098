/// Why a command has no reply, or what the server said no to; it carries the decision what to do next.
public struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is known of the command's effect.
    public enum Execution: String, Sendable {
        /// Proven not to have run: repeating it is safe.
        case notExecuted
        /// The server ran it and answered with an error of its own.
        case executed
        /// Sent, and no answer came: it may or may not have run.
        case unknown
    }

    /// What a caller should do.
    public enum Remedy: String, Sendable {
        /// Try again after a pause with jitter.
        case wait
        /// Drop the connection, resolve the server anew, then repeat.
        case rediscover
        /// Nothing to repeat: whoever asked must hear it (a full Redis, a failing disk).
        case tellCaller
        /// Load the script, then repeat once.
        case loadScript
        /// Credentials or rights are wrong: alert, and try again slowly.
        case fixAccess
        /// A defect or a question to somebody: repeating changes nothing.
        case none
    }

    /// The kinds of error, by the code that the server or the connection gives.
    public enum Code: String, Sendable, CaseIterable {
        case loading = "LOADING"
        case busy = "BUSY"
        case masterDown = "MASTERDOWN"
        case clusterDown = "CLUSTERDOWN"
        case tryAgain = "TRYAGAIN"
        case maxClients = "MAXCLIENTS"
        case readOnly = "READONLY"
        case unblocked = "UNBLOCKED"
        case moved = "MOVED"
        case ask = "ASK"
        case outOfMemory = "OOM"
        case misconfigured = "MISCONF"
        case noReplicas = "NOREPLICAS"
        case noScript = "NOSCRIPT"
        case noAuth = "NOAUTH"
        case wrongPassword = "WRONGPASS"
        case noPermission = "NOPERM"
        /// A server in protected mode takes nobody from another machine.
        case denied = "DENIED"
        /// Any other error reply.
        case reply = "ERR"
        case timeout
        case connectionLost
        case protocolViolation
        case cannotConnect
        case closed
    }

    public let code: Code
    public let message: String
    public let execution: Execution

    public init(_ code: Code, _ message: String, execution: Execution? = nil) {
        self.code = code
        self.message = message
        self.execution = execution ?? code.usualExecution
    }

    /// Classifies an error reply, also where an older server nests the code inside a script's error text.
    public init(reply text: String) {
        let code = Code(errorReply: text)
        // Rights are looked at command by command: what a script did before the refused one has happened.
        let isFromInside = code == .noPermission && Code.isFromInsideAScript(text)
        let message = text.isEmpty ? "the server refuses it without a word" : text
        self.init(code, message, execution: isFromInside ? .executed : nil)
    }

    public var remedy: Remedy {
        switch code {
        case .loading, .busy, .masterDown, .clusterDown, .tryAgain, .maxClients, .cannotConnect: .wait
        case .readOnly, .unblocked, .moved, .ask: .rediscover
        case .outOfMemory, .misconfigured, .noReplicas: .tellCaller
        case .noScript: .loadScript
        case .noAuth, .wrongPassword, .noPermission, .denied: .fixAccess
        case .timeout, .connectionLost, .protocolViolation: .wait
        case .reply, .closed: .none
        }
    }

    /// True where the same command may simply be sent again later.
    public var isRetriable: Bool {
        execution == .notExecuted && (remedy == .wait || remedy == .rediscover || remedy == .loadScript)
    }

    public var description: String { message }
}

extension RedisError.Code {
    var usualExecution: RedisError.Execution {
        switch self {
        case .reply: .executed
        case .timeout, .connectionLost, .protocolViolation: .unknown
        default: .notExecuted
        }
    }

    private static let serverCodes: [(String, Self)] = allCases.filter {
        switch $0 {
        case .reply, .maxClients, .timeout, .connectionLost, .protocolViolation, .cannotConnect, .closed: false
        default: true
        }
    }.map { ($0.rawValue, $0) }

    init(errorReply text: String) {
        let first = text.prefix { $0 != " " && $0 != "\n" }
        if let code = Self.serverCodes.first(where: { $0.0 == first })?.1 {
            self = code
        } else if first == "ERR" || first == "EXECABORT" {
            self = Self.nested(in: text) ?? .reply
        } else {
            self = .reply
        }
    }

    /// A refusal of one of a script's commands, in the words of 6.2 and 7.0, or of 7.2.
    static func isFromInsideAScript(_ text: String) -> Bool {
        text.contains("The user executing the script") || text.contains("ACL failure in script")
    }

    private static func nested(in text: String) -> Self? {
        if text.hasPrefix("ERR max number of clients") { return .maxClients }
        if isFromInsideAScript(text) { return .noPermission }
        if text.contains("AUTH") && text.contains("without any password configured") { return .wrongPassword }
        for word in text.split(separator: " ") where word.first == "-" {
            let bare = word.dropFirst()
            if let code = serverCodes.first(where: { $0.0 == bare })?.1 { return code }
        }
        return nil
    }
}
