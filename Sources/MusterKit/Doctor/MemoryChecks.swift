/// Whether the server will run out of memory, and what it does then.
struct MemoryChecks {
    let state: ServerState
    let census: [DoctorReport.Memory]

    func examine(_ diagnosis: inout Diagnosis) {
        if state.refused.contains("INFO") { return }
        let bound = state.info.number("maxmemory") ?? state.number("maxmemory") ?? 0
        checkPolicy(bound, &diagnosis)
        checkRoom(bound, &diagnosis)
        if let evicted = state.info.number("evicted_keys"), evicted > 0 {
            diagnosis.add(
                .error, .evicted, "the server has thrown away \(evicted) keys to make room since it started",
                why: "a whole queue may have been among them: one key holds all of its jobs",
                remedy:
                    "set maxmemory-policy noeviction; compare with your own records what is missing; `redis-cli CONFIG RESETSTAT` clears this"
            )
        }
    }

    private func checkPolicy(_ bound: Int, _ diagnosis: inout Diagnosis) {
        guard let policy = state.info["maxmemory_policy"] ?? state.settings["maxmemory-policy"] else {
            return diagnosis.skip(.evictionPolicy, "the server does not say what it does when it is full")
        }
        guard policy != "noeviction", bound > 0 else { return }
        // Only outcomes and the roll call expire; jobs do not.
        let takesAll = policy.hasPrefix("allkeys")
        diagnosis.add(
            takesAll ? .error : .warning, .evictionPolicy, "maxmemory-policy is \(policy)",
            why: takesAll
                ? "a full server throws jobs away, a whole queue at a time, and tells nobody"
                : "a full server throws outcomes and the roll call away, and tells nobody",
            remedy: "redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf")
    }

    /// Nine tenths of the bound, because rewriting the file and replicas' buffers come and go beside the data. Where
    /// there is no bound, eight tenths of the machine: beyond that the kernel ends the server.
    private func checkRoom(_ bound: Int, _ diagnosis: inout Diagnosis) {
        guard let used = state.info.number("used_memory") else {
            return diagnosis.skip(.memoryFull, "the server does not say how much memory it uses")
        }
        if bound > 0, used * 10 >= bound * 9 {
            let isFull = used >= bound
            diagnosis.add(
                isFull ? .error : .warning, .memoryFull,
                "\(byteText(used)) of at most \(byteText(bound)) are used. \(contents(of: used))",
                why:
                    "\(isFull ? "the server is full:" : "when it is full") producers are refused, workers still settle",
                remedy:
                    "redis-cli CONFIG SET maxmemory \(byteSetting(bound * 2)), and in redis.conf; or run what waits: `muster queue list`"
            )
        } else if bound == 0, let machine = state.info.number("total_system_memory"), machine > 0,
            let resident = state.info.number("used_memory_rss"), resident * 10 >= machine * 8
        {
            diagnosis.add(
                .warning, .memoryFull,
                "the server takes \(byteText(resident)) of the machine's \(byteText(machine)), and has no bound. \(contents(of: used))",
                why: "the kernel ends a server that takes all of it; with a bound producers would be refused instead",
                remedy: "redis-cli CONFIG SET maxmemory \(byteSetting(machine * 6 / 10)), and in redis.conf")
        }
    }

    /// What fills it, in words.
    private func contents(of used: Int) -> String {
        let ours = census.reduce(0) { $0 + $1.bytes }
        guard used > 0, ours > 0 else { return "None of it is known to be Muster's." }
        let largest = census.prefix(3).map { entry in
            "\(byteText(entry.bytes)) \(entry.kind)\(entry.queue.map { " of queue `\($0)`" } ?? "")"
        }
        return "\(min(100, ours * 100 / used)) % of it is Muster's: \(largest.joined(separator: ", "))."
    }
}
