/// Finds this program's build stamp.
///
/// The first source that is there decides, in this order:
/// 1. `--build`, then `MUSTER_BUILD`: a stamp, or a pipeline's number, for which the platform's commit variable gives
///    the revision;
/// 2. the stamp file `muster.stamp`;
/// 3. the stamp compiled into the program;
/// 4. git.
///
/// A source that is there and holds nothing usable is an error. It is never skipped, for then an older stamp further
/// down would silently take its place.
public struct StampResolver: Sendable {
    private let flag: String?
    private let environment: [String: String]
    private let directories: [String]
    private let compiled: String?
    private let gitDirectory: String?

    /// - Parameters:
    ///   - flag: what `--build` was given; nil without it.
    ///   - environment: the program's environment; git is found by its `PATH` and runs in it.
    ///   - directories: where `muster.stamp` may lie, in this order.
    ///   - compiled: `MusterBuild.stamp`, in a program that uses MusterStampPlugin.
    ///   - gitDirectory: the application's directory, anywhere in its repository; nil asks git nothing.
    public init(
        flag: String?, environment: [String: String], directories: [String], compiled: String?,
        gitDirectory: String?
    ) {
        self.flag = flag
        self.environment = environment
        self.directories = directories
        self.compiled = compiled
        self.gitDirectory = gitDirectory
    }

    /// Asks the sources in their order. It reads files and runs git, and so blocks for some milliseconds.
    ///
    /// - Throws: ``StampError``: `missing` where no source is there, otherwise what is wrong with the first that is.
    public func resolve() throws(StampError) -> ResolvedStamp {
        if let flag { return try given(flag, by: .flag) }
        if let value = environment["MUSTER_BUILD"] { return try given(value, by: .environment) }
        for directory in directories {
            let path =
                directory.hasSuffix("/") ? directory + StampFile.name : "\(directory)/\(StampFile.name)"
            guard StampFile.exists(path) else { continue }
            return ResolvedStamp(
                stamp: try StampFile.read(path), source: .file(path), explanation: "written in \(path)")
        }
        if let compiled {
            let stamp = try BuildStamp(compiled, from: StampSource.compiled.description)
            return ResolvedStamp(
                stamp: stamp, source: .compiled, explanation: "compiled in by MusterStampPlugin")
        }
        guard let gitDirectory else { throw .missing("no source has one") }
        let state = try GitState(directory: gitDirectory, environment: environment)
        return ResolvedStamp(
            stamp: try state.stamp(), source: .git(gitDirectory), explanation: state.explanation)
    }

    private func given(_ text: String, by source: StampSource) throws(StampError) -> ResolvedStamp {
        guard !text.isEmpty, text.utf8.allSatisfy({ "0123456789".utf8.contains($0) }) else {
            let stamp = try BuildStamp(text, from: source.description)
            return ResolvedStamp(stamp: stamp, source: source, explanation: "given by \(source)")
        }
        guard let commit = PipelineCommit(environment: environment) else {
            throw StampError(
                code: .noRevision,
                message: """
                    \(source) is only a number, \(StampError.quoted(text)), and no variable names the commit \
                    (\(PipelineCommit.variables.joined(separator: ", "))); \
                    write SEQUENCE-REVISION, for example 4711-9f3c2ab
                    """
            )
        }
        let stamp = try BuildStamp("\(text)-\(commit.revision)", from: source.description)
        return ResolvedStamp(
            stamp: stamp, source: source,
            explanation: "number given by \(source), revision by \(commit.variable)")
    }
}
