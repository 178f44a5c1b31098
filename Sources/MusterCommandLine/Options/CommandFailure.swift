import MusterKit

/// Ends a command with one line for a person and a code for scripts.
public struct CommandFailure: Error, Sendable, CustomStringConvertible {
    public let status: ExitStatus
    public let description: String

    /// - Parameter description: what was wrong, where, and what to do; empty where the answer on stdout says it.
    public init(_ status: ExitStatus, _ description: String = "") {
        self.status = status
        self.description = description
    }

    /// The line and the code for any error that a command lets through.
    public init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as MusterError: self.init(Self.status(of: error), Self.text(of: error))
        case let error as StampError: self.init(.rejected, error.description)
        case let error as StaleBuild: self.init(.stale, error.description)
        case let error as ConfigurationError: self.init(.usage, error.description)
        case let error as DurationTextError: self.init(.usage, error.description)
        case is CancellationError: self.init(.failed, "stopped")
        default: self.init(.failed, "\(error)")
        }
    }

    private static func status(of error: MusterError) -> ExitStatus {
        switch error.code {
        case .invalidValue: .usage
        case .redis: .redis
        case .tooLarge, .noStamp, .olderBuild, .staleProducer, .protocolTooOld, .durabilityUnavailable: .rejected
        case .durabilityUnproven: .timeout
        case .unexpectedAnswer, .notHeld: .failed
        }
    }

    private static func text(of error: MusterError) -> String {
        guard let redis = error.redis else { return error.message }
        let advice =
            switch redis.remedy {
            case .fixAccess: "check the user and password in --redis or MUSTER_REDIS"
            case .tellCaller: "nothing was changed; the server needs help first"
            default:
                redis.code == .cannotConnect
                    ? "is Redis running there? set --redis or MUSTER_REDIS, or try `muster dev`" : ""
            }
        return advice.isEmpty ? error.message : "\(error.message); \(advice)"
    }
}
