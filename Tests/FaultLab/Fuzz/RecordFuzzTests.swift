import MusterRedis
import MusterStamp
import Testing

@testable import MusterKit

/// Whatever lies in Redis is read without a crash, and what a producer wrote is read as it was meant.
@Suite struct RecordFuzzTests {
    static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func aRecordIsReadOrRefused() throws {
        try Fuzz.run("record", iterations: 20_000) { bytes in
            guard let record = JobRecord(bytes) else { return nil }
            let payload = bytes.firstIndex(of: 0x0A).map { Array(bytes[($0 + 1)...]) } ?? []
            if Array(record.payload) != payload { return "the payload is \(Fuzz.shown(Array(record.payload)))" }
            if record.attempts < 0 || record.crashes < 0 { return "it counts below nothing" }
            if "\(Timestamp(milliseconds: record.enqueuedAtMilliseconds))".utf8.count != 24 { return "at is no time" }
            if let lane = record.lane, Lane("\(lane)") != lane { return "the lane \(lane) is not itself" }
            _ = (record.build, record.producer?.pid)
            return nil
        }
    }

    @Test func whatAProducerWritesIsReadBack() throws {
        for iteration in 0..<Fuzz.iterations(5000) {
            var random = Fuzz.generator(iteration)
            func number(_ random: inout SplitMix64) -> Int? { random.below(2) == 0 ? nil : random.below(1 << 40) }
            let build = random.below(3) == 0 ? nil : try BuildStamp(sequence: random.below(1 << 40), revision: "r1")
            let requirements: [Requirement] = [.any, .atLeast(sequence: 7), .exactly(revision: "r"), .host("h")]
            let lane = Lane(Priority.allCases[random.below(3)], requirements[random.below(4)])
            let header = JobHeader(
                type: "t.\(random.below(99))", lane: lane, build: build, producerHost: "h",
                producerPID: random.below(9),
                retries: number(&random), timeoutMilliseconds: number(&random), retainMilliseconds: number(&random))
            let payload = (0..<random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let record = try #require(JobRecord(Array(("v1 at=17 " + header.text).utf8) + payload))
            #expect(Array(record.payload) == payload)
            #expect(record.type == header.type)
            #expect(record.lane == lane)
            #expect(record.build == build)
            #expect(record.timeoutMilliseconds == header.timeoutMilliseconds)
            #expect(record.retainMilliseconds == header.retainMilliseconds)
            #expect(record.producer?.pid == header.producerPID)
            #expect(record.enqueuedAtMilliseconds == 17)
        }
    }

    @Test func aLineOfFieldsIsReadByItsBytes() throws {
        try Fuzz.run("fields", iterations: 20_000) { bytes in
            let line = Self.text(bytes)
            let fields = Fields(line)
            // The plainest reading there is, of all before `error=`.
            var expected: [String: [UInt8]] = [:]
            for word in line.utf8.split(separator: 0x20, omittingEmptySubsequences: true) {
                if word.starts(with: "error=".utf8) { break }
                guard let equals = word.firstIndex(of: UInt8(ascii: "=")) else { continue }
                expected[String(decoding: word[..<equals], as: UTF8.self)] = Array(word[word.index(after: equals)...])
            }
            for (name, value) in expected where fields[name].map({ Array($0.utf8) }) != value {
                return "\(name) is \(fields[name] ?? "nothing")"
            }
            for name in expected.keys { _ = fields.number(name).map { $0 - 1_000_000 } }
            return nil
        }
    }

    @Test func aLaneOrRequirementIsItselfWhenItIsWrittenAgain() throws {
        try Fuzz.run("lane", iterations: 20_000) { bytes in
            let text = Self.text(bytes)
            if let lane = Lane(text), Lane("\(lane)") != lane { return "\(lane) is not itself" }
            do {
                let requirement = try Requirement(text)
                return try Requirement("\(requirement)") == requirement ? nil : "\(requirement) is not itself"
            } catch {
                return Fuzz.problem(inMessage: "\(error)")
            }
        }
    }

    @Test func aWorkersWordsInTheRollCallAreReadWhateverTheySay() throws {
        let names = [
            "host", "pid", "build", "state", "queues", "types", "running", "startedAt", "beatAt", "lastClaimAt", "runs",
            "leaseMs",
        ]
        try Fuzz.run("fields", iterations: 5000) { bytes in
            let value = Self.text(bytes)
            var fields = Dictionary(uniqueKeysWithValues: names.map { ($0, value) })
            for (name, number) in zip(names.suffix(5), value.split(separator: " ")) { fields[name] = String(number) }
            let entry = WorkerEntry(id: value, fields: fields, now: 1_700_000_000_000)
            _ = (entry.state, entry.isLive, entry.isWedged, entry.meets(.any, .none), entry.lastBeatAt.description)
            return nil
        }
    }

    @Test func anErrorsTextIsOneBoundedLineWithoutControls() throws {
        try Fuzz.run("fields", iterations: 5000) { bytes in
            let line = ErrorText.bounded(Self.text(bytes))
            return line.isEmpty
                ? nil : line.utf8.count > 2100 ? "too long" : Fuzz.problem(inMessage: String(line.prefix(100)))
        }
    }

    @Test func everyMomentCanBeWritten() {
        for milliseconds in [Int.min, Int.min + 1, -1, 0, 1, Int.max - 1, Int.max] {
            #expect("\(Timestamp(milliseconds: milliseconds))".utf8.count == 24)
        }
    }

    @Test func aResultIsJSONOrAText() throws {
        try Fuzz.run("json", iterations: 5000) { bytes in
            _ = JSONValue(bytes: bytes)
            return nil
        }
        let deep = Array(repeating: UInt8(ascii: "["), count: 100_000)
        #expect(JSONValue(bytes: deep) == .string(Self.text(deep)))
    }

    static let foreignNames = [
        "a:b", "{a}", "a*", "a\nb", "", "A", "é", "a b", "../a", String(repeating: "a", count: 64),
    ]

    @Test(arguments: foreignNames) func aNameThatCouldForgeAKeyIsRefusedInOneLine(_ name: String) throws {
        let refusals: [() throws -> Void] = [
            { try Name.checked(name, "queue") },
            { _ = try MusterServer("redis://localhost", namespace: name) },
            { _ = try Requirement("host:\(name)") },
        ]
        for refusal in refusals {
            let error = try #require(throws: MusterError.self) { try refusal() }
            #expect(error.code == .invalidValue)
            #expect(Fuzz.problem(inMessage: error.message) == nil)
        }
        #expect(throws: Never.self) { try Name.checked(Name.made(from: name), "host") }
    }

    @Test(arguments: ["a:b", "{a}", "a*", "a\nb", "", "é", " a", String(repeating: "a", count: 129)])
    func anIDThatCouldForgeAKeyIsRefusedInOneLine(_ id: String) throws {
        let error = try #require(throws: MusterError.self) { try Name.checkedID(id) }
        #expect(error.code == .invalidValue)
        #expect(Fuzz.problem(inMessage: error.message) == nil)
    }
}
