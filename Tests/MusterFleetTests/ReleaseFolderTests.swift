import Foundation
import MusterLaunch
import Testing

@testable import MusterFleet

/// What is sent to a host, and where it lies there.
@Suite struct ReleaseFolderTests {
    private func with(_ body: (String, ReleaseFolder) throws -> Void) throws {
        let folder = try TemporaryFolder.make("muster-release")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let group = GroupFolder(path: folder + "/group")
        try group.create()
        try body(folder, ReleaseFolder(group: group))
    }

    private func release(_ text: String, program: String = "/bin/true") -> ShippedRelease {
        ShippedRelease(
            files: [
                ShippedFile(path: "muster.stamp", data: Data(text.utf8)),
                ShippedFile(path: "handlers/a b.sh", data: Data("x".utf8), isExecutable: true),
                ShippedFile(path: "handlers/link", link: "a b.sh"),
            ], program: program)
    }

    private func releases(_ place: ReleaseFolder) throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: place.group.path + "/releases").compactMap { Int($0) }
            .sorted()
    }

    @Test func theSameIsPutOnceAndAnythingElseBesideIt() throws {
        try with { _, place in
            try place.put(release("1"))
            try place.put(release("1"))
            #expect(try releases(place) == [1])
            #expect(FileManager.default.isExecutableFile(atPath: place.current + "/handlers/a b.sh"))
            #expect(!FileManager.default.isExecutableFile(atPath: place.current + "/muster.stamp"))
            #expect(place.program(of: release("1")) == place.current + "/.muster/true")
            #expect(FileManager.default.isExecutableFile(atPath: place.current + "/.muster/true"))
            try place.put(release("2"))
            #expect(try releases(place) == [1, 2])
            let old = try String(contentsOfFile: place.group.path + "/releases/1/muster.stamp", encoding: .utf8)
            #expect(old == "1", "what may still run is left as it was")
            #expect(try String(contentsOfFile: place.current + "/muster.stamp", encoding: .utf8) == "2")
            try place.put(release("2", program: "/bin/false"))
            #expect(try releases(place) == [1, 2, 3])
            for number in 3...9 { try place.put(release("\(number)")) }
            #expect(try releases(place) == [6, 7, 8, 9, 10], "five stay")
        }
    }

    @Test(arguments: ["muster.stamp", "handlers/a b.sh", "handlers/new"])
    func aFileThatSomebodyChangedThereIsPutAgain(path: String) throws {
        try with { _, place in
            try place.put(release("1"))
            try Data("changed".utf8).write(to: URL(filePath: place.current + "/" + path))
            try place.put(release("1"))
            #expect(try releases(place) == [1, 2])
        }
    }

    @Test(arguments: ["../x", "a/../../x", "/etc/x", "", "a//b", ".muster/true", "./a"])
    func noFileLeavesTheFolder(path: String) throws {
        try with { folder, place in
            let release = ShippedRelease(files: [ShippedFile(path: path, data: Data())], program: "/bin/true")
            #expect(throws: FleetError.self) { try place.put(release) }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left == ["group"])
        }
    }

    @Test func aFolderIsSentWithWhatLiesInIt() throws {
        try with { folder, place in
            try place.put(release("1"))
            let app = place.current
            let files = try ShippedFile.read(["muster.stamp", "./handlers/"], in: app)
            #expect(files == release("1").files.sorted { $0.path < $1.path })
            let all = try ShippedFile.read(["."], in: app).map(\.path)
            #expect(all.count == 4, "\(all)")
            let error = #expect(throws: FleetError.self) { try ShippedFile.read(["absent"], in: folder) }
            #expect("\(error as Any)".contains("absent does not exist"))
        }
    }

    @Test func aProcessOfAnEarlierReleaseIsKnown() throws {
        try with { _, place in
            try place.put(release("1"))
            let child = try ChildProcess(
                executable: "/bin/sleep", arguments: ["60"], environment: [:], directory: place.current)
            defer { child.killAndReap() }
            #expect(!place.isOutdated(child.pid))
            try place.put(release("2"))
            #expect(place.isOutdated(child.pid))
            #expect(!place.isOutdated(getpid()), "it never ran there")
        }
    }

    @Test func aReleaseThatAWorkerRunsInStaysHoweverManyFollow() throws {
        try with { _, place in
            try place.put(release("1"))
            let mark = PlaceMark(slot: 1, digest: "0").text(in: place.group)
            let child = try ChildProcess(
                executable: "/bin/sleep", arguments: ["60"], environment: [PlaceMark.variable: mark],
                directory: place.current)
            defer { child.killAndReap() }
            for number in 2...8 { try place.put(release("\(number)")) }
            #expect(try releases(place) == [1, 4, 5, 6, 7, 8])
            child.killAndReap()
            try place.put(release("9"))
            #expect(try releases(place) == [5, 6, 7, 8, 9])
        }
    }

    @Test func whatCannotBeCopiedLeavesNoReleaseBehind() throws {
        try with { _, place in
            try place.put(release("1"))
            var broken = release("2")
            // No file can lie below another.
            broken.files.append(ShippedFile(path: "muster.stamp/below", data: Data()))
            #expect(throws: (any Error).self) { try place.put(broken) }
            #expect(try releases(place) == [1])
        }
    }

    @Test func programsThatNothingLeadsToGoAfterAMonth() throws {
        try with { folder, place in
            let group = ReleaseFolder(group: GroupFolder(path: folder + "/muster/mail"))
            let programs = ["used/worker", "units/muster", "unused/worker"].map { "\(folder)/.programs/\($0)" }
            for program in programs {
                try FileManager.default.createDirectory(
                    atPath: URL(filePath: program).deletingLastPathComponent().path, withIntermediateDirectories: true)
                try Data().write(to: URL(filePath: program))
            }
            try group.group.create()
            try group.put(release("1", program: programs[0]))
            // What a unit runs, though no group has asked for it since.
            try FileManager.default.createSymbolicLink(
                atPath: group.group.path + "/muster", withDestinationPath: programs[1])
            let programFolder = try #require(ProgramFolder(of: programs[0]))
            programFolder.tidy(now: .now + 29 * 86_400)
            #expect(programs.allSatisfy { FileManager.default.fileExists(atPath: $0) })
            programFolder.tidy(now: .now + 31 * 86_400)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder + "/.programs").sorted() == [
                    "units", "used",
                ])
            #expect(ProgramFolder(of: "/usr/bin/true") == nil)
        }
    }
}
