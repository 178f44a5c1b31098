import MusterRedis
import MusterStamp

/// How one run of a job ended, as its session settles it.
struct Settlement: Sendable {
    enum Kind: Sendable, Equatable {
        /// Done; the result is kept where the job asked for it, and goes to the next of its chain.
        case succeeded(result: [UInt8]?)
        case failed(delayMilliseconds: Int, error: String)
        /// Not worth another attempt.
        case dead(error: String)
        /// Not now, and nobody's fault.
        case later(delayMilliseconds: Int)
        case handedBack
        /// Ended because somebody asked for it.
        case cancelled
        case unknownType
        case undecodable(sequenceNeeded: Int)
    }

    let id: String
    let type: String
    let kind: Kind
    let milliseconds: Int
    let retainMilliseconds: Int?

    /// The usual case, which the claim script settles by the hundred.
    var isPlain: Bool {
        retainMilliseconds == nil && kind == .succeeded(result: nil)
    }
}

/// One call of the claim script.
struct ClaimRequest: Sendable {
    let session: SessionID
    let build: BuildStamp
    let want: Int
    let types: String
    let turn: Int
    /// The session's calls so far; an earlier one that arrives later is not heeded.
    var call = 0
    let outcomes: [Settlement]

    func append(to command: inout RedisCommand) {
        command.append(session.id)
        command.append(build.sequence)
        command.append(build.revision)
        command.append(session.host)
        command.append(want)
        command.append(types)
        command.append(turn)
        command.append(call)
        command.append(outcomes.count { $0.isPlain })
        for outcome in outcomes where outcome.isPlain {
            command.append(outcome.id)
            command.append(outcome.milliseconds)
        }
        for outcome in outcomes where !outcome.isPlain { append(outcome, to: &command) }
    }

    private func append(_ outcome: Settlement, to command: inout RedisCommand) {
        func add(_ kind: String, _ first: some Collection<UInt8>, _ second: String) {
            command.append(outcome.id)
            command.append(kind)
            command.append(outcome.milliseconds)
            command.append(first)
            command.append(second)
        }
        switch outcome.kind {
        case .succeeded(let result):
            add("success", result ?? [], outcome.retainMilliseconds.map { String($0) } ?? "")
        case .failed(let delay, let error): add("failure", String(delay).utf8, error)
        case .dead(let error): add("dead", "".utf8, error)
        case .later(let delay): add("later", String(delay).utf8, "")
        case .handedBack: add("back", "".utf8, "")
        case .cancelled: add("cancelled", "".utf8, "")
        case .unknownType: add("unknown-type", outcome.type.utf8, "")
        case .undecodable(let sequence): add("undecodable", String(sequence).utf8, "")
        }
    }
}

/// What the claim script answered.
struct ClaimAnswer: Sendable {
    enum State: String, Sendable {
        case ok, lost, stale, late
    }

    let state: State
    /// `empty`, `newer-work-waiting`, `paused`, `capacity`, `rate`, `more`, `below-floor`, or nothing where as much
    /// came as was wanted.
    let reason: String
    let newerWaiting: Int
    /// The sequence that waiting work asks for; after `rate`, in how many ms to ask again.
    let needed: String
    let unsettled: [String]
    let jobs: [(id: String, record: [UInt8])]
    /// What earlier runs of these jobs saved, by id.
    let checkpoints: [String: [UInt8]]

    init(_ answer: ScriptAnswer) {
        state = State(rawValue: answer.state) ?? .lost
        reason = answer[1].text ?? ""
        newerWaiting = answer[2].integer ?? 0
        needed = answer[3].text ?? ""
        unsettled = answer[4].array?.compactMap(\.text) ?? []
        let ids = answer[5].array ?? []
        let records = answer[6].array ?? []
        let saved = answer[7].array ?? []
        var checkpoints: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: saved.count - 1, by: 2) {
            if let id = saved[index].text { checkpoints[id] = saved[index + 1].bytes }
        }
        self.checkpoints = checkpoints
        jobs = zip(ids, records).compactMap { id, record in
            guard let id = id.text, let record = record.bytes else { return nil }
            return (id, record)
        }
    }
}
