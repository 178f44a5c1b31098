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
    private let paths: [String]

    /// - Parameters:
    ///   - flag: what `--build` was given; nil without it.
    ///   - environment: the program's environment; git is found by its `PATH` and runs in it.
    ///   - directories: where `muster.stamp` may lie, in this order.
    ///   - compiled: `MusterBuild.stamp`, in a program that uses MusterStampPlugin.
    ///   - gitDirectory: the application's directory, anywhere in its repository; nil asks git nothing.
    ///   - paths: the files and directories that git's stamp is made from, relative to `gitDirectory`; default the
    ///     whole repository.
    public init(
        flag: String?, environment: [String: String], directories: [String], compiled: String?,
        gitDirectory: String?, paths: [String] = []
    ) {
        self.flag = flag
        self.environment = environment
        self.directories = directories
        self.compiled = compiled
        self.gitDirectory = gitDirectory
        self.paths = paths
    }

    /// Asks the sources in their order. It reads files and runs git, and so blocks for some milliseconds.
    ///
    /// - Throws: ``StampError``: `missing` where no source is there, otherwise what is wrong with the first that is.
    public func resolve() throws(StampError) -> ResolvedStamp {
        for source in sources {
            if let found = try ask(source) { return found }
        }
        throw .missing("no source has one")
    }

    /// Asks every source, also those behind the one that decides, and says of each what came of it.
    public func explain() -> StampExplanation {
        var explanation = StampExplanation()
        for source in sources {
            do throws(StampError) {
                if let found = try ask(source) {
                    explanation.add(found)
                } else {
                    explanation.add(source, absent: absence(of: source))
                }
            } catch {
                if case .git(let directory) = source, error.code == .missing {
                    explanation.add(source, absent: "\(directory) is in no git repository", error: error)
                } else {
                    explanation.add(source, failing: error)
                }
            }
        }
        return explanation
    }

    /// In the order in which they are asked.
    private var sources: [StampSource] {
        let files = directories.map {
            StampSource.file($0.hasSuffix("/") ? $0 + StampFile.name : "\($0)/\(StampFile.name)")
        }
        return [.flag, .environment] + files + [.compiled] + (gitDirectory.map { [.git($0)] } ?? [])
    }

    /// Nil where the source is not there.
    private func ask(_ source: StampSource) throws(StampError) -> ResolvedStamp? {
        switch source {
        case .flag:
            guard let flag else { return nil }
            return try given(flag, by: .flag)
        case .environment:
            guard let value = environment["MUSTER_BUILD"] else { return nil }
            return try given(value, by: .environment)
        case .file(let path):
            guard StampFile.exists(path) else { return nil }
            return ResolvedStamp(stamp: try StampFile.read(path), source: source, explanation: "written in \(path)")
        case .compiled:
            guard let compiled else { return nil }
            let stamp = try BuildStamp(compiled, from: source.description)
            return ResolvedStamp(stamp: stamp, source: source, explanation: "compiled in by MusterStampPlugin")
        case .git(let directory):
            let state = try GitState(directory: directory, environment: environment, paths: paths)
            return ResolvedStamp(
                stamp: try state.stamp(), source: source, explanation: state.explanation, git: state.evidence)
        }
    }

    private func absence(of source: StampSource) -> String {
        switch source {
        case .flag: "not given"
        case .environment: "not set"
        case .file: "there is no such file"
        case .compiled: "none is compiled into this program"
        case .git: "not asked"
        }
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
