/// How many workers one step of a roll takes.
public enum RollBatch: Sendable, Equatable {
    case count(Int)
    case percent(Int)

    /// Reads `3` or `25%`.
    /// - Throws: ``FleetError``.
    public init(_ text: String) throws(FleetError) {
        let isShare = text.hasSuffix("%")
        guard let number = Int(isShare ? String(text.dropLast()) : text), number >= 1, !isShare || number <= 100 else {
            throw FleetError("\(text) is no size of a batch: write a number of workers, or a share such as 25%")
        }
        self = isShare ? .percent(number) : .count(number)
    }

    /// - Parameter all: of how many.
    /// - Returns: at least one.
    func size(of all: Int) -> Int {
        switch self {
        case .count(let count): min(count, max(1, all))
        case .percent(let share): max(1, (all * share + 99) / 100)
        }
    }
}
