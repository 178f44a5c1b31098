/// What one host is told to do with groups, and all that it needs for it. It goes to another host over standard input,
/// where no one else reads along: it holds the address of Redis, and with it a password.
public struct HostOrder: Sendable, Equatable, Codable {
    public enum Deed: String, Sendable, Codable {
        /// Have so many workers, like this, as `fleet.yaml` says.
        case up
        /// The same, as a person says for now.
        case scale
        /// Have so many of those that were launched before, as they are, and remember what a switch decided.
        case turn
        /// Have none, and no supervisor.
        case down
        /// Say what is there.
        case look

        /// Whether workers may be started from what the order brings along.
        var launches: Bool { self == .up || self == .scale }
    }

    /// One group, and what it is started from where that is not there already.
    public struct Item: Sendable, Equatable, Codable {
        public var group: FleetGroup
        /// Nil on the machine on which `fleet.yaml` lies.
        public var release: ShippedRelease?
        /// For ``Deed/turn``: what is to be remembered; nil for nothing.
        public var mark: SwitchMark?

        public init(group: FleetGroup, release: ShippedRelease? = nil, mark: SwitchMark? = nil) {
            self.mark = mark
            self.group = group
            self.release = release
        }
    }

    public var deed: Deed
    public var namespace: String
    /// What each worker is told beside its group's own environment.
    public var environment: [String: String]
    public var items: [Item]
    /// Process ids of those that are to go first where there are to be fewer.
    public var victims: [Int]

    public init(
        deed: Deed, namespace: String, environment: [String: String], items: [Item], victims: [Int] = []
    ) {
        self.deed = deed
        self.namespace = namespace
        self.environment = environment
        self.items = items
        self.victims = victims
    }
}
