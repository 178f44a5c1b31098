/// Something that a worker does at its end, after it has handed back its jobs: flush a buffer, leave a registry.
///
/// Hooks run at the same time, so that one that hangs takes nothing from the others. One that overruns its bound is
/// cancelled and left behind; the log and the session's last word name it. Where the process is killed none runs.
public struct ExitHook: Sendable {
    /// Names it in the log and in the roll call.
    public let name: String
    /// How long the stop waits for it.
    public let bound: Duration
    let run: @Sendable () async -> Void

    /// - Parameters:
    ///   - name: for the log and the roll call; what is over 100 characters is left out.
    ///   - bound: how long the stop waits for it; default 1 s.
    ///   - run: what to do. Its task is cancelled when the bound is over.
    public init(_ name: String, within bound: Duration = .seconds(1), run: @escaping @Sendable () async -> Void) {
        self.name = String(ErrorText.bounded(name).prefix(100))
        self.bound = bound
        self.run = run
    }
}
