import Foundation
import MusterCommandLine
import MusterKit
import MusterRedis
import MusterStamp
import Testing

/// What people and deployments write: stamps, durations, URLs, files. Each is read, or refused in one line.
@Suite struct TextFuzzTests {
    private let folder = ScratchFolder()

    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func aStampIsItselfWhenItIsWrittenAgain() throws {
        try Fuzz.run("stamp", iterations: 20_000) { bytes in
            let text = Self.text(bytes)
            do {
                let stamp = try BuildStamp(text)
                return "\(stamp)".utf8.elementsEqual(text.utf8) ? nil : "it is read as \(stamp)"
            } catch {
                return Fuzz.problem(inMessage: "\(error)")
            }
        }
    }

    @Test func aStampFileIsReadOrRefused() throws {
        let path = "\(folder.path)/muster.stamp"
        try Fuzz.run("stamp", iterations: 1000) { bytes in
            try Data(bytes).write(to: URL(filePath: path))
            do {
                let stamp = try StampFile.read(path)
                let line = Self.text(bytes).contains("\(stamp)")
                return line ? nil : "it is read as \(stamp)"
            } catch let error as StampError {
                return Fuzz.problem(inMessage: error.message)
            }
        }
    }

    @Test func aDurationIsReadOrRefused() throws {
        try Fuzz.run("duration", iterations: 20_000) { bytes in
            let text = Self.text(bytes)
            do {
                return try DurationText(text).duration >= .zero ? nil : "it is below nothing"
            } catch {
                return Fuzz.problem(inMessage: "\(error)")
            }
        }
    }

    @Test func anAddressIsReadOrRefusedAndNeverShowsItsPassword() throws {
        try Fuzz.run("url", iterations: 20_000) { bytes in
            let text = Self.text(bytes)
            do {
                let endpoint = try RedisEndpoint(url: text)
                var other = endpoint
                if other.password != nil { other.password = "another" }
                if "\(other)" != "\(endpoint)" { return "it shows the password: \(endpoint)" }
                if case .tcp(_, let port) = endpoint.address, !(1...65535).contains(port) { return "port \(port)" }
                return endpoint.database < 0 ? "database \(endpoint.database)" : nil
            } catch {
                return Fuzz.problem(inMessage: "\(error)")
            }
        }
    }

    @Test func anAddressOfEscapedPartsIsReadBack() throws {
        for iteration in 0..<Fuzz.iterations(2000) {
            var random = Fuzz.generator(iteration)
            let scalars = Array("aZ0%@:/?# é\u{301}😀".unicodeScalars)
            func part() -> String {
                var text = ""
                for _ in 0...random.below(8) { text.unicodeScalars.append(scalars[random.below(scalars.count)]) }
                return text
            }
            func escaped(_ text: String) -> String {
                text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
            let (user, password) = (part(), part())
            let endpoint = try RedisEndpoint(url: "redis://\(escaped(user)):\(escaped(password))@h:7/3")
            #expect(
                endpoint
                    == RedisEndpoint(address: .tcp(host: "h", port: 7), user: user, password: password, database: 3))
        }
    }

    @Test func aConfigurationIsReadOrRefusedWithItsPlace() throws {
        let path = "\(folder.path)/muster.yaml"
        try Fuzz.run("configuration", iterations: 1500) { bytes in
            try Data(bytes).write(to: URL(filePath: path))
            do {
                _ = try ConfigurationFile(path: path)
                return nil
            } catch {
                if !"\(error)".hasPrefix(path) { return "it does not say where: \(error)" }
                return Fuzz.problem(inMessage: "\(error)")
            }
        }
    }

    /// The plugin reads `stamp.paths` without a YAML library: what it accepts, it reads as the library does.
    @Test func thePathsAreReadAsTheConfigurationReadsThemOrRefused() throws {
        let path = "\(folder.path)/muster.yaml"
        try Fuzz.run("stamp-paths", iterations: 3000) { bytes in
            try Data(bytes).write(to: URL(filePath: path))
            let paths: [String]
            do {
                paths = try StampPaths.read(directory: folder.path)
            } catch {
                return Fuzz.problem(inMessage: "\(error)")
            }
            guard let file = try? ConfigurationFile(path: path) else { return nil }
            return file.stampPaths == paths ? nil : "\(paths) here, \(file.stampPaths) there"
        }
    }

    /// Each would take a naive reader's stack or memory.
    static let bombs = [
        String(repeating: "[", count: 100_000),
        String(repeating: "- ", count: 100_000),
        String(repeating: "{a: ", count: 50_000),
        "a: &a [x, x]\n"
            + (0..<40).map { "b\($0): &b\($0) [*\($0 == 0 ? "a" : "b\($0 - 1)"), *\($0 == 0 ? "a" : "b\($0 - 1)")]\n" }
            .joined(),
        "redis: " + String(repeating: "x", count: 1_000_000),
    ]

    @Test(arguments: bombs.indices) func aConfigurationThatIsABombIsRefused(_ number: Int) throws {
        let path = "\(folder.path)/bomb\(number).yaml"
        try Data(Self.bombs[number].utf8).write(to: URL(filePath: path))
        if number == 4 {
            #expect(try ConfigurationFile(path: path).redis?.utf8.count == 1_000_000, "long is no crime")
            return
        }
        let error = try #require(throws: ConfigurationError.self) { try ConfigurationFile(path: path) }
        #expect(Fuzz.problem(inMessage: error.description) == nil)
    }

    @Test func aFileOfPayloadsIsTakenByteForByteOrRefusedWithItsLine() throws {
        let path = "\(folder.path)/jobs.ndjson"
        try Fuzz.run("payloads", iterations: 1500) { bytes in
            try Data(bytes).write(to: URL(filePath: path))
            let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
            do {
                let payloads = try Payloads(payload: nil, file: path, count: nil).read()
                let blank: Set<UInt8> = [0x20, 0x09, 0x0D]
                let expected = lines.filter { !$0.allSatisfy(blank.contains) }
                return payloads == expected ? nil : "\(payloads.count) payloads of \(expected.count) lines"
            } catch let error as CommandFailure {
                if error.status != .usage { return "status \(error.status)" }
                return error.description.contains(path)
                    ? Fuzz.problem(inMessage: error.description) : "it names no file"
            }
        }
    }

    @Test func onePayloadIsTakenByteForByteOrRefused() throws {
        let path = "\(folder.path)/payload"
        try Fuzz.run("json", iterations: 3000) { bytes in
            try Data(bytes).write(to: URL(filePath: path))
            do {
                return try Payloads(payload: "@\(path)", file: nil, count: 2).read() == [bytes, bytes]
                    ? nil : "other bytes"
            } catch let error as CommandFailure {
                return Fuzz.problem(inMessage: error.description)
            }
        }
    }

    @Test func aPayloadWithoutEndIsRefusedAtItsBound() throws {
        let error = try #require(throws: CommandFailure.self) {
            try Payloads(payload: "@/dev/zero", file: nil, count: nil).read()
        }
        #expect(error.status == .rejected)
        #expect(Fuzz.problem(inMessage: error.description) == nil)
    }

    @Test(arguments: ["/dev/null/x", "/", "", "a\nb", "/nowhere"])
    func aPayloadThatCannotBeReadIsRefusedInOneLine(_ path: String) throws {
        let error = try #require(throws: CommandFailure.self) {
            try Payloads(payload: "@\(path)", file: nil, count: nil).read()
        }
        #expect(error.status == .usage)
        #expect(Fuzz.problem(inMessage: error.description) == nil)
    }
}
