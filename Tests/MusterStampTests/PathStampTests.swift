import Foundation
import Testing

@testable import MusterStamp

/// `stamp.paths`: what a part of a repository was made from.
@Suite struct PathStampTests {
    private static let start = Repository.commitTime

    /// A service with a library beside it, and pages that have nothing to do with either.
    private func shop() throws -> Repository {
        try Repository(committing: [
            "service/main.swift": "one\n", "service/a/b.swift": "one\n", "library/x.swift": "one\n",
            "web/page.html": "one\n",
            "Package.swift": "one\n",
        ])
    }

    private func short(_ repository: Repository, _ commit: String = "HEAD") throws -> String {
        String(try repository.git("rev-parse", commit).prefix(7))
    }

    private func failure(_ repository: Repository, in directory: String = "", paths: [String]) -> StampError? {
        #expect(throws: StampError.self) { try repository.stamp(in: directory, paths: paths) }
    }

    @Test func theLastCommitThatTouchedThePathsIsTheStamp() throws {
        let repository = try shop()
        try repository.write("service/main.swift", "two\n")
        try repository.commit(at: Self.start + 100)
        try repository.write("web/page.html", "two\n")
        try repository.commit(at: Self.start + 200)
        let service = try repository.resolve(paths: ["service", "Package.swift"])
        #expect(try service.stamp == BuildStamp(sequence: Self.start + 100, revision: short(repository, "HEAD~1")))
        #expect(
            service.explanation == """
                commit \(service.stamp.revision) of 2025-11-13T02:15:00Z, the last to touch "service", "Package.swift", \
                nothing uncommitted in them
                """)
        #expect(try repository.stamp(paths: ["web"]).sequence == Self.start + 200)
        #expect(try repository.stamp(paths: ["library"]).sequence == Self.start)
        #expect(try repository.stamp(paths: ["library", "web"]).sequence == Self.start + 200)
        #expect(try repository.stamp(paths: ["."]) == repository.stamp())
    }

    @Test func onlyChangesInThePathsMakeItDirty() throws {
        let repository = try shop()
        let clean = try repository.stamp(paths: ["service"])
        try repository.write("web/page.html", "two\n", at: Self.start + 900)
        try repository.write("web/new.html", "new\n", at: Self.start + 900)
        #expect(try repository.stamp(paths: ["service"]) == clean)
        try repository.write("service/a/new.swift", "new\n", at: Self.start + 500)
        let dirty = try repository.stamp(paths: ["service"])
        #expect(dirty.sequence == Self.start + 500)
        #expect(dirty.revision.hasPrefix("\(clean.revision).dirty."))
        try repository.write("web/page.html", "three\n", at: Self.start + 950)
        #expect(try repository.stamp(paths: ["service"]) == dirty)
        #expect(try repository.stamp() != dirty)
    }

    @Test func aDeletedPathThatWasCommittedIsAChangeAndNoMistake() throws {
        let repository = try shop()
        try repository.remove("library")
        let stamp = try repository.stamp(paths: ["library", "service"])
        #expect(stamp.sequence == Self.start + 1)
        #expect(stamp.revision.contains(".dirty."))
    }

    @Test func pathsAreRelativeToTheDirectoryAndMayLeaveIt() throws {
        let repository = try shop()
        try repository.write("library/x.swift", "two\n")
        try repository.commit(at: Self.start + 100)
        try repository.write("web/page.html", "two\n")
        try repository.commit(at: Self.start + 200)
        let stamp = try repository.stamp(in: "service", paths: [".", "../library"])
        #expect(try stamp == repository.stamp(paths: ["service", "library"]))
        #expect(stamp.sequence == Self.start + 100)
        #expect(try repository.stamp(in: "service/a", paths: ["./b.swift", "../../library//x.swift"]) == stamp)
        try repository.write("library/x.swift", "three\n", at: Self.start + 300)
        #expect(try repository.stamp(in: "service", paths: [".", "../library"]).sequence == Self.start + 300)
    }

    @Test func theSameStampComesFromTheTopAndFromBelow() throws {
        let repository = try shop()
        try repository.write("service/main.swift", "changed\n", at: Self.start + 60)
        #expect(try repository.stamp(in: "service", paths: ["."]) == repository.stamp(paths: ["service"]))
    }

    @Test func aMergeCountsWhereBothSidesTouchedThePaths() throws {
        let repository = try shop()
        let main = try repository.git("branch", "--show-current")
        try repository.git("checkout", "--quiet", "-b", "side")
        try repository.write("service/a/b.swift", "two\n")
        try repository.commit(at: Self.start + 50)
        try repository.git("checkout", "--quiet", main)
        try repository.write("web/page.html", "two\n")
        try repository.commit(at: Self.start + 100)
        try repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side", at: Self.start + 200)
        // Only one side did: its commit made these files what they are.
        #expect(try repository.stamp(paths: ["service"]).revision == short(repository, "side"))

        try repository.git("checkout", "--quiet", "side")
        try repository.write("service/a/b.swift", "three\n")
        try repository.commit(at: Self.start + 250)
        try repository.git("checkout", "--quiet", main)
        try repository.write("service/main.swift", "two\n")
        try repository.commit(at: Self.start + 300)
        try repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side", at: Self.start + 400)
        #expect(try repository.stamp(paths: ["service"]).sequence == Self.start + 400)
    }

    @Test(arguments: [
        ("servce", "\"servce\", which does not exist"), ("notes", "\"notes\", which git has never seen"),
        ("build/output", "\"build/output\", which git has never seen"), ("../elsewhere", "lies outside the repository"),
        ("/etc", "lies outside the repository"), ("gone", "\"gone\", which does not exist"),
        ("*", "\"*\", which does not exist"), (":(exclude)web", "which does not exist"),
    ])
    func aPathThatDecidesNothingIsAnError(path: String, says: String) throws {
        let repository = try Repository(committing: [
            "service/main.swift": "one\n", ".gitignore": "build/\n", "gone/x": "one\n",
        ])
        try repository.remove("gone")
        try repository.commit(at: Self.start + 10)
        try repository.write("notes/draft.txt", "draft\n")
        try repository.write("build/output", "object\n")
        let error = failure(repository, paths: ["service", path])
        #expect(error?.code == .gitPath)
        #expect(error?.message.contains("stamp.paths names ") == true)
        #expect(error?.message.contains(says) == true)
        #expect(error?.message.isOneLine == true)
    }

    @Test func aNameThatLooksLikeAPatternIsAName() throws {
        let repository = try Repository(committing: ["*": "one\n", "other": "one\n", "-n": "one\n"])
        try repository.write("other", "two\n")
        try repository.commit(at: Self.start + 100)
        #expect(try repository.stamp(paths: ["*"]).sequence == Self.start)
        #expect(try repository.stamp(paths: ["-n"]).sequence == Self.start)
        try repository.write("other", "three\n")
        #expect(try repository.stamp(paths: ["*"]).sequence == Self.start)
    }

    @Test func aPathThatIsOnlyStagedIsNoStampYet() throws {
        let repository = try shop()
        try repository.write("fresh/a.swift", "new\n", at: Self.start + 70)
        try repository.git("add", "fresh")
        #expect(failure(repository, paths: ["fresh"])?.message.contains("no commit of") == true)
        // Beside another it is a change like any other.
        #expect(try repository.stamp(paths: ["service", "fresh"]).sequence == Self.start + 70)
    }

    @Test func aShallowCloneDoesNotGuess() throws {
        let repository = try shop()
        try repository.write("service/main.swift", "two\n")
        try repository.commit(at: Self.start + 100)
        try repository.write("web/page.html", "two\n")
        try repository.commit(at: Self.start + 200)
        let full = try repository.stamp(paths: ["service"])
        func clone(depth: String, _ name: String) throws {
            try repository.git(
                "clone", "--quiet", "--no-local", "--depth", depth, "file://\(repository.root)", "../\(name)")
        }
        try clone(depth: "1", "shallow")
        let error = failure(repository, in: "../shallow", paths: ["service"])
        #expect(error?.code == .gitShallow)
        #expect(error?.message.contains("git fetch --unshallow") == true)
        #expect(error?.message.isOneLine == true)
        try clone(depth: "2", "edge")
        #expect(failure(repository, in: "../edge", paths: ["service"])?.code == .gitShallow)
        try repository.git("fetch", "--quiet", "--unshallow", in: "../shallow")
        #expect(try repository.stamp(in: "../shallow", paths: ["service"]) == full)
        // What is deep enough is sure.
        try clone(depth: "2", "deep")
        #expect(try repository.stamp(in: "../deep", paths: ["web"]) == repository.stamp(paths: ["web"]))
    }

    @Test func aSurroundingGitsPathVariablesDoNotMatter() throws {
        let repository = try shop()
        let found = try StampResolver(
            flag: nil, environment: repository.environment.merging(["GIT_GLOB_PATHSPECS": "1"]) { $1 },
            directories: [], compiled: nil, gitDirectory: repository.root, paths: ["service"]
        ).resolve()
        #expect(try found.stamp == repository.stamp(paths: ["service"]))
    }
}
