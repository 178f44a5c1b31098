/// What a stopping session is at.
enum StopStep: Sendable, Equatable {
    case finish, cancel, handBack
    /// Those that still run, by name.
    case hooks([String])
    /// Its host came back with a stale build; it waits before it lets itself be started again.
    case needsDeploy(times: Int)

    /// What the roll call says of it: the step, and what it waits for.
    func text(running: Int) -> String {
        switch self {
        case .finish: "finish: \(Self.waitingFor(running))"
        case .cancel: "cancel: \(Self.waitingFor(running))"
        case .handBack: "hand back: Redis"
        case .hooks(let names): "hook: \(names.joined(separator: ", "))"
        case .needsDeploy(let times): "needs deploy: came back \(times) times"
        }
    }

    /// What is not over though nothing runs has an outcome that Redis has not taken yet.
    private static func waitingFor(_ running: Int) -> String {
        switch running {
        case 0: "Redis"
        case 1: "1 job"
        default: "\(running) jobs"
        }
    }
}
