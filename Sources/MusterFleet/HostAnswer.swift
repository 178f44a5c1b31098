/// What a host says of the groups that it was asked about.
public struct HostAnswer: Sendable, Equatable, Codable {
    public struct Group: Sendable, Equatable, Codable {
        public var name: String
        public var wanted = 0
        /// Processes that are there, also such as are about to go.
        public var running = 0
        /// Ids of those that are wanted.
        public var processes: [Int32] = []
        /// Those of them that were started with other settings or from earlier files.
        public var outdated = 0
        /// How a process ended that should run, or why it could not be started.
        public var lastEnd: String?
        /// No process and no supervisor is there.
        public var isStopped = false
        /// A supervisor lives, and has seen what is wanted.
        public var isSeen = false
        /// Where the logs are, on that host.
        public var folder = ""
        /// What a person should know, though nothing failed.
        public var note: String?
        /// Why what was ordered could not be done.
        public var error: String?
        /// What the last switch decided.
        public var mark: SwitchMark?

        public init(name: String) { self.name = name }

        /// No process is there, and none is about to come.
        var isEmpty: Bool { running == 0 && (isSeen || isStopped) }
    }

    public var groups: [Group]
    /// Further groups of this namespace that live there; looked for only where groups are launched as `fleet.yaml` says.
    public var others: [String]

    public init(groups: [Group], others: [String] = []) {
        self.groups = groups
        self.others = others
    }

    /// This look, with what was said when the order was carried out.
    public func after(_ order: HostAnswer) -> HostAnswer {
        HostAnswer(
            groups: groups.map { group in
                var group = group
                let told = order.groups.first { $0.name == group.name }
                (group.error, group.note) = (group.error ?? told?.error, group.note ?? told?.note)
                return group
            }, others: others)
    }
}
