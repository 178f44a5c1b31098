import Foundation
import Testing

@testable import MusterKit

@Suite struct TypeListingTests {
    struct Report: Job {
        static let name = "report"
        var month: String
    }
    struct Ping: Job {
        static let name = "ping"
        static let requirement: Requirement? = .any
        static let schema = "v1"
    }

    @Test func aWorkersHandlersAreListed() throws {
        var handlers = Handlers()
        handlers.register(Report.self) { _, _ in }
        handlers.register(Ping.self) { _, _ in "pong" }
        handlers.register(
            type: "digest", requirement: .host("web-1"), schema: SchemaFingerprint(declared: "x")
        ) { _ in nil }
        handlers.register(type: "bytes") { _ in nil }
        let listing = try handlers.listing(build: build(5))
        #expect(listing.build == (try build(5)))
        #expect(listing.types.map(\.type) == ["bytes", "digest", "ping", "report"])
        #expect(listing.types.map(\.requirement) == ["at-least", "host:web-1", "any", "at-least"])
        #expect(
            listing.types.map(\.schema) == [
                nil, "\(SchemaFingerprint(declared: "x"))", "\(SchemaFingerprint(declared: "v1"))",
                "\(SchemaFingerprint.of(Report.self))",
            ])
        #expect(listing.types.map(\.basis) == [nil, .declared, .declared, .recorded])
        #expect(listing.text.split(separator: "\n").map { $0.split(separator: " ").count } == [3, 3, 3, 3])
    }

    @Test func itsJSONIsReadBackAndHasTheFieldsThatScriptsReadByName() throws {
        var handlers = Handlers()
        handlers.register(Ping.self) { _, _ in }
        handlers.register(type: "bytes") { _ in nil }
        let listing = try handlers.listing(build: build(5))
        #expect(try TypeListing(json: Array(listing.json.utf8)) == listing)
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(listing.json.utf8)) as? [String: Any])
        #expect(document["build"] as? String == "5-r5")
        let types = try #require(document["types"] as? [[String: Any]])
        #expect(types[0]["type"] as? String == "bytes")
        #expect(types[0]["schema"] is NSNull)
        #expect(types[1]["schema"] as? String == "\(SchemaFingerprint(declared: "v1"))")
        #expect(types[1]["requirement"] as? String == "any")
    }

    @Test func whatALaterVersionAddsIsSkippedAndProvesNothing() throws {
        let text = #"{"build":"5-r5","more":1,"types":[{"type":"a","schema":"x","basis":"oracle","colour":"red"}]}"#
        let listing = try TypeListing(json: Array(text.utf8))
        #expect(listing.types[0].basis == .name)
        #expect(listing.diff(to: listing).unknown == ["a"])
    }

    @Test(arguments: ["", "{}", "[]", #"{"build":"latest","types":[]}"#, #"{"build":"5-r5","types":[{}]}"#])
    func whatIsNoListingIsRefusedInOneLine(text: String) {
        let error = #expect(throws: MusterError.self) { try TypeListing(json: Array(text.utf8)) }
        #expect(error?.code == .invalidValue)
        #expect(error?.message.contains("--list-types --json") == true)
        #expect(error?.message.contains("\n") == false)
    }

    private func listing(_ sequence: Int, _ types: [(String, SchemaFingerprint?)]) throws -> TypeListing {
        try TypeListing(
            build: build(sequence),
            types: types.map { TypeListing.Entry(type: $0.0, schema: $0.1, requirement: nil) })
    }

    @Test func aDiffPutsEachTypeIntoOneList() throws {
        let (one, two) = (SchemaFingerprint(declared: "1"), SchemaFingerprint(declared: "2"))
        let named = SchemaFingerprint(.name, "named")
        let older = try listing(
            1, [("kept", one), ("moved", one), ("gone", one), ("silent", nil), ("named", named), ("late", nil)])
        let newer = try listing(
            2, [("kept", one), ("moved", two), ("new", nil), ("silent", nil), ("named", named), ("late", one)])
        let diff = older.diff(to: newer)
        #expect(diff.added == ["new"])
        #expect(diff.removed == ["gone"])
        #expect(diff.changed == [.init(type: "moved", from: "\(one)", to: "\(two)")])
        #expect(diff.same == ["kept"])
        #expect(diff.unknown == ["late", "named", "silent"])
        #expect(!diff.isSame)
        let back = newer.diff(to: older)
        #expect((back.added, back.removed) == (["gone"], ["new"]))
        #expect(back.changed == [.init(type: "moved", from: "\(two)", to: "\(one)")])
    }

    @Test func onlyAProvenEqualityIsTheSame() throws {
        let one = try listing(1, [("a", SchemaFingerprint(declared: "1"))])
        #expect(one.diff(to: one).isSame)
        let silent = try listing(1, [("a", nil)])
        #expect(!silent.diff(to: silent).isSame)
        #expect(try listing(1, []).diff(to: listing(2, [])).isSame)
    }
}
