extension JobRecord {
    /// The schedule that made the job, or nil where somebody enqueued it.
    public var schedule: String? { self["schedule"] }

    /// The time for which a schedule made the job; nil in an extra run, and where no schedule did.
    public var nominalAt: Timestamp? {
        self["nominal"].flatMap { Int($0) }.map { Timestamp(milliseconds: $0) }
    }
}
