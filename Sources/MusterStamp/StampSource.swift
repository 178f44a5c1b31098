/// Where a build stamp came from.
public enum StampSource: Hashable, Sendable, CustomStringConvertible {
    /// The command line's `--build`.
    case flag
    /// The environment's `MUSTER_BUILD`.
    case environment
    /// The stamp file at this path.
    case file(String)
    /// The text that MusterStampPlugin compiled into this program.
    case compiled
    /// Git, asked in this directory.
    case git(String)

    /// One word, for JSON.
    public var name: String {
        switch self {
        case .flag: "flag"
        case .environment: "environment"
        case .file: "file"
        case .compiled: "compiled"
        case .git: "git"
        }
    }

    /// A phrase for people, which error messages begin with too.
    public var description: String {
        switch self {
        case .flag: "--build"
        case .environment: "MUSTER_BUILD"
        case .file(let path): "the stamp file \(path)"
        case .compiled: "the stamp compiled into this program"
        case .git(let directory): "git in \(directory)"
        }
    }
}
