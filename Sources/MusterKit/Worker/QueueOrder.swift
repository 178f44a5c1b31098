/// Whose turn it is, where several queues have work.
public enum QueueOrder: Sendable, Equatable {
    /// They take turns.
    case fair
    /// The first named has all it wants before the next one gets anything.
    case strict
    /// Turns in proportion to these numbers, one for each queue, from 1 to 1,000.
    case weighted([Int])
}

/// Deals out the turns.
///
/// With weights this is the "smooth weighted round robin" of nginx: each turn every queue gains its weight in credit,
/// the one with the most credit goes first and pays the sum of all weights. So 5:1:1 gives A A B A C A A, not A five
/// times in a row.
struct QueueTurns {
    private let order: QueueOrder
    private let count: Int
    private var credit: [Int]
    private var turn = 0

    init(_ order: QueueOrder, count: Int) {
        self.order = order
        self.count = count
        credit = Array(repeating: 0, count: count)
    }

    /// All queues, in the order in which they are asked this time.
    mutating func next() -> [Int] {
        defer { turn &+= 1 }
        switch order {
        case .strict:
            return Array(0..<count)
        case .fair:
            return (0..<count).map { (turn + $0) % count }
        case .weighted(let weights):
            for index in credit.indices { credit[index] += weights[index] }
            let order = credit.indices.sorted { (credit[$1], $0) < (credit[$0], $1) }
            credit[order[0]] -= weights.reduce(0, +)
            return order
        }
    }
}
