import CStacks

/// What every thread of this process is at, with the names of the functions.
struct ThreadStacks: Sendable {
    /// How long a thread may take to answer.
    static let patienceMilliseconds: Int32 = 400

    /// The oldest first; those that stand at the same place are one entry, of 128 at most.
    let threads: [WorkerDump.Thread]
    /// How many threads there are beside the one that asks; of more than 512 the oldest are looked at.
    let total: Int
    /// Why there are none; nil where there are.
    let missing: String?

    /// Stops each thread for some microseconds, and waits for those that do not answer at once. Blocks the calling thread.
    static func take() -> ThreadStacks {
        var outcome = muster_stacks_taken
        guard let stacks = muster_stacks_take(patienceMilliseconds, &outcome) else {
            let why =
                switch outcome {
                case muster_stacks_signal_in_use: "not taken: somebody else in this process handles SIGPROF"
                case muster_stacks_no_memory: "not taken: no memory"
                default: "not available on this system"
                }
            return ThreadStacks(threads: [], total: 0, missing: why)
        }
        defer { muster_stacks_free(stacks) }
        let threads = (0..<muster_stacks_count(stacks)).map { index in
            let depth = muster_stacks_depth(stacks, index)
            return WorkerDump.Thread(
                thread: Int(muster_stacks_thread(stacks, index)),
                name: text(muster_stacks_name(stacks, index)),
                state: String(UnicodeScalar(UInt8(bitPattern: muster_stacks_state(stacks, index)))),
                missing: depth == -2 ? "blocks the signal" : depth < 0 ? "did not answer in time" : nil,
                frames: (0..<max(0, depth)).map { text(muster_stacks_frame(stacks, index, $0)) })
        }
        return ThreadStacks(threads: merged(threads), total: Int(muster_stacks_total(stacks)), missing: nil)
    }

    private static func merged(_ threads: [WorkerDump.Thread]) -> [WorkerDump.Thread] {
        var places: [[String]: Int] = [:]
        var merged: [WorkerDump.Thread] = []
        for thread in threads {
            let place = [thread.name, thread.missing ?? ""] + thread.frames
            if let index = places[place] {
                merged[index].alike.append(thread.thread)
            } else {
                places[place] = merged.count
                merged.append(thread)
            }
        }
        return Array(merged.prefix(WorkerDump.mostThreads))
    }

    /// Gives the calling thread a name, of which 15 bytes count; Foundation gives it none on Linux.
    static func nameThisThread(_ name: String) { muster_stacks_name_this(name) }

    private static func text(_ bytes: UnsafePointer<CChar>?) -> String {
        guard let bytes else { return "" }
        // What tells private functions of the same name in two files apart says nothing to people.
        return String(cString: bytes).replacing("Swift.", with: "")
            .replacing(/\(([^() ]+) in _[0-9A-F]{32}\)/) { "\($0.1)" }
    }
}
