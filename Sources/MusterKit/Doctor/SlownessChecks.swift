/// What held the server up within the last hour. It does one thing at a time: whatever is slow stops everybody.
struct SlownessChecks {
    let state: ServerState
    let namespace: String
    /// The digest of each of Muster's scripts, as the server counts them, and its name.
    let scripts: [String: String]

    private static let recentSeconds = 3600
    /// A script of Muster's moves jobs in bounded chunks of a few milliseconds.
    private static let slowScriptMicroseconds = 20_000
    /// Somebody else's command that stops everybody for so long.
    private static let slowCommandMicroseconds = 100_000
    private static let longDelayMilliseconds = 100

    func examine(_ diagnosis: inout Diagnosis) {
        checkLog(&diagnosis)
        checkDelays(&diagnosis)
    }

    private func checkLog(_ diagnosis: inout Diagnosis) {
        guard let slow = state.slow else {
            diagnosis.skip(.slowScripts, "this account may not use SLOWLOG")
            return diagnosis.skip(.slowCommands, "this account may not use SLOWLOG")
        }
        if let threshold = state.number("slowlog-log-slower-than"), threshold < 0 {
            diagnosis.skip(.slowScripts, "the server keeps no slow log (slowlog-log-slower-than \(threshold))")
        }
        let recent = slow.filter { state.nowSeconds - $0.atSeconds < Self.recentSeconds }
        let isOurs = { (entry: ServerState.Slow) in
            entry.words.count > 3 && entry.words[0].uppercased() == "EVALSHA"
                && entry.words[3].hasPrefix(namespace + ":")
        }
        let ours = recent.filter { isOurs($0) && $0.microseconds >= Self.slowScriptMicroseconds }
        if let worst = ours.max(by: { $0.microseconds < $1.microseconds }) {
            let name = scripts[worst.words[1]] ?? "a script of another version"
            diagnosis.add(
                .warning, .slowScripts,
                "\(counted(ours.count, "slow run")) of Muster's scripts within an hour; the worst: `\(name)` took \(worst.microseconds / 1000) ms on \(worst.words[3])",
                why: "Redis does one thing at a time: everybody else waited",
                remedy:
                    "look for a starved processor or swapping (`redis-cli --intrinsic-latency 10` on the server); else report it with `redis-cli SLOWLOG GET`"
            )
        }
        let others = recent.filter { !isOurs($0) && $0.microseconds >= Self.slowCommandMicroseconds }
        if let worst = others.max(by: { $0.microseconds < $1.microseconds }) {
            let words = worst.words.prefix(3).map { $0.prefix(40) }.joined(separator: " ")
            diagnosis.add(
                .warning, .slowCommands,
                "\(counted(others.count, "command")) of somebody else's held the server up within an hour; the worst: `\(words)` took \(worst.microseconds / 1000) ms",
                why: "Redis does one thing at a time: claims and heartbeats waited",
                remedy: "find its sender (`redis-cli SLOWLOG GET` has the address), or give Muster a server of its own")
        }
    }

    private func checkDelays(_ diagnosis: inout Diagnosis) {
        guard let delays = state.delays else {
            return diagnosis.skip(.latency, "this account may not use LATENCY")
        }
        let long = delays.filter {
            state.nowSeconds - $0.atSeconds < Self.recentSeconds && $0.worstMilliseconds >= Self.longDelayMilliseconds
        }
        if long.isEmpty { return }
        let text = long.map { "\($0.event) \($0.worstMilliseconds) ms" }.joined(separator: ", ")
        diagnosis.add(
            .warning, .latency, "the server was held up within the last hour: \(text)",
            why: "claims and heartbeats waited", remedy: "redis-cli LATENCY DOCTOR says more; LATENCY RESET clears it")
    }
}
