import Foundation

/// The job types that a worker knows, each with what runs it.
public struct Handlers: Sendable {
    /// Runs one job and returns its result's bytes, or nil for none. The result is kept where the job asked.
    public typealias Raw = @Sendable (JobContext) async throws -> [UInt8]?

    struct Entry: Sendable {
        let run: Raw
        let retry: RetryPolicy
        var requirement: Requirement?
        /// Found when somebody asks: a worker that lists no types records none.
        var schema: @Sendable () -> SchemaFingerprint? = { nil }
    }

    private(set) var byType: [String: Entry] = [:]

    public init() {}

    public var types: [String] { byType.keys.sorted() }

    /// Registers a typed handler. The payload is decoded here, when the job runs and not before; one that
    /// cannot be decoded while its producer's build is newer goes back unharmed.
    /// - Parameter retry: what becomes of its failures; default 25 retries with exponential backoff.
    public mutating func register<J: Job>(
        _ type: J.Type, retry: RetryPolicy = RetryPolicy(),
        _ body: @escaping @Sendable (J, JobContext) async throws -> Void
    ) {
        add(type, retry: retry) { context in
            try await body(Self.decode(J.self, context), context)
            return nil
        }
    }

    /// Registers a typed handler whose result is kept as JSON where the job asked for it.
    public mutating func register<J: Job, R: Encodable & Sendable>(
        _ type: J.Type, retry: RetryPolicy = RetryPolicy(),
        _ body: @escaping @Sendable (J, JobContext) async throws -> R
    ) {
        add(type, retry: retry) { context in
            let result = try await body(Self.decode(J.self, context), context)
            return Array(try JSONEncoder().encode(result))
        }
    }

    /// Registers a handler of bytes.
    /// - Parameters:
    ///   - requirement: for the listing of types: what its jobs ask for; default at least the producer's build. A
    ///     worker grants nothing by it.
    ///   - schema: for the listing of types: the fingerprint of its payloads; default unknown.
    /// - Precondition: `type` obeys the grammar of names; it is the programmer's own constant.
    public mutating func register(
        type: String, retry: RetryPolicy = RetryPolicy(), requirement: Requirement? = nil,
        schema: SchemaFingerprint? = nil, _ body: @escaping Raw
    ) {
        add(type, Entry(run: body, retry: retry, requirement: requirement, schema: { schema }))
    }

    private mutating func add<J: Job>(_ type: J.Type, retry: RetryPolicy, _ body: @escaping Raw) {
        let entry = Entry(
            run: body, retry: retry, requirement: J.requirement, schema: { SchemaFingerprint.of(J.self) })
        add(J.name, entry)
    }

    private mutating func add(_ type: String, _ entry: Entry) {
        precondition((try? Name.checked(type, "job type")) != nil, "\(type) is not a job type's name")
        byType[type] = entry
    }

    private static func decode<J: Job>(_ type: J.Type, _ context: JobContext) throws -> J {
        do {
            return try JSONDecoder().decode(J.self, from: Data(context.payload))
        } catch {
            throw UndecodablePayload(reason: "\(error)")
        }
    }
}

/// The payload does not fit the handler's type.
struct UndecodablePayload: Error, CustomStringConvertible {
    let reason: String
    var description: String { "the payload cannot be decoded: \(reason)" }
}

/// Thrown by a handler: not now and not my fault. The job comes back later and no attempt is burnt.
public struct JobLater: Error, Sendable {
    /// How long to wait; default 30 s.
    public var delay: Duration
    public init(delay: Duration = .seconds(30)) { self.delay = delay }
}

/// Thrown by a handler: another attempt would not help. The job is dead at once, with this reason.
public struct JobDiscarded: Error, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ reason: String) { description = reason }
}
