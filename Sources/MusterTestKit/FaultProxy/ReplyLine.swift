/// The commands of one connection that wait for their replies, in order.
struct ReplyLine {
    struct Entry {
        /// What happens to the reply.
        let fault: FaultProxy.Fault?
        /// The text of a script that is being loaded.
        let source: [UInt8]?
    }

    private var entries: [Entry] = []
    private var head = 0

    var count: Int { entries.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Entry? { isEmpty ? nil : entries[head] }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    mutating func takeFirst() -> Entry? {
        guard let first else { return nil }
        head += 1
        if head > 64, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
        return first
    }
}
