public import MusterRedis

/// The one error at Muster's edge: what went wrong, and what is known of the effect.
public struct MusterError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A name, id, requirement or other value breaks its grammar.
        case invalidValue
        /// A payload, result or batch is over its bound.
        case tooLarge
        /// The server or the way to it failed; `redis` says how.
        case redis
        /// The queue asks for a newer Muster than this one.
        case protocolTooOld
        /// The build stamp is missing or not usable.
        case noStamp
        /// The caller's build is older than what Redis holds, or below the floor; nothing was changed.
        case olderBuild
        /// The producer's build is below the floor, and the operator refuses such; nothing was enqueued.
        case staleProducer
        /// The session lost the job that it speaks of; nothing was changed.
        case notHeld
        /// The server cannot give the durability that was asked for; nothing was enqueued.
        case durabilityUnavailable
        /// Redis has the job in memory, and its durability was not proven in time.
        case durabilityUnproven
        /// The server answered something that this version does not understand.
        case unexpectedAnswer
    }

    /// What a producer may believe of an enqueue that threw.
    public enum Outcome: String, Sendable {
        /// Nothing was enqueued.
        case rejected
        /// It may or may not have been; repeating it with the same id is safe.
        case unknown
    }

    public let code: Code
    public let message: String
    public let outcome: Outcome
    public let redis: RedisError?
    /// Of a call with many jobs: which of them are enqueued all the same, by their places in it, in order. The outcome is
    /// that of the others.
    public private(set) var accepted: [Range<Int>] = []

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
        self.outcome = .rejected
        self.redis = nil
    }

    public init(_ error: RedisError) {
        code = .redis
        message = error.message
        outcome = error.execution == .notExecuted ? .rejected : .unknown
        redis = error
    }

    private init(unknown error: MusterError) {
        code = error.code
        message = error.message
        outcome = .unknown
        redis = error.redis
        accepted = error.accepted
    }

    /// The same error after an earlier try whose effect is not known.
    var afterUnknown: MusterError { MusterError(unknown: self) }

    /// The same error of a call that was accepted in part.
    func after(accepting parts: [Range<Int>]) -> MusterError {
        var error = self
        error.accepted = parts.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { ranges, part in
            if let last = ranges.last, last.upperBound == part.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<part.upperBound
            } else {
                ranges.append(part)
            }
        }
        return error
    }

    static func unproven(_ message: String) -> MusterError { MusterError(.durabilityUnproven, message).afterUnknown }

    /// True where the same call may succeed later, unchanged.
    public var isRetriable: Bool { redis?.isRetriable ?? false }

    /// True where Redis is away, busy or starting, and may give an answer soon: nobody has to mend anything.
    package var mayPass: Bool {
        switch redis?.remedy {
        case .wait, .rediscover: true
        default: false
        }
    }

    public var description: String { message }
}
