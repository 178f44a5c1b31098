import MusterRedis

/// What the operator of the fleet says of builds, as scripts pass it on: the same in every queue, under a number that
/// grows with each change.
struct ReleaseRules: Sendable, Equatable {
    /// 0 where nobody ever said anything.
    let number: Int
    /// Below it a session gets nothing: a sequence as text, or nothing.
    let floor: String
    /// What an enqueue from below the floor meets: `refuse`, or nothing for a warning.
    let producers: String
    /// What becomes of a success whose build was fenced meanwhile: `<type or *>=<accept|review|reject>` with commas.
    let staleSettles: String
    /// The build on trial: `<revision> <sequence> <percent>`, or nothing.
    let ramp: String

    static let none = ReleaseRules(number: 0, floor: "", producers: "", staleSettles: "", ramp: "")

    init(number: Int, floor: String, producers: String, staleSettles: String, ramp: String) {
        self.number = number
        self.floor = floor
        self.producers = producers
        self.staleSettles = staleSettles
        self.ramp = ramp
    }

    /// Reads the list that the fleet's scripts answer with.
    init(_ reply: RedisReply) {
        let texts = (reply.array ?? []).map { $0.text ?? "" }
        func text(_ index: Int) -> String { index < texts.count ? texts[index] : "" }
        self.init(
            number: Int(text(0)) ?? 0, floor: text(1), producers: text(2), staleSettles: text(3), ramp: text(4))
    }
}
