import Foundation
import MusterKit

/// What builds succeeded and failed at since a roll began, by the ledger's counts.
struct FailureRates: Sendable, Equatable {
    struct Count: Sendable, Equatable {
        var succeeded = 0
        var failed = 0

        var all: Int { succeeded + failed }
    }

    private var counts: [String: Count] = [:]

    init(_ ledger: ReleaseReport) {
        for build in ledger.builds { counts[build.build] = Count(succeeded: build.succeeded, failed: build.failed) }
    }

    init(_ counts: [String: Count]) { self.counts = counts }

    /// Whether a build fails more often than all others did since `start`: the one-sided test of two proportions with
    /// pooled variance, three standard errors apart, from 20 attempts of each side on; the same by which a build on trial
    /// holds itself.
    /// - Returns: why, for a person; nil where it does not, or nobody can tell yet.
    func worse(_ build: String, since start: FailureRates) -> String? {
        var (new, old) = (Count(), Count())
        for (name, count) in counts {
            let before = start.counts[name] ?? Count()
            let now = Count(
                succeeded: max(0, count.succeeded - before.succeeded), failed: max(0, count.failed - before.failed))
            if name == build {
                new = now
            } else {
                (old.succeeded, old.failed) = (old.succeeded + now.succeeded, old.failed + now.failed)
            }
        }
        guard new.all >= 20, old.all >= 20 else { return nil }
        let pooled = Double(new.failed + old.failed) / Double(new.all + old.all)
        let difference = Double(new.failed) / Double(new.all) - Double(old.failed) / Double(old.all)
        let error = (pooled * (1 - pooled) * (1 / Double(new.all) + 1 / Double(old.all))).squareRoot()
        guard difference > 3 * error else { return nil }
        return "\(build) failed \(new.failed) of \(new.all) attempts, the others \(old.failed) of \(old.all)"
    }
}
