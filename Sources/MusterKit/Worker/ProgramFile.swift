import MusterLaunch

/// The file that a worker's process was started from, under the name by which it was called.
struct ProgramFile: Sendable {
    private let path = ProgramSearch.thisProgram
    private let identity: FileIdentity?

    /// Notes which file it is now.
    init() {
        identity = FileIdentity(of: path)
    }

    /// What has become of it since.
    func state() -> FleetReport.Program {
        // Called by a name under which nothing lies: nothing can be said of it.
        guard let identity else { return .same }
        guard let now = FileIdentity(of: path) else { return .deleted }
        return now == identity ? .same : .replaced
    }
}
