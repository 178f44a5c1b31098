/// What a queue is told to do. It outlives every deploy: only an operator changes it.
public struct QueueSettings: Sendable, Equatable, Encodable {
    /// So many jobs within so much time.
    public struct Rate: Sendable, Equatable, Encodable, CustomStringConvertible {
        public let count: Int
        public let perMs: Int

        /// - Throws: ``MusterError`` where a number is not between 1 and a million, or the time under 1 ms or over a day.
        public init(_ count: Int, per span: Duration) throws(MusterError) {
            guard (1...1_000_000).contains(count), (1...86_400_000).contains(span.wholeMilliseconds) else {
                throw MusterError(.invalidValue, "a rate is 1 to 1000000 jobs in 1ms to 1d, for example 100 in 1s")
            }
            self.count = count
            perMs = span.wholeMilliseconds
        }

        init?(_ text: String) {
            let parts = text.split(separator: "/").compactMap { Int($0) }
            guard parts.count == 2 else { return nil }
            count = parts[0]
            perMs = parts[1]
        }

        public var description: String { "\(count)/\(perMs)" }
    }

    /// A change to one of them.
    public enum Change: Sendable, Equatable {
        case pause, resume
        /// Jobs that all workers together may hold; nil for no limit.
        case concurrency(Int?)
        /// Jobs that may begin within a time; nil for no limit.
        case rate(Rate?)
        /// As ``concurrency(_:)``, for the jobs of one limit key.
        case keyConcurrency(Int?)
        /// As ``rate(_:)``, for the jobs of one limit key.
        case keyRate(Rate?)
        /// How long outcomes are kept where the job does not say; nil for an hour.
        case retention(Duration?)
        /// Bytes of all outcomes together; nil for 64 MiB.
        case outcomeBytes(Int?)
    }

    public let pausedAt: Timestamp?
    public let concurrency: Int?
    public let rate: Rate?
    public let keyConcurrency: Int?
    public let keyRate: Rate?
    public let retentionMs: Int?
    public let outcomeBytes: Int?

    init(_ fields: [String: String]) {
        func number(_ name: String) -> Int? { fields[name].flatMap { Int($0) } }
        pausedAt = number("paused").map { Timestamp(milliseconds: $0) }
        concurrency = number("concurrency")
        rate = fields["rate"].flatMap { Rate($0) }
        keyConcurrency = number("key-concurrency")
        keyRate = fields["key-rate"].flatMap { Rate($0) }
        retentionMs = number("retention")
        outcomeBytes = number("outcome-bytes")
    }
}

extension QueueSettings.Change {
    /// As the settings script takes it.
    func field() throws(MusterError) -> (name: String, value: String) {
        switch self {
        case .pause: ("paused", "yes")
        case .resume: ("paused", "")
        case .concurrency(let limit): ("concurrency", try Self.checked(limit, 1...1_000_000, "a concurrency limit"))
        case .rate(let rate): ("rate", rate?.description ?? "")
        case .keyConcurrency(let limit):
            ("key-concurrency", try Self.checked(limit, 1...1_000_000, "a concurrency limit"))
        case .keyRate(let rate): ("key-rate", rate?.description ?? "")
        case .retention(let span):
            ("retention", try Self.checked(span?.wholeMilliseconds, 1000...2_592_000_000, "a retention in ms"))
        case .outcomeBytes(let bytes):
            ("outcome-bytes", try Self.checked(bytes, 65_536...1 << 40, "a bound of all outcomes' bytes"))
        }
    }

    private static func checked(
        _ number: Int?, _ range: ClosedRange<Int>, _ what: String
    ) throws(MusterError) -> String {
        guard let number else { return "" }
        guard range.contains(number) else {
            throw MusterError(.invalidValue, "\(what) is between \(range.lowerBound) and \(range.upperBound)")
        }
        return String(number)
    }
}
