/// What the checks have found so far, and what they could not look at.
struct Diagnosis: Sendable {
    private(set) var findings: [Finding] = []
    private(set) var skipped: [DoctorReport.Skipped] = []

    mutating func add(
        _ severity: Finding.Severity, _ check: Check, queue: String? = nil, _ what: String, why: String, remedy: String
    ) {
        findings.append(
            Finding(severity: severity, check: check, queue: queue, what: what, why: why, remedy: remedy))
    }

    mutating func skip(_ check: Check, _ reason: String) {
        let entry = DoctorReport.Skipped(check: check, reason: reason)
        if !skipped.contains(entry) { skipped.append(entry) }
    }

    /// The worst first; among equals what most often is the cause.
    var ordered: [Finding] {
        func rank(_ severity: Finding.Severity) -> Int { Finding.Severity.allCases.firstIndex(of: severity) ?? 0 }
        return findings.enumerated().sorted { left, right in
            (rank(left.element.severity), left.element.check.rank, left.offset)
                < (rank(right.element.severity), right.element.check.rank, right.offset)
        }.map(\.element)
    }
}
