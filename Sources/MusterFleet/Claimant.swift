public import MusterKit

/// What both forms of the roll call say of a session's last claim.
public protocol Claimant {
    var state: WorkerEntry.State { get }
    var lastClaimAt: Timestamp? { get }
    var lastClaim: String { get }
}

extension FleetReport.Worker: Claimant {}
extension WorkerEntry: Claimant {}

extension Claimant {
    /// Its last claim got nothing because its build is below the floor.
    public var isRefused: Bool { lastClaim == "stale" }

    /// It asked for work, as the session that it is, and was not refused.
    var isClaiming: Bool { state == .running && lastClaimAt != nil && !isRefused }
}
