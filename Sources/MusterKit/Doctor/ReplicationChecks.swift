/// Whether replicas are there, in step, and as many as the server itself wants.
struct ReplicationChecks {
    let state: ServerState

    /// A replica reports every second; ten without a word are a broken link.
    private static let longestSilenceSeconds = 10

    func examine(_ diagnosis: inout Diagnosis) {
        guard state.info["role"] == "master" else { return }
        let replicas = state.info.replicas
        for replica in replicas where !replica.isOnline {
            diagnosis.add(
                .warning, .replicas, "replica \(replica.address) is not in step: \(replica.state)",
                why: "it has not got a whole copy, and would lose jobs as a primary",
                remedy: "wait for its copy; where it does not end, look into both servers' logs")
        }
        for replica in replicas where replica.isOnline && replica.lag > Self.longestSilenceSeconds {
            diagnosis.add(
                .warning, .replicas, "replica \(replica.address) has said nothing for \(replica.lag) s",
                why: "what is enqueued with --durability replicated is not proven, and a failover to it loses jobs",
                remedy:
                    "look whether it runs and is reachable: redis-cli -u redis://\(replica.address) INFO replication")
        }
        if replicas.isEmpty, state.info.flag("repl_backlog_active") == true {
            diagnosis.add(
                .warning, .replicas, "no replica is connected, and there was one within the last hour or so",
                why: "if this machine is lost now, what it holds is lost with it",
                remedy:
                    "look whether the replica runs and is reachable; `redis-cli INFO replication` there says why not")
        }
        checkMinimum(replicas, &diagnosis)
    }

    private func checkMinimum(_ replicas: [ServerInfo.Replica], _ diagnosis: inout Diagnosis) {
        guard let least = state.number("min-replicas-to-write") else {
            return diagnosis.skip(.replicas, "this account may not use CONFIG GET: min-replicas-to-write is not known")
        }
        let good = state.info.number("min_slaves_good_slaves") ?? replicas.count(where: \.isOnline)
        guard good < least else { return }
        diagnosis.add(
            .error, .replicas, "\(good) of at least \(least) replicas are good (min-replicas-to-write)",
            why: "the server refuses every write (NOREPLICAS): nothing is enqueued, claimed or settled",
            remedy:
                "bring the replicas back; or redis-cli CONFIG SET min-replicas-to-write \(good), knowing what it was for"
        )
    }
}
