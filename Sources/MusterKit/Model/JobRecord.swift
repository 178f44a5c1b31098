public import MusterStamp

/// A job's record as it lies in Redis: one line of `key=value` fields, a newline, the payload's bytes.
/// The fields that every run needs are read in one pass; the payload is never touched.
public struct JobRecord: Sendable {
    private let bytes: [UInt8]
    private let payloadStart: Int
    public let type: String
    /// How often it failed so far.
    public let attempts: Int
    /// How often a session died with it.
    public let crashes: Int
    /// When it was to begin at the earliest, by Redis' clock; its enqueue, unless that was put off.
    let dueMilliseconds: Int?
    public let timeoutMilliseconds: Int?
    public let retainMilliseconds: Int?
    /// Whether its result goes to a job that follows it.
    let hasNext: Bool
    /// Whether one more crash would bury it: it runs alone.
    let isSuspect: Bool

    /// - Returns: nil where the bytes are no record of a version this code knows.
    public init?(_ bytes: [UInt8]) {
        let isMarked = bytes.starts(with: "v1+ ".utf8)
        guard isMarked || bytes.starts(with: "v1 ".utf8) else { return nil }
        var type: String?
        var attempts = 0
        var crashes = 0
        var at: Int?
        var due: Int?
        var timeout: Int?
        var retain: Int?
        var hasNext = false
        var isSuspect = false
        var start = isMarked ? 4 : 3
        var end = start
        while end <= bytes.count {
            guard end == bytes.count || bytes[end] == 0x20 || bytes[end] == 0x0A else {
                end += 1
                continue
            }
            let field = bytes[start..<end]
            if let value = Self.value(of: "type", in: field) {
                type = String(decoding: value, as: UTF8.self)
            } else if let value = Self.value(of: "at", in: field) {
                at = Self.number(value)
            } else if let value = Self.value(of: "due", in: field) {
                due = Self.number(value)
            } else if let value = Self.value(of: "attempts", in: field) {
                attempts = Self.number(value) ?? 0
            } else if let value = Self.value(of: "crashes", in: field) {
                crashes = Self.number(value) ?? 0
            } else if let value = Self.value(of: "timeout", in: field) {
                timeout = Self.number(value)
            } else if let value = Self.value(of: "retain", in: field) {
                retain = Self.number(value)
            } else if isMarked, Self.value(of: "chain", in: field) != nil {
                hasNext = true
            } else if isMarked, Self.value(of: "suspect", in: field) != nil {
                isSuspect = true
            }
            if end == bytes.count || bytes[end] == 0x0A { break }
            start = end + 1
            end = start
        }
        guard let type, !type.isEmpty else { return nil }
        self.bytes = bytes
        self.payloadStart = min(end + 1, bytes.count)
        self.type = type
        self.attempts = attempts
        self.crashes = crashes
        dueMilliseconds = due ?? at
        timeoutMilliseconds = timeout
        retainMilliseconds = retain
        self.hasNext = hasNext
        self.isSuspect = isSuspect
    }

    public var payload: ArraySlice<UInt8> { bytes[payloadStart...] }

    /// Any field of the header, e.g. `from`.
    public subscript(_ name: String) -> String? {
        Fields(String(decoding: bytes[..<max(0, payloadStart - 1)], as: UTF8.self))[name]
    }

    public var enqueuedAtMilliseconds: Int { self["at"].flatMap { Fields.number($0) } ?? 0 }

    /// Its payload is for nobody but its handler.
    public var isPrivate: Bool { self["private"] == "1" }

    public var build: BuildStamp? { self["build"].flatMap { try? BuildStamp($0) } }

    /// The fingerprint of its payload's shape; nothing where its producer knew none.
    public var schema: String? { self["schema"] }

    /// The wait after its first failure; nothing where its type decides.
    public var backoffMilliseconds: Int? { self["backoff"].flatMap { Int($0) } }

    /// Attempts after the first; nothing where its type decides.
    public var retries: Int? { self["retries"].flatMap { Int($0) } }

    /// For a batch's callback: the batch, how many jobs it had and how many of them succeeded.
    public var batch: (id: String, total: Int, succeeded: Int)? {
        guard let id = self["batch-of"] else { return nil }
        func number(_ name: String) -> Int { self[name].flatMap { Int($0) } ?? 0 }
        return (id, number("batch-total"), number("batch-succeeded"))
    }

    public var lane: Lane? {
        if let text = self["lane"] { return Lane(text) }
        return build.map { Lane(.normal, .atLeast(sequence: $0.sequence)) }
    }

    /// The producer's host and process id.
    public var producer: (host: String, pid: Int)? {
        guard let from = self["from"], let colon = from.lastIndex(of: ":") else { return nil }
        return (String(from[..<colon]), Int(from[from.index(after: colon)...]) ?? 0)
    }

    private static func value(of name: StaticString, in field: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let length = name.utf8CodeUnitCount
        guard field.count > length, field[field.startIndex + length] == UInt8(ascii: "="),
            name.withUTF8Buffer({ field.starts(with: $0) })
        else { return nil }
        return field[(field.startIndex + length + 1)...]
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.count < 17 else { return nil }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            number = number * 10 + Int(digit - 0x30)
        }
        return number
    }
}
