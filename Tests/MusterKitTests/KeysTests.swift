import Foundation
import Testing

@testable import MusterKit

@Suite struct KeysTests {
    /// The names after the prefix that the page on Redis' keys lists in the table below a heading; of one with a colon
    /// what stands up to it.
    static func documented(below heading: String) throws -> [String] {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Documentation/redis-keys.md").standardized
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: "\n## \(heading)\n"), "the page has no heading \(heading)")
        let rows = text[start.upperBound...].drop { $0 != "|" }
            .split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("|") }
        return rows.compactMap { $0.firstMatch(of: /^\| `([a-z-]+:?)/).map { String($0.1) } }
    }

    let queue = QueueKeys(namespace: "shop", queue: "mail")
    let fleet = FleetKeys(namespace: "shop")

    private func names(of keys: Any, after prefix: String, except: Set<String>) -> [String] {
        Mirror(reflecting: keys).children.filter { !except.contains($0.label ?? "") }.compactMap { child in
            guard let key = child.value as? String, key.hasPrefix(prefix) else { return "?\(child)" }
            return String(key.dropFirst(prefix.count))
        }
    }

    @Test func everyKeyOfAQueueIsADocumentedNameOnTheQueuesOwnSlot() throws {
        #expect(queue.prefix == "shop:1:{mail}:")
        let names = names(of: queue, after: queue.prefix, except: ["prefix", "queue"])
        let documented = try Self.documented(below: "Of a queue").filter { !$0.contains(":") }
        #expect(names.sorted() == documented.sorted())
        #expect(queue.held("h.1.ff") == "shop:1:{mail}:held:h.1.ff")
        #expect(queue.wake("h.1.ff") == "shop:1:{mail}:wake:h.1.ff")
    }

    @Test func theFleetsKeysAreOnASlotThatNoQueueCanHave() throws {
        #expect(fleet.prefix == "shop:1:{@fleet}:")
        let documented = try Self.documented(below: "Of the fleet").filter { !$0.contains(":") }
        #expect(names(of: fleet, after: fleet.prefix, except: ["prefix"]).sorted() == documented.sorted())
        #expect(fleet.session("h.1.ff") == "shop:1:{@fleet}:session:h.1.ff")
        #expect(fleet.orders("h.1.ff") == "shop:1:{@fleet}:orders:h.1.ff")
        #expect(fleet.obeyed("n") == "shop:1:{@fleet}:obeyed:n")
        let derived = try Self.documented(below: "Of the fleet").filter { $0.contains(":") }
        #expect(Set(["orders:", "obeyed:", "session:"]).isSubset(of: derived))
        #expect(throws: MusterError.self) { try Name.checked("@fleet", "queue") }
    }

    @Test func theScriptsEpochIsTheKeysEpoch() throws {
        let line = try #require(Scripts.beat.source.firstMatch(of: /local PROTOCOL, EPOCH = (\d+), (\d+)/))
        #expect(Int(line.2) == QueueKeys.epoch)
        #expect(queue.prefix.contains(":\(QueueKeys.epoch):"))
    }
}
