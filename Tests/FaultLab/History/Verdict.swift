/// What the checker found: every violation, and how much it looked at.
public struct Verdict: Codable, Sendable {
    public internal(set) var violations: [Violation] = []
    public internal(set) var accepted = 0
    public internal(set) var rejected = 0
    public internal(set) var unknown = 0
    /// Unknown to their producer, and yet run.
    public internal(set) var recovered = 0
    /// Jobs that ran at least once.
    public internal(set) var jobsRun = 0
    public internal(set) var runs = 0
    /// Runs beyond a job's first, by what explains them.
    public internal(set) var duplicates: [String: Int] = [:]
    /// Accepted before Redis came back empty, and gone with it.
    public internal(set) var forfeited = 0
    public internal(set) var dead = 0
    /// Of those, jobs that did nothing wrong: three workers that held them were killed from outside.
    public internal(set) var deadOfKills = 0
    public internal(set) var faults: [String: Int] = [:]

    public var isClean: Bool { violations.isEmpty }

    /// The first violations, one a line, and how many more there are.
    public func report(bound: Int = 40) -> String {
        var lines = violations.prefix(bound).map { "  \($0)" }
        if violations.count > bound { lines.append("  … and \(violations.count - bound) more") }
        let head = isClean ? "verdict: clean" : "verdict: \(violations.count) violations"
        return ([head] + lines).joined(separator: "\n")
    }

    public var summary: String {
        func list(_ counts: [String: Int]) -> String {
            counts.isEmpty
                ? "none" : counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        }
        return """
            enqueued: \(accepted) accepted, \(rejected) rejected, \(unknown) unknown (\(recovered) of them ran)
            ran: \(jobsRun) jobs in \(runs) runs; \(dead) with the dead (\(deadOfKills) of three kills); \(forfeited) gone with an emptied Redis
            duplicate runs, by explanation: \(list(duplicates))
            faults: \(list(faults))
            """
    }
}
