/// What the server is, and whether it takes writes.
struct ServerChecks {
    let state: ServerState

    func examine(_ diagnosis: inout Diagnosis) {
        if state.refused.contains("INFO") {
            let reason = "this account may not use INFO (ACL SETUSER … +info)"
            for check in [Check.version, .role, .persistence, .memoryFull, .replicas, .clients] {
                diagnosis.skip(check, reason)
            }
            return
        }
        checkVersion(&diagnosis)
        checkRole(&diagnosis)
        checkClients(&diagnosis)
        checkScripts(&diagnosis)
        checkClock(&diagnosis)
    }

    private func checkVersion(_ diagnosis: inout Diagnosis) {
        guard let version = state.version else {
            return diagnosis.skip(.version, "the server does not say which version it is")
        }
        if !version.isSupported {
            return diagnosis.add(
                .error, .version, "the server is \(version); Muster needs Redis 6.2 or newer, or Valkey",
                why: "its scripts use commands that older servers do not have", remedy: "upgrade the server")
        }
        switch version.patches {
        case .good: break
        case .unclear:
            diagnosis.skip(
                .patchLevel,
                "\(version) is a number at which distributions stay while they mend it; ask the package manager, e.g. `apt list --upgradable`"
            )
        case .behind(let release):
            diagnosis.add(
                .warning, .patchLevel, "the server is \(version); scripts can take it over (CVE-2025-49844)",
                why: "every account of Muster's may run scripts, so one stolen password is enough",
                remedy: "upgrade to \(release) or newer")
        }
    }

    private func checkRole(_ diagnosis: inout Diagnosis) {
        guard state.info["role"] == "slave" else { return }
        let primary = "\(state.info["master_host"] ?? "?"):\(state.info["master_port"] ?? "?")"
        diagnosis.add(
            .error, .role, "this server is a replica of \(primary)",
            why: "it takes no writes: nothing can be enqueued, claimed or settled here",
            remedy: "point --redis or MUSTER_REDIS at the primary: redis://\(primary)")
    }

    /// Nine tenths: the last tenth goes quickly when a fleet reconnects.
    private func checkClients(_ diagnosis: inout Diagnosis) {
        guard let most = state.number("maxclients") ?? state.info.number("maxclients"), most > 0,
            let now = state.info.number("connected_clients")
        else { return diagnosis.skip(.clients, "the server does not say how many clients it takes") }
        if now * 10 >= most * 9 {
            diagnosis.add(
                .warning, .clients, "\(now) of at most \(most) clients are connected",
                why: "at the bound new workers and producers are turned away, and lost ones cannot come back",
                remedy:
                    "redis-cli CONFIG SET maxclients \(max(10_000, most * 2)), and in redis.conf; `redis-cli CLIENT LIST` says who they are"
            )
        }
        if let refused = state.info.number("rejected_connections"), refused > 0 {
            diagnosis.add(
                .info, .clients, "\(refused) connections were turned away since the server started or was last reset",
                why: "the bound on clients was met", remedy: "redis-cli CONFIG RESETSTAT, once it is high enough")
        }
    }

    /// Muster has about a dozen; thousands come from a client that puts values into the text of its scripts.
    private func checkScripts(_ diagnosis: inout Diagnosis) {
        let count = state.info.number("number_of_cached_scripts") ?? 0
        let bytes = state.info.number("used_memory_scripts") ?? 0
        guard count > 1000 || bytes > 64 << 20 else { return }
        diagnosis.add(
            .warning, .scripts, "the server keeps \(count) scripts in \(byteText(bytes))",
            why:
                "Muster has about a dozen; another client writes its values into the scripts, and they are never freed",
            remedy: "mend that client (EVALSHA with arguments), then redis-cli SCRIPT FLUSH ASYNC")
    }

    /// Leases and schedules follow Redis' clock, so a difference only misleads people; two seconds are more than a
    /// clock that is kept in step ever shows.
    private func checkClock(_ diagnosis: inout Diagnosis) {
        let clocks = state.clocks
        let early = clocks.hostBefore - clocks.serverMilliseconds
        let late = clocks.serverMilliseconds - clocks.hostAfter
        let offset = max(early, late)
        guard offset > 2000 else { return }
        diagnosis.add(
            .warning, .clock,
            "this host's clock is \(offset / 1000) s \(early > late ? "ahead of" : "behind") the server's",
            why: "times that you give (--at) mean the server's clock; logs of both do not fit together",
            remedy: "keep both in step: timedatectl set-ntp true")
    }
}
