import Foundation
import Testing

@testable import MusterStamp

@Suite struct StampResolverTests {
    /// A repository whose directories `one` and `two` each hold a stamp file.
    private func application() throws -> Repository {
        let repository = try Repository()
        try repository.write("one/muster.stamp", "11-one\n")
        try repository.write("two/muster.stamp", "22-two\n")
        return repository
    }

    private func resolve(
        _ repository: Repository, flag: String? = nil, environment: [String: String] = [:],
        directories: [String] = [], compiled: String? = nil, git: Bool = false
    ) throws -> ResolvedStamp {
        try StampResolver(
            flag: flag, environment: repository.environment.merging(environment) { $1 },
            directories: directories.map { repository.path($0) }, compiled: compiled,
            gitDirectory: git ? repository.root : nil
        ).resolve()
    }

    @Test func theSourcesAreAskedInTheirOrder() throws {
        let repository = try application()
        let variable = ["MUSTER_BUILD": "2-variable"]
        let directories = ["absent", "one", "two"]

        let all = try resolve(
            repository, flag: "1-flag", environment: variable, directories: directories,
            compiled: "4-compiled", git: true)
        #expect(all.stamp.description == "1-flag")
        #expect(all.source == .flag)

        let noFlag = try resolve(
            repository, environment: variable, directories: directories, compiled: "4-compiled", git: true)
        #expect(noFlag.stamp.description == "2-variable")
        #expect(noFlag.source == .environment)

        let noVariable = try resolve(repository, directories: directories, compiled: "4-compiled", git: true)
        #expect(noVariable.stamp.description == "11-one")
        #expect(noVariable.source == .file(repository.path("one/muster.stamp")))

        let noFile = try resolve(repository, directories: ["absent"], compiled: "4-compiled", git: true)
        #expect(noFile.stamp.description == "4-compiled")
        #expect(noFile.source == .compiled)

        let gitAlone = try resolve(repository, git: true)
        #expect(gitAlone.stamp.sequence == Repository.commitTime)
        #expect(gitAlone.source == .git(repository.root))
    }

    @Test func eachSourceHasAShortNameForJSON() {
        let sources: [StampSource] = [.flag, .environment, .file("/x"), .compiled, .git("/x")]
        #expect(sources.map(\.name) == ["flag", "environment", "file", "compiled", "git"])
    }

    @Test(arguments: [("", StampError.Code.empty), ("  ", .empty), ("unknown", .unknown), ("x", .malformed)])
    func aSourceThatIsThereAndUnusableIsNeverSkipped(text: String, code: StampError.Code) throws {
        let repository = try application()
        try repository.write("bad/muster.stamp", text)
        let badFile = repository.path("bad/muster.stamp")
        let attempts: [(String, () throws -> ResolvedStamp)] = [
            (
                "--build",
                {
                    try self.resolve(
                        repository, flag: text, environment: ["MUSTER_BUILD": "2-b"], compiled: "3-c",
                        git: true)
                }
            ),
            (
                "MUSTER_BUILD",
                {
                    try self.resolve(
                        repository, environment: ["MUSTER_BUILD": text], compiled: "3-c", git: true)
                }
            ),
            (
                badFile,
                { try self.resolve(repository, directories: ["bad", "one"], compiled: "3-c", git: true) }
            ),
            (
                "the stamp compiled into this program",
                { try self.resolve(repository, compiled: text, git: true) }
            ),
        ]
        for (place, attempt) in attempts {
            let error = #expect(throws: StampError.self) { try attempt() }
            #expect(error?.code == code)
            #expect(error?.message.contains(place) == true)
        }
    }

    @Test func aStampFileThatCannotBeReadIsNeverSkipped() throws {
        let repository = try application()
        try FileManager.default.createDirectory(
            atPath: repository.path("bad/muster.stamp"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: repository.path("link"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: repository.path("link/muster.stamp"), withDestinationPath: "nowhere")
        for directory in ["bad", "link"] {
            let error = #expect(throws: StampError.self) {
                try resolve(repository, directories: [directory, "one"], compiled: "3-c", git: true)
            }
            #expect(error?.code == .unreadableFile)
            #expect(error?.message.contains(repository.path("\(directory)/muster.stamp")) == true)
        }
    }

    @Test func withoutAnySourceTheRemedyIsNamed() throws {
        let error = #expect(throws: StampError.self) { try resolve(Repository()) }
        #expect(error?.code == .missing)
        for remedy in ["--build STAMP", "MUSTER_BUILD", "muster stamp write muster.stamp", "--require any"] {
            #expect(error?.message.contains(remedy) == true)
        }
    }

    @Test(arguments: PipelineCommit.variables)
    func aPipelinesNumberTakesItsRevisionFromThePlatform(variable: String) throws {
        let commit = [variable: "9F3C2AB04d5e6f708192a3b4c5d6e7f8091a2b3c"]
        let repository = try Repository()
        let byFlag = try resolve(repository, flag: "4711", environment: commit)
        #expect(byFlag.stamp.description == "4711-9f3c2ab")
        #expect(byFlag.explanation.contains(variable))
        let byVariable = try resolve(repository, environment: commit.merging(["MUSTER_BUILD": "4711"]) { $1 })
        #expect(byVariable.stamp == byFlag.stamp)
    }

    @Test(arguments: [[:], ["GITHUB_SHA": ""], ["GITHUB_SHA": "9f3c2a"], ["GIT_COMMIT": "refs/heads/main"]])
    func aPipelinesNumberWithoutACommitIsRefused(environment: [String: String]) throws {
        let error = #expect(throws: StampError.self) {
            try resolve(Repository(), flag: "4711", environment: environment, compiled: "3-c")
        }
        #expect(error?.code == .noRevision)
        #expect(error?.message.contains("GITHUB_SHA") == true)
        #expect(error?.message.contains("4711-9f3c2ab") == true)
    }

    @Test(arguments: ["0042", "1000000000000000"])
    func aPipelinesNumberOutsideTheGrammarIsMalformed(number: String) throws {
        let error = #expect(throws: StampError.self) {
            try resolve(Repository(), flag: number, environment: ["GITHUB_SHA": "9f3c2ab04d"])
        }
        #expect(error?.code == .malformed)
    }
}
