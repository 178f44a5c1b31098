extension WorkerOptions {
    /// What a worker does when its build is refused and nothing is left that it may run.
    public enum OnStale: Sendable, Hashable, CustomStringConvertible {
        /// Stop; `Worker.run()` throws ``StaleBuild``, and `muster-worker` exits with 75, so that whoever supervises it
        /// starts what is on disk now.
        case exit
        /// Stay, ask now and then, and be shown as behind.
        case wait
        /// Stop as soon as a newer build lies on disk, and become it; until then, wait.
        case exec
        /// Stop, run this program, and exit with 75.
        case hook(String)

        /// Reads `exit`, `wait`, `exec` or `hook:PROGRAM`.
        /// - Throws: ``MusterError`` with code `invalidValue`, naming these.
        public init(_ text: String) throws(MusterError) {
            switch text {
            case "exit": self = .exit
            case "wait": self = .wait
            case "exec": self = .exec
            case _ where text.hasPrefix("hook:/"): self = .hook(String(text.dropFirst("hook:".count)))
            default:
                throw MusterError(
                    .invalidValue,
                    "\(Name.quoted(text)) is nothing to do with a stale build: use exit, wait, exec, or hook: and a program's absolute path"
                )
            }
        }

        public var description: String {
            switch self {
            case .exit: "exit"
            case .wait: "wait"
            case .exec: "exec"
            case .hook(let program): "hook:\(program)"
            }
        }
    }
}
