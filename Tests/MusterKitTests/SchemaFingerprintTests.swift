import Foundation
import Testing

@testable import MusterKit

/// The shape of a job type's payloads, found by its own decoding.
@Suite struct SchemaFingerprintTests {
    private func shape<T: Decodable>(_ type: T.Type) -> String? { SchemaRecording.shape(of: type) }

    // MARK: What is seen

    struct Usual: Codable {
        struct Line: Codable {
            var article: String
            var count: UInt8
        }
        enum Speed: String, Codable, CaseIterable { case slow, fast }
        var lines: [Line]
        var note: String?
        var paid: Bool?
        var speed: Speed
        var totals: [String: Double]
        var at: Date
        var site: URL
        var id: UUID
        var sum: Decimal
        var raw: Data
        var big: Int64
        var tags: Set<String>
        var last: Line?
    }

    @Test func everyKeyItsTypeAndWhetherItMayBeAbsentAreSeen() {
        let line = #"{"article":string,"count":uint8}"#
        #expect(
            shape(Usual.self) == """
                {"at":date,"big":int,"id":uuid,"last"?:\(line),"lines":[\(line)],"note"?:string,"paid"?:bool,"raw":data,\
                "site":url,"speed":string("fast"|"slow"),"sum":decimal,"tags":[string],"totals":[string:number]}
                """)
    }

    struct Ordered: Codable {
        var first: String
        var second: Int
    }
    struct Reordered: Codable {
        var second: Int
        var first: String
    }
    struct Renamed: Codable {
        var first: String
        var other: Int
        enum CodingKeys: String, CodingKey {
            case first
            case other = "second"
        }
    }
    struct KeyChanged: Codable {
        var first: String
        var third: Int
    }
    struct TypeChanged: Codable {
        var first: String
        var second: String
    }
    struct MadeOptional: Codable {
        var first: String
        var second: Int?
    }
    struct More: Codable {
        var first: String
        var second: Int
        var third: Bool
    }

    @Test func theOrderAndTheNamesOfPropertiesPlayNoPartTheirKeysDo() {
        #expect(shape(Ordered.self) == #"{"first":string,"second":int}"#)
        #expect(shape(Reordered.self) == shape(Ordered.self))
        #expect(shape(Renamed.self) == shape(Ordered.self))
    }

    @Test func eachChangeOfShapeIsAnotherText() {
        let shapes = [
            shape(Ordered.self), shape(KeyChanged.self), shape(TypeChanged.self), shape(MadeOptional.self),
            shape(More.self),
        ]
        #expect(!shapes.contains(nil))
        #expect(Set(shapes).count == shapes.count)
    }

    struct Empty: Codable {}
    struct Nested: Codable {
        var grid: [[Int]]
        var maybe: [String?]
        var byNumber: [Int: [Empty]]
    }

    @Test func whatHoldsOthersShowsThem() {
        #expect(shape(Empty.self) == "{}")
        #expect(shape(Nested.self) == #"{"byNumber":[int:[{}]],"grid":[[int]],"maybe":[string?]}"#)
    }

    struct Box<Content: Codable>: Codable { var content: Content }

    @Test func aGenericTypeHasTheShapeOfWhatItHolds() {
        #expect(shape(Box<Int>.self) == #"{"content":int}"#)
        #expect(shape(Box<Box<[String]>>.self) == #"{"content":{"content":[string]}}"#)
    }

    // MARK: Types inside themselves

    struct Tree: Codable {
        var name: String
        var children: [Tree]
    }
    final class Chain: Codable {
        let value: Int
        let next: Chain?
    }
    struct Left: Codable { var rights: [String: Right] }
    struct Right: Codable {
        var left: [Left]
        var again: [Right]
    }

    @Test func aTypeInsideItselfEnds() {
        #expect(shape(Tree.self) == #"{"children":[^1],"name":string}"#)
        #expect(shape(Chain.self) == #"{"next"?:^1,"value":int}"#)
        #expect(shape(Left.self) == #"{"rights":[string:{"again":[^1],"left":[^2]}]}"#)
    }

    indirect enum Endless<T: Codable>: Codable {
        case end
        init(from decoder: any Decoder) throws {
            _ = try decoder.singleValueContainer().decode([Endless<[T]>].self)
            self = .end
        }
        func encode(to encoder: any Encoder) throws {}
    }

    @Test func aTypeThatGrowsAsItNestsIsGivenUp() { #expect(shape(Endless<Int>.self) == nil) }

    struct Wide0: Codable { var a, b, c, d: Int }
    struct Wide<T: Codable>: Codable { var a, b, c, d, e, f, g, h: T }

    @Test func aTypeOfTooManyPartsIsGivenUp() {
        #expect(shape(Wide<Wide<Wide0>>.self) != nil)
        #expect(shape(Wide<Wide<Wide<Wide<Wide<Int>>>>>.self) == nil)
    }

    // MARK: Enums

    enum Listed: Int, Codable, CaseIterable {
        case one = 1
        case two
    }
    enum Unlisted: String, Codable { case red, green }
    enum Only: String, Codable { case only }
    struct Flags: OptionSet, Codable { var rawValue: UInt16 }
    struct Coloured: Codable {
        var before: Int
        var colour: Unlisted
        var only: Only
        var number: Listed
        var flags: Flags
        var after: String
    }

    @Test func anEnumWithRawValuesShowsItsCasesOrItsName() {
        #expect(
            shape(Coloured.self) == """
                {"after":string,"before":int,"colour":string:Unlisted,"flags":uint16,"number":int("1"|"2"),"only":string:Only}
                """)
    }

    enum Event: Codable {
        case created(by: String)
        case deleted
    }
    struct WithEvent: Codable { var event: Event }
    struct MayHaveEvent: Codable { var event: Event? }

    @Test func anEnumWithAssociatedValuesCannotBeRecorded() {
        #expect(shape(WithEvent.self) == nil)
        #expect(shape(MayHaveEvent.self) == nil)
    }

    // MARK: Decoding by hand

    struct Careful: Decodable {
        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            if values.contains(.a), try !values.decodeNil(forKey: .a) { _ = try values.decode(Int.self, forKey: .a) }
            if (try? values.decode(Int.self, forKey: .b)) == nil { _ = try values.decode(String.self, forKey: .b) }
            var list = try values.nestedUnkeyedContainer(forKey: .list)
            while !list.isAtEnd { _ = try list.decode(Double.self) }
            let inner = try values.nestedContainer(keyedBy: Key.self, forKey: .inner)
            _ = try inner.decode(Bool.self, forKey: .a)
            var pair = try inner.nestedUnkeyedContainer(forKey: .list)
            _ = try pair.decode(Int.self)
            _ = try pair.decode(String.self)
            _ = try pair.nestedContainer(keyedBy: Key.self).decodeIfPresent(Int.self, forKey: .b)
        }
        enum Key: CodingKey { case a, b, list, inner }
    }

    @Test func whatIsDecodedByHandIsSeenToo() {
        #expect(
            shape(Careful.self)
                == #"{"a"?:int,"b":int,"inner":{"a":bool,"list":(int,string,{"b"?:int})},"list":(number)}"#)
    }

    class Animal: Codable { var name = "" }
    final class Dog: Animal {
        var age = 0
        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            age = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .age)
            try super.init(from: decoder.container(keyedBy: Key.self).superDecoder())
        }
        enum Key: CodingKey { case age }
    }

    @Test func aSuperclassIsPartOfTheShape() {
        #expect(shape(Dog.self) == #"{"age":int,"super":{"name":string}}"#)
    }

    struct Address: Codable {
        var text: String
        init(from decoder: any Decoder) throws {
            text = try decoder.singleValueContainer().decode(String.self)
            guard text.contains("@") else {
                throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "no address"))
            }
        }
    }
    struct Letter: Codable {
        var to: Address
        var body: String
    }
    struct Copies: Codable { var to: [Address] }
    struct Forgiving: Decodable {
        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            _ = try? values.decode(Address.self, forKey: .to)
            _ = try values.decode(String.self, forKey: .body)
        }
        enum Key: CodingKey { case to, body }
    }

    @Test func whatRefusesEmptyValuesIsNotRecordedByHalves() {
        #expect(shape(Letter.self) == nil)
        #expect(shape(Copies.self) == nil)
        #expect(shape(Forgiving.self) == nil)
    }

    // MARK: Fingerprints

    struct Plain: Job {
        static let name = "plain"
        var first: String
        var second: Int
    }
    struct Twin: Job {
        static let name = "twin"
        var second: Int
        var first: String
    }
    struct Declared: Job {
        static let name = "declared"
        static let schema = "v2"
        init(from decoder: any Decoder) throws { fatalError("a declared type is never run") }
        func encode(to encoder: any Encoder) throws {}
    }
    struct Mail: Job {
        static let name = "mail"
        var to: Address
    }

    @Test func aFingerprintIsOneOfTheseTexts() {
        // Written down, so that another process, platform or release that finds others is found out.
        #expect(SchemaFingerprint.of(Plain.self).description == "32ea6623")
        #expect(SchemaFingerprint(declared: "v2").description == "2f0a9710")
        #expect(SchemaFingerprint.of(Mail.self).description == "ac74860e")
    }

    @Test func whatItRestsOnIsSaid() {
        #expect(SchemaFingerprint.of(Plain.self).basis == .recorded)
        #expect(SchemaFingerprint.of(Twin.self) == SchemaFingerprint.of(Plain.self))
        #expect(SchemaFingerprint.of(Declared.self) == SchemaFingerprint(declared: "v2"))
        #expect(SchemaFingerprint(declared: "v1") != SchemaFingerprint(declared: "v2"))
        #expect(SchemaFingerprint.of(Mail.self).basis == .name)
        #expect(SchemaFingerprint.of(Mail.self).travelling == nil)
        #expect(SchemaFingerprint.of(Plain.self).travelling == SchemaFingerprint.of(Plain.self).description)
    }

    /// Counts how often it is decoded.
    struct Counted: Job {
        static let name = "counted"
        nonisolated(unsafe) static var count = 0
        init(from decoder: any Decoder) throws { Self.count += 1 }
        func encode(to encoder: any Encoder) throws {}
    }

    @Test func aTypeIsRecordedOnce() {
        for _ in 0..<100 { _ = SchemaFingerprint.of(Counted.self) }
        #expect(Counted.count == 1)
    }
}
