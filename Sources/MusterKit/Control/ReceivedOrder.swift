import MusterRedis

/// An order as a session finds it.
struct ReceivedOrder: Sendable {
    let nonce: String
    /// What it is, or why it is none.
    let order: Result<WorkerOrder, MusterError>
    let verb: String
    /// Who ordered it, `<host>:<pid>`.
    let by: String
    /// When it was ordered, by Redis' clock.
    let at: Int
    /// Until then it may be begun, by this machine's clock that only goes forward.
    let until: ContinuousClock.Instant

    /// - Parameter asked: when the session began to ask, so that `left` is never longer than it was.
    init(nonce: String, left: Int, line: String, asked: ContinuousClock.Instant) {
        let fields = Fields(line)
        self.nonce = nonce
        verb = fields["verb"]?.shown ?? ""
        by = fields["by"]?.shown ?? "?"
        at = fields.number("at") ?? 0
        until = asked + .milliseconds(left)
        order = Result { () throws(MusterError) in try WorkerOrder(fields) }
    }
}
