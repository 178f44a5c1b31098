import Foundation
import MusterStamp
import Testing

@Suite final class CompiledStampTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "muster-compiled-stamp-\(UUID())")
    private var path: String { folder.appending(path: "program").path }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private func marked(_ stamp: String) throws -> String {
        // What the compiler leaves in the file is the literal of the expression.
        String(try CompiledStamp.expression(for: BuildStamp(stamp)).split(separator: "\"")[1])
    }

    private func write(_ parts: [Data]) throws {
        try parts.reduce(Data(), +).write(to: URL(filePath: path), options: .atomic)
    }

    @Test func theStampIsFoundAmongOtherBytes() throws {
        try write([Data(repeating: 0xFF, count: 70_000), Data(try marked("4711-9f3c2ab").utf8), Data([0, 1, 2])])
        #expect(CompiledStamp(executable: path).look()?.description == "4711-9f3c2ab")
    }

    @Test func aStampThatLiesAcrossTwoPiecesOfTheFileIsFound() throws {
        let text = Data(try marked("4711-9f3c2ab").utf8)
        for first in stride(from: 1, to: text.count, by: 7) {
            try write([Data(repeating: 0, count: (1 << 20) - first), text, Data(repeating: 0, count: 100)])
            #expect(CompiledStamp(executable: path).look()?.description == "4711-9f3c2ab", "\(first) bytes before")
        }
    }

    @Test func anotherFileInItsPlaceIsSeenAtTheNextLook() throws {
        let compiled = CompiledStamp(executable: path)
        #expect(compiled.look() == nil)
        try write([Data(try marked("1-old").utf8)])
        #expect(compiled.look()?.description == "1-old")
        try write([Data(try marked("2-new").utf8)])
        #expect(compiled.look()?.description == "2-new")
        try FileManager.default.removeItem(atPath: path)
        #expect(compiled.look() == nil)
    }

    @Test(arguments: [[], ["1-old", "2-new"]])
    func noStampAndTwoStampsSayNothing(stamps: [String]) throws {
        let mark = try marked("1-old").prefix { $0 != "1" }
        try write(stamps.map { Data(try marked($0).utf8) } + [Data("\(mark)no stamp; \(mark)".utf8)])
        #expect(CompiledStamp(executable: path).look() == nil)
    }

    @Test func theSameStampInSeveralModulesIsOne() throws {
        try write([Data(try marked("4711-9f3c2ab").utf8), Data([0]), Data(try marked("4711-9f3c2ab").utf8)])
        #expect(CompiledStamp(executable: path).look()?.description == "4711-9f3c2ab")
    }
}
