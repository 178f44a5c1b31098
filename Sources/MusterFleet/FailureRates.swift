import Foundation
import MusterKit

/// What builds succeeded and failed at since something began, by the ledger's counts.
struct FailureRates: Sendable, Equatable {
    struct Count: Sendable, Equatable {
        var succeeded = 0
        var failed = 0

        var all: Int { succeeded + failed }
    }

    /// One build held against all others.
    struct Comparison: Sendable, Equatable {
        let build: String
        let own: Count
        let others: Count

        /// With fewer attempts on either side nobody can tell.
        static let fewest = 20

        var isTelling: Bool { own.all >= Self.fewest && others.all >= Self.fewest }

        /// For a person.
        var text: String {
            "\(build) failed \(own.failed) of \(own.all) attempts, the others \(others.failed) of \(others.all)"
        }

        /// The one-sided test of two proportions with pooled variance, three standard errors apart; the same by which a
        /// build on trial holds itself.
        var isWorse: Bool {
            guard isTelling else { return false }
            let pooled = Double(own.failed + others.failed) / Double(own.all + others.all)
            let difference = Double(own.failed) / Double(own.all) - Double(others.failed) / Double(others.all)
            let error = (pooled * (1 - pooled) * (1 / Double(own.all) + 1 / Double(others.all))).squareRoot()
            return difference > 3 * error
        }
    }

    private var counts: [String: Count] = [:]

    init(_ ledger: ReleaseReport) {
        for build in ledger.builds { counts[build.build] = Count(succeeded: build.succeeded, failed: build.failed) }
    }

    init(_ counts: [String: Count]) { self.counts = counts }

    /// What a build did since `start`, beside what all others did.
    func comparison(_ build: String, since start: FailureRates) -> Comparison {
        var (own, others) = (Count(), Count())
        for (name, count) in counts {
            let before = start.counts[name] ?? Count()
            let now = Count(
                succeeded: max(0, count.succeeded - before.succeeded), failed: max(0, count.failed - before.failed))
            if name == build {
                own = now
            } else {
                (others.succeeded, others.failed) = (others.succeeded + now.succeeded, others.failed + now.failed)
            }
        }
        return Comparison(build: build, own: own, others: others)
    }

    /// Whether a build fails more often than all others did since `start`.
    /// - Returns: why, for a person; nil where it does not, or nobody can tell yet.
    func worse(_ build: String, since start: FailureRates) -> String? {
        let comparison = comparison(build, since: start)
        return comparison.isWorse ? comparison.text : nil
    }
}
