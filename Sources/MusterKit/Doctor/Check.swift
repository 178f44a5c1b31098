/// What the doctor looks at. The order is the order in which findings of one severity are told: first what most often
/// is the reason that somebody asks.
public enum Check: String, Sendable, Encodable, CaseIterable {
    case reachable, rights, role
    case writing
    case memoryFull = "memory-full"
    case requiredProtocol = "protocol"
    case stranded
    case belowFloor = "below-floor"
    case overdue, wedged, lost, paused, saturated, review, stale, refused
    case deployedAlone = "deployed-alone"
    case heldTrial = "held-trial"
    case evictionPolicy = "eviction-policy"
    case evicted, persistence, synchronisation, replicas, clients
    case slowScripts = "slow-scripts"
    case slowCommands = "slow-commands"
    case latency, clock, scripts, version
    case patchLevel = "patch-level"
    case orphans, damage, dropped, dead
    case memoryByKind = "memory-by-kind"

    var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
