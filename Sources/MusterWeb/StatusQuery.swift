import Hummingbird

/// What a client asks for behind the job's id: `?after=MARK&within=20s&queue=NAME`.
struct StatusQuery: Sendable {
    /// A longer wait than this would be ended by some proxy on the way.
    static let longest = Duration.seconds(30)

    /// Why a request cannot be answered; a sentence for whoever wrote the client.
    struct Malformed: Error {
        let message: String
    }

    let after: StatusMark?
    let within: Duration?
    let queue: String?

    init(_ parameters: Parameters) throws(Malformed) {
        queue = parameters.get("queue")
        if let text = parameters.get("after") {
            guard let mark = StatusMark(text) else {
                throw Malformed(message: "`after` is the `mark` or the `seq` of an earlier answer")
            }
            after = mark
        } else {
            after = nil
        }
        if let text = parameters.get("within") {
            guard let within = Self.duration(text), within <= Self.longest else {
                throw Malformed(message: "`within` is a time like 20s or 500ms, and at most 30s")
            }
            self.within = within
        } else {
            within = nil
        }
    }

    private static func duration(_ text: String) -> Duration? {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...6).contains(digits.count), let number = Int(String(decoding: digits, as: UTF8.self)) else {
            return nil
        }
        return switch String(text.utf8.dropFirst(digits.count)) {
        case "s": .seconds(number)
        case "ms": .milliseconds(number)
        default: nil
        }
    }
}
