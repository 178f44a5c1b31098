import Foundation
import MusterStamp
import Testing

@Suite final class StampFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "muster-stamp-file-\(UUID())")
    private var path: String { folder.appending(path: StampFile.name).path }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    @Test func aWrittenStampIsReadBackAndLeavesNoOtherFile() throws {
        let stamp = try BuildStamp("4711-9f3c2ab")
        try StampFile.write(BuildStamp("1-older"), to: path)
        try StampFile.write(stamp, to: path)
        #expect(try StampFile.read(path) == stamp)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [StampFile.name])
        #expect(FileManager.default.contents(atPath: path) == Data("4711-9f3c2ab\n".utf8))
    }

    @Test func anotherUserMayReadAStampThatRootWroteIntoAnImage() throws {
        try StampFile.write(BuildStamp("4711-9f3c2ab"), to: path)
        let ordinary = folder.appending(path: "ordinary").path
        try #require(FileManager.default.createFile(atPath: ordinary, contents: Data()))
        let modes = try [path, ordinary].map {
            try FileManager.default.attributesOfItem(atPath: $0)[.posixPermissions] as? Int
        }
        #expect(modes[0] == modes[1])
    }

    @Test(arguments: ["4711-9f3c2ab", "\n\n  4711-9f3c2ab  \r\nwritten by the pipeline\n"])
    func theFirstLineThatIsNotBlankCounts(text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        #expect(try StampFile.read(path).description == "4711-9f3c2ab")
    }

    @Test(arguments: [
        ("", StampError.Code.empty), (" \n\r\n", .empty), ("unknown\n", .unknown), ("4711\n", .malformed),
        ("\u{FF}\u{0}", .malformed),
    ])
    func aBadFileIsNamed(text: String, code: StampError.Code) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        let error = #expect(throws: StampError.self) { try StampFile.read(path) }
        #expect(error?.code == code)
        #expect(error?.message.contains(path) == true)
    }

    @Test func aFileThatCannotBeReadIsNamedWithTheReason() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let error = #expect(throws: StampError.self) { try StampFile.read(path) }
        #expect(error?.code == .unreadableFile)
        #expect(error?.message.contains("\(path) cannot be read: Is a directory") == true)
        #expect(error?.message.isOneLine == true)
    }

    @Test func aFileThatCannotBeWrittenIsNamedWithTheReason() throws {
        let nowhere = folder.appending(path: "absent/muster.stamp").path
        let error = #expect(throws: StampError.self) {
            try StampFile.write(BuildStamp("1-a"), to: nowhere)
        }
        #expect(error?.code == .unwritableFile)
        #expect(error?.message.contains(nowhere) == true)
        #expect(error?.message.contains("No such file or directory") == true)
    }
}
