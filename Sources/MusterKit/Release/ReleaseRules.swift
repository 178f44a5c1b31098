import MusterRedis
import MusterStamp

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
    /// The build on trial: `<revision> <sequence> <percent> <since, ms>`, or nothing.
    let ramp: String

    /// The build on trial.
    struct Trial: Equatable {
        let revision: String
        let sequence: Int
        let percent: Int
    }

    var trial: Trial? {
        let words = ramp.split(separator: " ").map(String.init)
        guard words.count >= 3, let sequence = Int(words[1]), let percent = Int(words[2]) else { return nil }
        return Trial(revision: words[0], sequence: sequence, percent: percent)
    }

    /// Whether the claim lets a build look into the lanes of a requirement, by the rules alone.
    func admit(_ build: BuildStamp, to requirement: Requirement) -> Bool {
        if build.sequence < Int(floor) ?? 0 { return false }
        guard let trial, trial.revision == build.revision else { return true }
        switch requirement {
        case .any: return false
        case .atLeast(let sequence): return sequence >= trial.sequence
        case .exactly, .host, .worker: return true
        }
    }

    static let none = ReleaseRules(number: 0, floor: "", producers: "", staleSettles: "", ramp: "")

    init(number: Int, floor: String, producers: String, staleSettles: String, ramp: String) {
        self.number = number
        self.floor = floor
        self.producers = producers
        self.staleSettles = staleSettles
        self.ramp = ramp
    }

    /// Reads a queue's own `meta`, as names and values.
    init(meta reply: RedisReply) {
        let words = (reply.array ?? []).map { $0.text ?? "" }
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) { fields[words[index]] = words[index + 1] }
        self.init(
            number: fields["rules"].flatMap { Int($0) } ?? 0, floor: fields["floor"] ?? "",
            producers: fields["producers"] ?? "", staleSettles: fields["stale-settles"] ?? "",
            ramp: fields["ramp"] ?? "")
    }

    /// Reads the list that the fleet's scripts answer with.
    init(_ reply: RedisReply) {
        let texts = (reply.array ?? []).map { $0.text ?? "" }
        func text(_ index: Int) -> String { index < texts.count ? texts[index] : "" }
        self.init(
            number: Int(text(0)) ?? 0, floor: text(1), producers: text(2), staleSettles: text(3), ramp: text(4))
    }
}
