/// How many of an operation's jobs may run at once, wherever they run.
enum OverlapLimit: Sendable {
    /// Of those with its limit key.
    case perKey(Int)
    /// Of all in the queue.
    case perQueue(Int)

    var most: Int {
        switch self {
        case .perKey(let most), .perQueue(let most): most
        }
    }

    var isOfQueue: Bool {
        if case .perQueue = self { true } else { false }
    }

    /// As the settings script takes it.
    var setting: (name: String, value: String) {
        switch self {
        case .perKey(let most): ("key-concurrency", "\(most)")
        case .perQueue(let most): ("concurrency", "\(most)")
        }
    }
}
