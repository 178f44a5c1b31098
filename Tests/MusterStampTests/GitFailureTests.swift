import Foundation
import MusterStamp
import Testing

@Suite struct GitFailureTests {
    private func failure(_ directory: String, environment: [String: String]) -> StampError? {
        #expect(throws: StampError.self) {
            try StampResolver(
                flag: nil, environment: environment, directories: [], compiled: nil, gitDirectory: directory
            ).resolve()
        }
    }

    private func expectOneLineWithRemedy(_ error: StampError?, naming place: String) {
        #expect(error?.message.contains(place) == true)
        #expect(error?.message.contains("--require any") == true)
        #expect(error?.message.isOneLine == true)
    }

    @Test func withoutGitTheErrorSaysSo() throws {
        let repository = try Repository()
        let error = failure(repository.root, environment: ["PATH": "/nonexistent"])
        #expect(error?.code == .gitNotInstalled)
        expectOneLineWithRemedy(error, naming: repository.root)
    }

    @Test func aDirectoryOutsideAnyRepositoryHasNoStamp() throws {
        let repository = try Repository()
        let outside = repository.path("../outside")
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        let error = failure(
            outside, environment: repository.environment.merging(["GIT_CEILING_DIRECTORIES": "/"]) { $1 })
        #expect(error?.code == .missing)
        expectOneLineWithRemedy(error, naming: outside)
    }

    @Test func aRepositoryWithoutACommitHasNoStamp() throws {
        let repository = try Repository(committing: [:])
        let error = failure(repository.root, environment: repository.environment)
        #expect(error?.code == .gitNoCommits)
        expectOneLineWithRemedy(error, naming: repository.root)
    }

    @Test func aRepositoryOfAnotherUserIsNamedWithGitsOwnRemedy() throws {
        let repository = try Repository()
        // Git's own switch for its own tests: a real foreign owner would need this test to run as root.
        let error = failure(
            repository.root,
            environment: repository.environment.merging(["GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"]) { $1 })
        #expect(error?.code == .gitDubiousOwnership)
        #expect(
            error?.message.contains("git config --global --add safe.directory \(repository.root)") == true)
        expectOneLineWithRemedy(error, naming: repository.root)
    }

    @Test func anAbsentDirectoryIsNamedWithGitsOwnWords() throws {
        let repository = try Repository()
        let error = failure(repository.path("absent"), environment: repository.environment)
        #expect(error?.code == .git)
        #expect(error?.message.contains("No such file or directory") == true)
        expectOneLineWithRemedy(error, naming: repository.path("absent"))
    }
}
