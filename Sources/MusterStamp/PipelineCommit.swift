/// The commit that a build pipeline is working on, as its platform's environment names it.
struct PipelineCommit {
    /// One each for GitHub, GitLab and Woodpecker, Buildkite, CircleCI, Jenkins, Bitbucket, Drone, CodeBuild,
    /// Azure, Travis, Semaphore.
    static let variables = [
        "GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "GIT_COMMIT", "BITBUCKET_COMMIT",
        "DRONE_COMMIT_SHA", "CODEBUILD_RESOLVED_SOURCE_VERSION", "BUILD_SOURCEVERSION", "TRAVIS_COMMIT",
        "SEMAPHORE_GIT_SHA",
    ]

    let variable: String

    /// As many characters as a stamp from git has, so that both name a commit alike.
    let revision: String

    /// Nil where no variable holds a commit's hash: some platforms put a branch or a path there for other triggers.
    init?(environment: [String: String]) {
        for variable in Self.variables {
            guard let hash = environment[variable]?.lowercased(), hash.utf8.count >= GitState.revisionLength,
                hash.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
            else { continue }
            self.variable = variable
            revision = String(hash.prefix(GitState.revisionLength))
            return
        }
        return nil
    }
}
