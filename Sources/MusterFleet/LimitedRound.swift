/// Does something with many at a time, and with no more than so many.
public enum LimitedRound {
    /// - Returns: what `body` returned, in the order of the items.
    public static func run<Item: Sendable, Answer: Sendable>(
        _ items: [Item], atOnce limit: Int, _ body: @escaping @Sendable (Item) async -> Answer
    ) async -> [Answer] {
        await withTaskGroup(of: (Int, Answer).self) { group in
            var answers: [Int: Answer] = [:]
            for (index, item) in items.enumerated() {
                if index >= max(1, limit), let (done, answer) = await group.next() { answers[done] = answer }
                group.addTask { (index, await body(item)) }
            }
            for await (done, answer) in group { answers[done] = answer }
            return items.indices.compactMap { answers[$0] }
        }
    }
}
