import Foundation
import Testing

@testable import MusterStamp

@Suite struct StampExplanationTests {
    private func explain(
        _ repository: Repository, flag: String? = nil, environment: [String: String] = [:],
        directories: [String] = [], git: String? = "", paths: [String] = []
    ) -> StampExplanation {
        StampResolver(
            flag: flag, environment: repository.environment.merging(environment) { $1 },
            directories: directories.map { repository.path($0) }, compiled: nil,
            gitDirectory: git.map { repository.path($0) }, paths: paths
        ).explain()
    }

    @Test func eachSourceSaysWhyItDoesOrDoesNotDecide() throws {
        let repository = try Repository()
        try repository.write("app/muster.stamp", "11-file\n")
        let explanation = explain(repository, environment: ["MUSTER_BUILD": "7-variable"], directories: ["app"])
        #expect(explanation.sources.map(\.source.name) == ["flag", "environment", "file", "compiled", "git"])
        #expect(explanation.sources.map(\.verdict) == [.absent, .decides, .passedOver, .absent, .passedOver])
        #expect(explanation.sources.map { $0.stamp?.description ?? "-" }.prefix(3) == ["-", "7-variable", "11-file"])
        #expect(explanation.sources[0].reason == "not given")
        #expect(explanation.sources[2].reason == "written in \(repository.path("app/muster.stamp"))")
        #expect(try explanation.decision.get().stamp.description == "7-variable")
        #expect(explanation.git?.commit.hash == (try repository.git("rev-parse", "HEAD")))
    }

    @Test func theExplanationDecidesAsTheResolverDoes() throws {
        let repository = try Repository()
        try repository.write("good/muster.stamp", "11-file\n")
        try repository.write("bad/muster.stamp", "unknown\n")
        for flag in [nil, "1-flag", "latest"] {
            for variable in [nil, "2-variable", ""] {
                for directory in ["none", "good", "bad"] {
                    for git in [nil, ""] {
                        let resolver = StampResolver(
                            flag: flag,
                            environment: repository.environment.merging(variable.map { ["MUSTER_BUILD": $0] } ?? [:]) {
                                $1
                            },
                            directories: [repository.path(directory)], compiled: nil,
                            gitDirectory: git.map { repository.path($0) })
                        let resolved = Result { () throws(StampError) in try resolver.resolve() }
                        #expect(resolver.explain().decision == resolved)
                    }
                }
            }
        }
    }

    @Test func aSourceThatIsThereAndUnusableEndsTheSearch() throws {
        let repository = try Repository()
        let explanation = explain(repository, environment: ["MUSTER_BUILD": "unknown"])
        #expect(explanation.sources.map(\.verdict) == [.absent, .unusable, .absent, .passedOver])
        let error = #expect(throws: StampError.self) { try explanation.decision.get() }
        #expect(error?.code == .unknown)
        #expect(explanation.sources[1].reason == error?.message)
    }

    @Test func aDirectoryWithoutARepositoryIsAnAbsentSource() throws {
        let repository = try Repository()
        try FileManager.default.createDirectory(
            atPath: repository.path("../outside"), withIntermediateDirectories: true)
        let explanation = explain(repository, environment: ["GIT_CEILING_DIRECTORIES": "/"], git: "../outside")
        #expect(explanation.sources.last?.verdict == .absent)
        #expect(explanation.sources.last?.reason.hasSuffix("outside is in no git repository") == true)
        #expect(explanation.git == nil)
        let error = #expect(throws: StampError.self) { try explanation.decision.get() }
        #expect(error?.code == .missing)
        #expect(error?.message.contains("outside is in no git repository, and no other source has one") == true)
    }

    @Test func gitShowsTheCommitAndTheChangesThatDecided() throws {
        let repository = try Repository(committing: ["service/a": "one\n", "service/b": "one\n", "web/page": "one\n"])
        let start = Repository.commitTime
        try repository.write("service/a", "two\n")
        try repository.commit(at: start + 100, "Prices are\trounded\n\nAs the law says.")
        try repository.write("web/page", "two\n")
        try repository.commit(at: start + 200)
        try repository.write("web/page", "three\n", at: start + 900)
        try repository.write("service/a", "three\n", at: start + 400)
        try repository.write("service/new", "one\n", at: start + 500)
        try repository.remove("service/b")
        let found = try repository.resolve(paths: ["service"])
        let git = try #require(found.git)
        #expect(git.paths == ["service"])
        #expect(git.commit.time == start + 100)
        #expect(git.commit.hash == (try repository.git("rev-parse", "HEAD~1")))
        #expect(git.commit.subject == "Prices are\trounded")
        #expect(
            git.changes == [
                .init(path: "service/a", kind: .changed, time: start + 400),
                .init(path: "service/b", kind: .deleted, time: nil),
                .init(path: "service/new", kind: .added, time: start + 500),
            ])
        #expect(git.newest?.path == "service/new")
        #expect(found.stamp.sequence == start + 500)
        #expect(explain(repository, paths: ["service"]).git == git)
    }
}
