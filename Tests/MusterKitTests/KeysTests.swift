import Testing

@testable import MusterKit

@Suite struct KeysTests {
    /// The names after the prefix, as the page on Redis' keys lists them.
    static let documented: Set<String> = [
        "meta", "jobs", "lanes", "sessions", "idle", "scheduled", "dead", "timeline", "progress", "refusals", "buckets",
        "done-bytes", "unique", "unique-until", "chains", "batches", "running", "parked", "rates", "checkpoints",
        "cancels", "suspects", "calls", "repeated", "schedules", "schedule-due",
    ]

    let queue = QueueKeys(namespace: "shop", queue: "mail")
    let fleet = FleetKeys(namespace: "shop")

    private func names(of keys: Any, after prefix: String, except: Set<String>) -> [String] {
        Mirror(reflecting: keys).children.filter { !except.contains($0.label ?? "") }.compactMap { child in
            guard let key = child.value as? String, key.hasPrefix(prefix) else { return "?\(child)" }
            return String(key.dropFirst(prefix.count))
        }
    }

    @Test func everyKeyOfAQueueIsADocumentedNameOnTheQueuesOwnSlot() {
        #expect(queue.prefix == "shop:1:{mail}:")
        let names = names(of: queue, after: queue.prefix, except: ["prefix", "queue"])
        #expect(Set(names) == Self.documented)
        #expect(names.count == Self.documented.count)
        #expect(queue.held("h.1.ff") == "shop:1:{mail}:held:h.1.ff")
        #expect(queue.wake("h.1.ff") == "shop:1:{mail}:wake:h.1.ff")
    }

    @Test func theFleetsKeysAreOnASlotThatNoQueueCanHave() {
        #expect(fleet.prefix == "shop:1:{@fleet}:")
        #expect(Set(names(of: fleet, after: fleet.prefix, except: ["prefix"])) == ["meta", "sessions", "queues"])
        #expect(fleet.session("h.1.ff") == "shop:1:{@fleet}:session:h.1.ff")
        #expect(throws: MusterError.self) { try Name.checked("@fleet", "queue") }
    }

    @Test func theScriptsEpochIsTheKeysEpoch() throws {
        let line = try #require(Scripts.beat.source.firstMatch(of: /local PROTOCOL, EPOCH = (\d+), (\d+)/))
        #expect(Int(line.2) == QueueKeys.epoch)
        #expect(queue.prefix.contains(":\(QueueKeys.epoch):"))
    }
}
