/// One field of a cron expression: the numbers at which it holds.
struct CronField: Sendable, Equatable {
    enum Kind: String {
        case second
        case minute
        case hour
        case dayOfMonth = "day of month"
        case month
        case weekday = "day of week"

        var lowest: Int { self == .dayOfMonth || self == .month ? 1 : 0 }

        var highest: Int {
            switch self {
            case .second, .minute: 59
            case .hour: 23
            case .dayOfMonth: 31
            case .month: 12
            case .weekday: 6
            }
        }

        /// Names in the order of their numbers, from `lowest` on.
        var names: [String] {
            switch self {
            case .month: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
            case .weekday: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
            default: []
            }
        }
    }

    private let mask: UInt64
    /// Whether it begins with `*` or `?`: for the two day fields and for daylight saving that matters, not the numbers.
    let isWildcard: Bool

    /// - Throws: ``MusterError`` that says what is wrong; the caller adds which expression.
    init(_ text: Substring, _ kind: Kind) throws(MusterError) {
        isWildcard = text.hasPrefix("*") || text == "?"
        if text == "?" {
            guard kind == .dayOfMonth || kind == .weekday else {
                throw Self.wrong("? may stand for a day of month or a day of week, not for a \(kind.rawValue)")
            }
            mask = Self.bits(kind.lowest, kind.highest, 1)
            return
        }
        var mask: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            mask |= try Self.part(part, kind)
        }
        self.mask = mask
    }

    /// A field that holds at one number only.
    init(only number: Int) {
        mask = 1 << UInt64(number)
        isWildcard = false
    }

    func contains(_ number: Int) -> Bool { mask & 1 << UInt64(number) != 0 }

    /// The lowest number of the field that is not below `number`.
    func next(from number: Int) -> Int? {
        let rest = number > 63 ? 0 : (mask >> UInt64(number)) << UInt64(number)
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    var first: Int { mask.trailingZeroBitCount }

    /// `*`, `a`, `a-b`, each perhaps with `/step`.
    private static func part(_ text: Substring, _ kind: Kind) throws(MusterError) -> UInt64 {
        let pieces = text.split(separator: "/", omittingEmptySubsequences: false)
        guard pieces.count <= 2, !pieces[0].isEmpty else {
            throw wrong("\(Name.quoted(String(text))) is no \(kind.rawValue); use *, 5, 1-5, 1,5 or */5")
        }
        var step = 1
        if pieces.count == 2 {
            let most = kind.highest - kind.lowest
            guard let number = decimal(pieces[1]), (1...most).contains(number) else {
                throw wrong(
                    "the step \(Name.quoted(String(pieces[1]))) of the \(kind.rawValue) is not between 1 and \(most)")
            }
            step = number
        }
        if pieces[0] == "*" { return bits(kind.lowest, kind.highest, step) }
        let ends = pieces[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw wrong("\(Name.quoted(String(text))) has more than one -") }
        let low = try number(ends[0], kind)
        var high = low
        if ends.count == 2 {
            high = try number(ends[1], kind)
            // A week may be said to end with its Sunday.
            if kind == .weekday, high == 0, low > 0 { high = 7 }
        } else if pieces.count == 2 {
            high = kind.highest
        }
        guard low <= high else {
            throw wrong(
                "the \(kind.rawValue) range \(ends.joined(separator: "-")) runs backwards; write two ranges with a comma"
            )
        }
        return bits(low, high, step, wrapsSunday: kind == .weekday)
    }

    private static func number(_ text: Substring, _ kind: Kind) throws(MusterError) -> Int {
        if let index = kind.names.firstIndex(of: String(text)) { return index + kind.lowest }
        let highest = kind == .weekday ? 7 : kind.highest
        guard let number = decimal(text) else {
            let isQuartz = text.utf8.contains { "LW#".utf8.contains($0) } && text.utf8.count < 5
            throw wrong(
                isQuartz
                    ? "\(text) is not supported for a \(kind.rawValue): L, W and # are not part of these expressions"
                    : "\(Name.quoted(String(text))) is no \(kind.rawValue)"
                        + (kind.names.isEmpty ? "" : "; use a number or \(kind.names[0]) to \(kind.names.last ?? "")"))
        }
        guard (kind.lowest...highest).contains(number) else {
            throw wrong("the \(kind.rawValue) \(number) is not between \(kind.lowest) and \(highest)")
        }
        return number
    }

    private static func decimal(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private static func bits(_ low: Int, _ high: Int, _ step: Int, wrapsSunday: Bool = false) -> UInt64 {
        stride(from: low, through: high, by: step).reduce(0) { $0 | 1 << UInt64(wrapsSunday ? $1 % 7 : $1) }
    }

    private static func wrong(_ text: String) -> MusterError { MusterError(.invalidValue, text) }
}
