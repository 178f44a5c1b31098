/// What must hold after any fault; each has a number in the list that the project was built against.
public enum Invariant: String, Codable, Sendable, CaseIterable {
    /// I1: a job that was accepted has neither succeeded nor ended with the dead, and nothing holds it.
    case lost
    /// I2: something ran that nobody enqueued.
    case unexpected
    /// I3: a job ran again and nothing says why.
    case duplicated
    /// I4: an outcome counts that a session without a right to it reported.
    case zombieSettle = "zombie-settle"
    /// I5: two runs of one job were under way for longer than the bound.
    case overlap
    /// I5: a healthy worker lost its lease, and no fault was there that could have cut it off.
    case leaseLost = "lease-lost"
    /// I8: a session was declared dead before anybody had been connected for a whole lease.
    case funeral
    /// I6: a job ran on a build that its requirement excludes.
    case staleBuild = "stale-build"
    /// I7: a process outlived the bound of its stop.
    case stuckExit = "stuck-exit"
    /// I8: work is there, no fault is, and nothing moves.
    case wedge
    /// I8: a worker ended by itself.
    case died
    /// I9: an id is in no place, or in two.
    case conservation
    /// I11: a job lies with the dead that did nothing for it.
    case buried
    /// I13: two jobs for one nominal time of one schedule.
    case doubleFire = "double-fire"
    /// I14: a producer was told `rejected` of a job that ran.
    case dishonest
    /// The history itself has holes, and so proves nothing.
    case damagedHistory = "damaged-history"
}
