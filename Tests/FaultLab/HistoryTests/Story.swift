import FaultHistory

/// A history made up by hand: each call is a millisecond later than the one before, unless it says when.
struct Story {
    private(set) var events: [Event] = []
    private var now = 0
    var audit = ServerAudit()
    var bounds = Bounds(uncancellable: ["spin"], mayDie: ["crash"])

    mutating func note(_ kind: Event.Kind, after milliseconds: Int = 1, _ fill: (inout Event) -> Void = { _ in }) {
        now += milliseconds * 1_000_000
        events.append(Event(kind, at: now).with(fill))
    }

    mutating func enqueue(_ job: String, _ answer: Event.Kind = .accepted, requirement: String = "any") {
        note(.sent) { ($0.job, $0.requirement) = (job, requirement) }
        note(answer) { ($0.job, $0.requirement) = (job, requirement) }
    }

    mutating func begin(
        _ job: String, by session: String, build: String = "2-b", type: String = "quick", attempt: Int = 1,
        after: Int = 1
    ) {
        note(.began, after: after) {
            ($0.job, $0.session, $0.build, $0.type) = (job, session, build, type)
            ($0.attempt, $0.about) = (attempt, Self.process(session))
        }
    }

    mutating func end(_ job: String, by session: String, as outcome: String, attempt: Int = 1, after: Int = 1) {
        note(.ended, after: after) {
            ($0.job, $0.session, $0.outcome, $0.attempt) = (job, session, outcome, attempt)
            $0.about = Self.process(session)
        }
    }

    /// A run that succeeds, and that Redis has on record.
    mutating func run(_ job: String, by session: String, build: String = "2-b", earlier: [TimelineLine] = []) {
        begin(job, by: session, build: build)
        end(job, by: session, as: "succeeded")
        settle(job, by: session, earlier: earlier)
    }

    mutating func settle(_ job: String, by session: String, earlier: [TimelineLine] = []) {
        audit.outcomes[job] = ServerAudit.Outcome(session: session, earlier: earlier)
        audit.successes += 1
    }

    mutating func kill(_ session: String) {
        note(.killed) { $0.about = Self.process(session) }
        note(.gone) { ($0.about, $0.outcome) = (Self.process(session), "signal 9") }
    }

    var verdict: Verdict { HistoryChecker.check(History(events), audit: audit, bounds: bounds) }

    var broken: Set<Invariant> { Set(verdict.violations.map(\.invariant)) }

    /// The number in `w.7.nonce`.
    static func process(_ session: String) -> Int { Int(session.split(separator: ".")[1]) ?? 0 }
}
