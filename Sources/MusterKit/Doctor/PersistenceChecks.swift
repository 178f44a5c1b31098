/// Whether what was enqueued outlives the server, and whether its disk still takes it.
struct PersistenceChecks {
    let state: ServerState

    func examine(_ diagnosis: inout Diagnosis) {
        guard let appends = state.info.flag("aof_enabled") else {
            if !state.refused.contains("INFO") {
                diagnosis.skip(.persistence, "the server does not say whether it has an append-only file")
            }
            return
        }
        checkDisk(appends: appends, &diagnosis)
        if appends { checkSynchronisation(&diagnosis) } else { checkSnapshots(&diagnosis) }
    }

    private func checkDisk(appends: Bool, _ diagnosis: inout Diagnosis) {
        if appends, let status = state.info["aof_last_write_status"], status != "ok" {
            diagnosis.add(
                .error, .writing, "the append-only file could not be written",
                why: "the server refuses every write (MISCONF) until it can: nothing is enqueued, claimed or settled",
                remedy: "free room on the disk that `redis-cli CONFIG GET dir` names; the server then goes on by itself"
            )
        }
        if appends, let status = state.info["aof_last_bgrewrite_status"], status != "ok" {
            diagnosis.add(
                .warning, .writing, "the append-only file could not be rewritten",
                why: "it grows until the disk is full, and then every write is refused",
                remedy: "look into the server's log; free disk or memory, then redis-cli BGREWRITEAOF")
        }
        guard let status = state.info["rdb_last_bgsave_status"], status != "ok" else { return }
        let refuses = state.settings["stop-writes-on-bgsave-error"] != "no" && state.settings["save"] != ""
        diagnosis.add(
            refuses ? .error : .warning, .writing, "the last snapshot could not be written",
            why: refuses
                ? "the server refuses every write (MISCONF): nothing is enqueued, claimed or settled"
                : "what is on disk grows old",
            remedy: "look into the server's log; free disk or memory, then redis-cli BGSAVE")
    }

    private func checkSynchronisation(_ diagnosis: inout Diagnosis) {
        guard let when = state.settings["appendfsync"] else {
            return diagnosis.skip(.synchronisation, "this account may not use CONFIG GET")
        }
        if when == "no" {
            diagnosis.add(
                .warning, .synchronisation, "appendfsync is no",
                why: "when the machine dies, the last half minute or so of jobs is lost",
                remedy: "redis-cli CONFIG SET appendfsync everysec (or always), and in redis.conf")
        }
        if when == "always", state.settings["no-appendfsync-on-rewrite"] == "yes" {
            diagnosis.add(
                .warning, .synchronisation, "appendfsync always rests while the file is rewritten",
                why: "no-appendfsync-on-rewrite is yes: what is enqueued meanwhile is not on disk when Redis says so",
                remedy: "redis-cli CONFIG SET no-appendfsync-on-rewrite no, and in redis.conf")
        }
    }

    private func checkSnapshots(_ diagnosis: inout Diagnosis) {
        let remedy = "redis-cli CONFIG SET appendonly yes, and in redis.conf; see deploy/redis/redis.conf"
        guard let save = state.settings["save"] else {
            return diagnosis.add(
                .warning, .persistence, "there is no append-only file",
                why: "a restart loses what came since the last snapshot, if there are any: this account may not ask",
                remedy: remedy)
        }
        if save.isEmpty {
            diagnosis.add(
                .error, .persistence, "nothing is kept on disk", why: "a restart of Redis loses every job",
                remedy: remedy)
        } else {
            diagnosis.add(
                .warning, .persistence, "only snapshots are kept on disk (save \(save))",
                why: "a restart loses what was enqueued since the last one, and repeats what was settled",
                remedy: remedy)
        }
    }
}
