import Foundation
import Logging
import MusterLaunch
import Synchronization
import Testing

@testable import MusterCommandLine

/// A log that cannot be written holds up nobody.
@Suite(.timeLimit(.minutes(1))) struct LogSinkTests {
    private func lines(_ descriptor: Descriptor) async -> [String] {
        String(decoding: await descriptor.readToEnd(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func linesComeInOrder() async throws {
        let pipe = try Descriptor.pipe()
        let sink = LogSink(try #require(pipe.writing.number), format: .text)
        for number in 0..<100 { sink.write("\(number)") }
        sink.flush(within: .seconds(10))
        pipe.writing.close()
        #expect(await lines(pipe.reading) == (0..<100).map { "\($0)" })
    }

    @Test func whoReadsNothingHoldsUpNobodyAndIsToldWhatIsMissing() async throws {
        let pipe = try Descriptor.pipe()
        let dropped = Atomic(0)
        let sink = LogSink(try #require(pipe.writing.number), format: .json) {
            dropped.add(1, ordering: .relaxed)
        }
        // More than the pipe and the backlog take together.
        let line = String(repeating: "x", count: 999)
        for _ in 0..<2000 { sink.write(line) }
        #expect(dropped.load(ordering: .relaxed) > 1000)
        async let read = lines(pipe.reading)
        sink.flush(within: .seconds(10))
        pipe.writing.close()
        let (whole, others) = await (read.count { $0 == line }, read.filter { $0 != line })
        #expect(whole + dropped.load(ordering: .relaxed) == 2000, "each is written or counted")
        #expect(others.count == 1)
        #expect(others.first?.contains(#""lines":"\#(dropped.load(ordering: .relaxed))""#) == true, "\(others)")
    }

    @Test func aReaderThatHasGoneEndsNothing() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try Descriptor.pipe()
        let dropped = Atomic(0)
        let sink = LogSink(try #require(pipe.writing.number), format: .text) {
            dropped.add(1, ordering: .relaxed)
        }
        pipe.reading.close()
        for _ in 0..<10 { sink.write("x") }
        sink.flush(within: .seconds(10))
        #expect(dropped.load(ordering: .relaxed) == 10)
    }

    @Test func aFullDiskEndsNothing() throws {
        let full = Descriptor(open("/dev/full", O_WRONLY | O_CLOEXEC))
        let dropped = Atomic(0)
        let sink = LogSink(try #require(full.number), format: .text) { dropped.add(1, ordering: .relaxed) }
        for _ in 0..<10 { sink.write(String(repeating: "x", count: 5000)) }
        sink.flush(within: .seconds(10))
        #expect(dropped.load(ordering: .relaxed) == 10)
    }

    @Test func whatAStrangerWroteEndsNoLineAndColoursNothing() throws {
        let nasty = "a\nb\r\u{1B}[31m\"\\\u{0}\u{2028}"
        let text = LogFormat.text.line(.info, "me", "said \(nasty)", [("job", nasty), ("n", "1")])
        #expect(text.split(whereSeparator: \.isNewline).count == 1)
        #expect(!text.unicodeScalars.contains("\u{1B}"))
        #expect(text.hasSuffix(#" n=1"#) && text.contains(" info me: said a\\nb"))
        let json = LogFormat.json.line(.error, "me", nasty, [("job", nasty), ("level", "mine")])
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String], "\(json)")
        #expect(object["message"] == nasty && object["job"] == nasty)
        #expect(object["level"] == "error" && object["level_"] == "mine")
        #expect(object["at"]?.hasSuffix("Z") == true && object["logger"] == "me")
    }

    @Test func aLoggersFieldsAndItsLevelAreHeeded() async throws {
        let pipe = try Descriptor.pipe()
        let sink = LogSink(try #require(pipe.writing.number), format: .json)
        var logger = Logger(label: "me", factory: { LineLogHandler(label: $0, format: .json, sink: sink) })
        logger.logLevel = .notice
        logger[metadataKey: "session"] = "s"
        logger.info("no")
        logger.notice("yes", metadata: ["job": "j"])
        pipe.writing.close()
        let written = await lines(pipe.reading)
        #expect(written.count == 1)
        #expect(written.first?.contains(#""message":"yes","job":"j","session":"s""#) == true, "\(written)")
    }

    @Test func aFormatThatIsNoneIsAnErrorThatNamesIt() throws {
        #expect(try LogFormat(flag: nil, environment: [:]) == .text)
        #expect(try LogFormat(flag: nil, environment: ["MUSTER_LOG_FORMAT": "json"]) == .json)
        #expect(try LogFormat(flag: "text", environment: ["MUSTER_LOG_FORMAT": "json"]) == .text)
        let error = #expect(throws: CommandFailure.self) {
            try LogFormat(flag: nil, environment: ["MUSTER_LOG_FORMAT": "xml"])
        }
        #expect(error?.description == "MUSTER_LOG_FORMAT xml is no format; it is text or json")
    }
}
