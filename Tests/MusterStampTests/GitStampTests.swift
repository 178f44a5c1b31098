import Foundation
import MusterLaunch
import Testing

@testable import MusterStamp

@Suite struct GitStampTests {
    @Test func aCleanTreeHasItsCommittersTimeAndItsShortHash() throws {
        let repository = try Repository()
        let found = try repository.resolve()
        #expect(found.stamp.sequence == Repository.commitTime)
        #expect(found.stamp.revision == String(try repository.git("rev-parse", "HEAD").prefix(7)))
        #expect(
            found.explanation == "commit \(found.stamp.revision) of 2025-11-13T02:13:20Z, nothing uncommitted"
        )
    }

    @Test func aTouchedFileWithTheSameContentIsNoChange() throws {
        let repository = try Repository()
        let clean = try repository.stamp()
        try repository.write("a.txt", "one\n", at: Repository.commitTime + 5_000)
        #expect(try repository.stamp() == clean)
    }

    @Test func aChangeCountsFromTheTimeOfItsNewestFile() throws {
        let repository = try Repository(committing: ["a.txt": "one\n", "b.txt": "two\n"])
        try repository.write("a.txt", "changed\n", at: Repository.commitTime + 500)
        try repository.write("b.txt", "changed\n", at: Repository.commitTime + 300)
        let found = try repository.resolve()
        #expect(found.stamp.sequence == Repository.commitTime + 500)
        #expect(try found.stamp.revision.wholeMatch(of: Regex("[0-9a-f]{7}\\.dirty\\.[0-9a-f]{8}")) != nil)
        #expect(
            found.explanation.contains(
                "plus 2 uncommitted changes; newest change 2025-11-13T02:21:40Z in \"a.txt\""))
    }

    @Test func aDirtyTreeSortsAfterItsCommitEvenWhereTheChangedFileIsOlder() throws {
        let repository = try Repository()
        let clean = try repository.stamp()
        try repository.write("a.txt", "from an archive\n", at: Repository.commitTime - 1_000_000)
        let dirty = try repository.stamp()
        #expect(dirty > clean)
        #expect(dirty.sequence == Repository.commitTime + 1)
    }

    @Test func committingTheChangeSortsNoEarlierThanTheChange() throws {
        let repository = try Repository()
        try repository.write("a.txt", "changed\n", at: Repository.commitTime + 500)
        let dirty = try repository.stamp()
        try repository.commit(at: Repository.commitTime + 501)
        let committed = try repository.stamp()
        #expect(committed.sequence > dirty.sequence)
        #expect(!committed.revision.contains("dirty"))
    }

    @Test func aDeletedFileIsAChange() throws {
        let repository = try Repository(committing: ["a.txt": "one\n", "b.txt": "two\n"])
        try repository.remove("b.txt")
        let found = try repository.resolve()
        #expect(found.stamp.sequence == Repository.commitTime + 1)
        #expect(found.stamp.revision.contains(".dirty."))
        #expect(found.explanation.hasSuffix("plus 1 uncommitted change, deletions only"))
    }

    @Test func anUntrackedFileIsAChange() throws {
        let repository = try Repository()
        try repository.write("new/deep/file.txt", "new\n", at: Repository.commitTime + 70)
        #expect(try repository.stamp().sequence == Repository.commitTime + 70)
    }

    @Test func anIgnoredFileIsNoChange() throws {
        let repository = try Repository(committing: [".gitignore": "*.log\nbuild/\n"])
        let clean = try repository.stamp()
        try repository.write("x.log", "noise\n")
        try repository.write("build/output", "noise\n")
        #expect(try repository.stamp() == clean)
    }

    @Test func anUntrackedStampFileIsNoChange() throws {
        let repository = try Repository()
        let clean = try repository.stamp()
        try repository.write("muster.stamp", "1-a\n")
        try repository.write("service/muster.stamp", "1-a\n")
        #expect(try repository.stamp() == clean)
        try repository.write("not-muster.stamp", "1-a\n")
        #expect(try repository.stamp() != clean)
    }

    @Test func anExecutableBitIsAChange() throws {
        let repository = try Repository(committing: ["run.sh": "exit 0\n"])
        let clean = try repository.stamp()
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: repository.path("run.sh"))
        #expect(try repository.stamp() > clean)
    }

    @Test func eachDifferenceHasADigestOfItsOwn() throws {
        let repository = try Repository(committing: ["a.txt": "one\n", "b.txt": "one\n"])
        let time = Repository.commitTime + 500
        var seen: [BuildStamp] = []
        func record() throws { seen.append(try repository.stamp()) }
        try repository.write("a.txt", "two\n", at: time)
        try record()
        try repository.write("a.txt", "three\n", at: time)
        try record()
        try repository.write("a.txt", "one\n", at: time)
        try repository.write("b.txt", "two\n", at: time)
        try record()
        try repository.write("c.txt", "two\n", at: time)
        try record()
        try FileManager.default.createSymbolicLink(
            atPath: repository.path("link"), withDestinationPath: "a.txt")
        try record()
        try repository.remove("link")
        try FileManager.default.createSymbolicLink(
            atPath: repository.path("link"), withDestinationPath: "b.txt")
        try record()
        try repository.remove("a.txt")
        try record()
        #expect(Set(seen.map(\.revision)).count == seen.count)
    }

    @Test func theSameDifferenceHasTheSameStampInAnotherClone() throws {
        let repository = try Repository()
        try repository.git(
            "clone", "--quiet", "--no-local", "--depth", "1", "file://\(repository.root)", "../clone")
        for copy in ["", "../clone"] {
            try repository.write(
                "\(copy.isEmpty ? "" : "\(copy)/")a.txt", "two\n", at: Repository.commitTime + 5)
        }
        #expect(try repository.stamp(in: "../clone") == repository.stamp())
    }

    @Test func everyDirectoryOfARepositoryGivesTheSameStamp() throws {
        let repository = try Repository(committing: ["web/a.txt": "one\n", "worker/src/b.txt": "one\n"])
        try repository.write("web/a.txt", "two\n")
        try repository.write("worker/new.txt", "new\n")
        let top = try repository.stamp()
        #expect(top.revision.contains(".dirty."))
        for directory in ["web", "worker", "worker/src"] {
            #expect(try repository.stamp(in: directory) == top)
        }
    }

    @Test func stagingAChangeDoesNotChangeTheStamp() throws {
        let repository = try Repository()
        try repository.write("a.txt", "two\n")
        try repository.write("new.txt", "new\n")
        let before = try repository.stamp()
        try repository.git("add", "--all")
        #expect(try repository.stamp() == before)
    }

    @Test(arguments: [
        "two words", "line\nbreak", "quote\"d 'twice'", "back\\slash", "-n", "ünïcode", "tab\tbed", "*",
    ])
    func aFileNameMayHoldAnything(name: String) throws {
        let repository = try Repository()
        try repository.write(name, "one\n", at: Repository.commitTime + 9)
        let first = try repository.resolve()
        #expect(first.stamp.sequence == Repository.commitTime + 9)
        #expect(first.explanation.isOneLine)
        try repository.write(name, "two\n", at: Repository.commitTime + 9)
        #expect(try repository.stamp().revision != first.stamp.revision)
    }

    #if os(Linux)
        @Test func aFileNameNeedNotBeText() throws {
            let repository = try Repository()
            func write(_ text: String) throws {
                let script =
                    "printf '\(text)' > \"$(printf 'caf\\351')\" && touch -d @\(Repository.commitTime + 9) caf*"
                let child = try CollectedRun(
                    executable: "/bin/sh",
                    arguments: ["-c", "cd \(repository.root) && \(script)"].map { Array($0.utf8) },
                    environment: repository.environment)
                try #require(child.termination == .exited(0))
            }
            try write("one")
            let first = try repository.stamp()
            #expect(first.sequence == Repository.commitTime + 9)
            try write("two")
            #expect(try repository.stamp().revision != first.revision)
        }
    #endif

    @Test func aThousandLongNamesFillMoreThanAPipe() throws {
        let repository = try Repository()
        let prefix = String(repeating: "x", count: 120)
        for number in 0..<1_000 { try repository.write("\(prefix)-\(number)", "\(number)\n") }
        let found = try repository.resolve()
        #expect(found.explanation.contains("plus 1000 uncommitted changes"))
        try repository.write("\(prefix)-999", "changed\n")
        #expect(try repository.stamp().revision != found.stamp.revision)
    }

    @Test func askingWritesNothingIntoTheRepository() throws {
        let repository = try Repository()
        try repository.write("a.txt", "one\n", at: Repository.commitTime + 5_000)
        let index = repository.path(".git/index")
        let before = FileManager.default.contents(atPath: index)
        _ = try repository.stamp()
        #expect(before != nil)
        #expect(FileManager.default.contents(atPath: index) == before)
    }

    @Test func aLinkedWorkingTreeHasAStampOfItsOwn() throws {
        let repository = try Repository()
        try repository.git("worktree", "add", "--quiet", "../linked")
        #expect(try repository.stamp(in: "../linked") == repository.stamp())
        try repository.write("../linked/a.txt", "two\n")
        #expect(try repository.stamp(in: "../linked") > repository.stamp())
    }

    @Test func aChangeInsideASubmoduleIsAChange() throws {
        let library = try Repository(committing: ["library.txt": "one\n"])
        let repository = try Repository()
        try repository.git(
            "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.root, "library")
        try repository.commit(at: Repository.commitTime + 10)
        let clean = try repository.stamp()
        #expect(!clean.revision.contains("dirty"))
        try repository.write("library/library.txt", "two\n", at: Repository.commitTime + 50)
        let first = try repository.stamp()
        #expect(first.sequence == Repository.commitTime + 50)
        try repository.write("library/library.txt", "three\n", at: Repository.commitTime + 50)
        #expect(try repository.stamp().revision != first.revision)
    }

    @Test func aSurroundingGitsVariablesDoNotMisleadIt() throws {
        let repository = try Repository()
        let other = try Repository(committing: ["other.txt": "other\n"])
        let environment = repository.environment.merging(
            [
                "GIT_DIR": other.path(".git"), "GIT_WORK_TREE": other.root,
                "GIT_INDEX_FILE": other.path(".git/index"),
            ]
        ) { $1 }
        let found = try StampResolver(
            flag: nil, environment: environment, directories: [], compiled: nil, gitDirectory: repository.root
        ).resolve()
        #expect(try found.stamp == repository.stamp())
    }
}
