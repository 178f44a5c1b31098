/// The names of the keys that belong to the whole fleet. `@` can stand in no queue's name.
struct FleetKeys: Sendable {
    let prefix: String
    let meta, sessions, queues, releases, returns: String

    init(namespace: String) {
        prefix = "\(namespace):\(QueueKeys.epoch):{@fleet}:"
        meta = prefix + "meta"
        sessions = prefix + "sessions"
        queues = prefix + "queues"
        releases = prefix + "releases"
        returns = prefix + "returns"
    }

    func session(_ session: String) -> String { prefix + "session:" + session }

    /// - Parameter stamp: a build's, or nothing for a caller without one.
    func release(_ stamp: String) -> String { prefix + "release:" + stamp }

    /// What a session is ordered to do; also the channel on which it hears of it.
    func orders(_ session: String) -> String { prefix + "orders:" + session }

    func obeyed(_ nonce: String) -> String { prefix + "obeyed:" + nonce }
}
