/// What `muster fleet switch` left behind on a host, so that a `fleet.yaml` that does not know of it yet cannot undo it: one
/// that still counts workers for the group that sleeps would wake the old build, and one that counts none for the
/// group that took over would stop the only one that works.
public struct SwitchMark: Sendable, Equatable, Codable {
    /// False: it took over.
    public var isAsleep: Bool
    /// The group on the other side.
    public var other: String

    public init(isAsleep: Bool, other: String) {
        self.isAsleep = isAsleep
        self.other = other
    }

    /// - Parameters:
    ///   - group: as `fleet.yaml` has it.
    ///   - running: how many of it are wanted now.
    /// - Returns: why the file must not have its way; nil where it knows.
    func objection(to group: FleetGroup, running: Int) -> String? {
        let name = group.name
        if isAsleep, group.count > 0 {
            return
                "sleeps since `muster fleet switch \(name) \(other)`, and fleet.yaml counts \(group.count): write `count: 0` there, or wake it with `muster fleet switch \(other) \(name)`"
        }
        if !isAsleep, group.count == 0, running > 0 {
            return
                "took over by `muster fleet switch \(other) \(name)`, and fleet.yaml counts 0: write `count: \(running)` there, or end it with `muster fleet scale \(name)=0`"
        }
        return nil
    }
}
