/// What a session has said in the roll call, and so what it need not say again.
struct RollCallWords: Sendable {
    /// After so many reports it says everything: one that was held up on its way may have arrived after a later one.
    private static let mostParts = 10

    /// What Redis has for certain.
    private var known: WorkerSnapshot?
    private var isSilent = false
    private var reports = 0
    private var parts = 0

    /// Whether it has to say this now. In a crowd, who has nothing new to say speaks at every second beat.
    func mustSay(_ now: WorkerSnapshot) -> Bool {
        guard now.isInCrowd, !isSilent, let known, known.build == now.build, known.succeeded == now.succeeded else {
            return true
        }
        // What it was refused is counted in Redis, by host.
        return now.fields(unlike: known).contains { $0.0 != "refusals" }
    }

    /// It says this now.
    /// - Returns: the number of this report, and the fields that it must have.
    mutating func says(_ now: WorkerSnapshot) -> (number: Int, fields: [(String, String)]) {
        defer { known = nil }
        reports += 1
        if let known, parts < Self.mostParts {
            parts += 1
            return (reports, now.fields(unlike: known))
        }
        parts = 0
        return (reports, now.fields)
    }

    /// Redis has it.
    /// - Parameter added: how many fields Redis did not have before; where it has lost some, a part was too little.
    mutating func wasHeard(_ number: Int, _ words: WorkerSnapshot, added: Int) {
        guard number == reports else { return }
        isSilent = false
        if parts == 0 || added == 0 { known = words }
    }

    /// It says everything next time.
    mutating func forget() { known = nil }

    /// A beat went without a word, or nobody knows.
    mutating func wasSilent() { isSilent = true }
}
