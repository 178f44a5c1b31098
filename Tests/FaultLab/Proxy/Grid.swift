import MusterLaunch
import MusterTestKit
import Synchronization
import Testing

/// Tries all cells, a few at a time, each lane with a Redis of its own.
struct Grid {
    /// What one trial found.
    struct Finding: Sendable {
        /// Whether the command came to be sent, so that the fault struck.
        let isStruck: Bool
        let problems: [String]
    }

    /// Some commands depend on the clock; a trial that did not get to its command is tried again.
    private static let tries = 5

    let lanes: Int
    /// Each lane's server.
    var redis = PrivateRedisOptions(appendOnly: false)

    /// What the lanes share.
    private final class Book: Sendable {
        private let next = Mutex(0)
        private let problems = Mutex<[String]>([])
        private let missed = Mutex<[String]>([])
        private let cells: [Cell]

        init(_ cells: [Cell]) { self.cells = cells }

        func take() -> (number: Int, cell: Cell)? {
            next.withLock { next in
                guard next < cells.count else { return nil }
                defer { next += 1 }
                return (next, cells[next])
            }
        }

        func note(_ cell: Cell, _ finding: Finding) {
            problems.withLock { $0 += finding.problems.prefix(5).map { "\(cell): \($0)" } }
            if !finding.isStruck { missed.withLock { $0.append("\(cell)") } }
        }

        func judge() {
            let found = problems.withLock { $0 }
            #expect(
                found.isEmpty, "\(found.count) problems in \(cells.count) trials:\n\(found.joined(separator: "\n"))")
            let missed = missed.withLock { $0 }
            #expect(missed.count * 20 <= cells.count, "commands that never came:\n\(missed.joined(separator: "\n"))")
            print("fault grid: \(cells.count) trials, \(cells.count - missed.count) struck, \(found.count) problems")
        }
    }

    /// - Parameter trial: given the cell, the lane's Redis and a namespace that nobody used before.
    func run(
        _ cells: [Cell], _ trial: @escaping @Sendable (Cell, PrivateRedis, String) async throws -> Finding
    ) async throws {
        let book = Book(cells)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    try await withRedis(redis) { redis in
                        while let (number, cell) = book.take() {
                            var finding = Finding(isStruck: false, problems: [])
                            for attempt in 0..<Self.tries where !finding.isStruck && finding.problems.isEmpty {
                                finding = try await trial(cell, redis, "t\(lane).\(number).\(attempt)")
                            }
                            book.note(cell, finding)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        book.judge()
    }
}

/// Waits for what must end by itself.
/// - Returns: nil where it did not.
func bounded<Answer: Sendable>(_ task: Task<Answer, any Error>) async throws -> Result<Answer, any Error>? {
    let ended = Mutex<Result<Answer, any Error>?>(nil)
    Task {
        let result = await task.result
        ended.withLock { $0 = result }
    }
    _ = try await eventually { ended.withLock { $0 != nil } }
    return ended.withLock { $0 }
}

/// Heals a little after the fault struck, as an outage that passes, so that nobody waits for a timeout of seconds.
func healing(_ proxy: FaultProxy, _ task: Task<some Sendable, any Error>) async throws {
    let isOver = Mutex(false)
    Task {
        _ = await task.result
        isOver.withLock { $0 = true }
    }
    _ = try await eventually { isOver.withLock { $0 } || !proxy.struck.isEmpty }
    if proxy.struck.isEmpty { return }
    _ = try await eventually(within: .milliseconds(40)) { isOver.withLock { $0 } }
    proxy.heal()
}
