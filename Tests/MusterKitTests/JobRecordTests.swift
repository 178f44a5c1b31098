import Testing

@testable import MusterKit

@Suite struct JobRecordTests {
    @Test func whatAProducerWritesIsReadBack() throws {
        let header = JobHeader(
            type: "mail.send", lane: Lane(.high, .any), build: try build(5), producerHost: "web-01", producerPID: 4711,
            retries: 3, timeoutMilliseconds: 1500, retainMilliseconds: 60_000, schema: "51c0ab7e")
        let record = try #require(JobRecord(Array(("v1 at=1763700000123 " + header.text).utf8) + [1, 2, 3]))
        #expect(record.type == "mail.send")
        #expect(record.lane == Lane(.high, .any))
        #expect(try record.build == build(5))
        #expect(record.producer?.host == "web-01")
        #expect(record.producer?.pid == 4711)
        #expect(record["retries"] == "3")
        #expect(record.schema == "51c0ab7e")
        #expect(record.timeoutMilliseconds == 1500)
        #expect(record.retainMilliseconds == 60_000)
        #expect(record.enqueuedAtMilliseconds == 1_763_700_000_123)
        #expect(record.attempts == 0)
        #expect(record.crashes == 0)
        #expect(record["history"] == nil)
        #expect(Array(record.payload) == [1, 2, 3])
    }

    @Test func theUsualLaneIsNotWrittenAndStillKnown() throws {
        let lane = Lane(.normal, .atLeast(sequence: 5))
        let header = JobHeader(type: "t", lane: lane, build: try build(5), producerHost: "p", producerPID: 1)
        #expect(header.text == "type=t build=5-r5 from=p:1\n")
        #expect(JobRecord(Array(("v1 at=1 " + header.text).utf8))?.lane == lane)
        #expect(JobRecord(Array(("v1 at=1 " + header.text).utf8))?.schema == nil)
    }

    @Test func aRecordWithoutBuildSaysItsLane() {
        let header = JobHeader(type: "t", lane: Lane(.normal, .any), build: nil, producerHost: "p", producerPID: 1)
        #expect(header.text == "type=t lane=normal:any from=p:1\n")
    }

    static let payloads: [(String, [UInt8])] = [
        ("nothing", []), ("a NUL", [0]), ("newlines", Array("\n\n\r\n".utf8)),
        ("every byte", (0...255).map { UInt8($0) }),
        ("broken UTF-8", [0xff, 0xfe, 0xc0]), ("what looks like a header", Array("v1 type=evil attempts=9\n".utf8)),
    ]

    @Test(arguments: payloads) func thePayloadIsKeptByteForByte(_ name: String, _ payload: [UInt8]) throws {
        let record = try #require(JobRecord(Array("v1 at=1 type=t attempts=2 crashes=1 history=3\n".utf8) + payload))
        #expect(Array(record.payload) == payload, "\(name)")
        #expect(record.type == "t")
        #expect(record.attempts == 2)
        #expect(record.crashes == 1)
        #expect(record["history"] != nil)
    }

    @Test func aRecordMayLackPayloadAndNewline() throws {
        for text in ["v1 type=t", "v1 type=t\n"] {
            let record = try #require(JobRecord(Array(text.utf8)))
            #expect(record.type == "t")
            #expect(record.payload.isEmpty)
        }
    }

    @Test func unknownFieldsAreNoHindrance() throws {
        let record = try #require(JobRecord(Array("v1 colour=red typeface=serif type=t  x = \n{}".utf8)))
        #expect(record.type == "t")
        #expect(record["colour"] == "red")
        #expect(record["absent"] == nil)
        #expect(String(decoding: record.payload, as: UTF8.self) == "{}")
    }

    @Test func aNumberThatIsNoneIsNoNumber() throws {
        let record = try #require(
            JobRecord(Array("v1 type=t attempts=-4 crashes=x timeout=99999999999999999999 retain=\n".utf8)))
        #expect(record.attempts == 0)
        #expect(record.crashes == 0)
        #expect(record.timeoutMilliseconds == nil)
        #expect(record.retainMilliseconds == nil)
    }

    @Test(arguments: [
        "", "v", "v1", "v1 ", "v2 type=t\n", "V1 type=t\n", " v1 type=t\n", "garbage", "v1 at=1\n{}", "v1 type=\n",
        "v1 \ntype=t", "\u{0}\u{0}",
    ])
    func garbageIsNoRecord(_ text: String) {
        #expect(JobRecord(Array(text.utf8)) == nil)
    }
}
