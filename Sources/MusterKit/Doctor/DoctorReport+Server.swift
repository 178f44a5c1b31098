import MusterRedis

extension DoctorReport.Server {
    init(_ state: ServerState) {
        let role = state.info["role"]
        self.init(
            product: state.version?.product, version: state.version.map { "\($0.major).\($0.minor).\($0.patch)" },
            role: role.map { $0 == "slave" ? "replica" : "primary" },
            uptimeSeconds: state.info.number("uptime_in_seconds"),
            usedBytes: state.info.number("used_memory"),
            maxBytes: state.info.number("maxmemory") ?? state.number("maxmemory"),
            durability: (state.offer?.given ?? []).map(\.description))
    }
}

extension DoctorReport {
    /// The one finding where the server does not answer.
    static func unreachable(_ error: RedisError) -> DoctorReport {
        let remedy =
            switch error.code {
            case .cannotConnect:
                "start it, or name the right one in --redis or MUSTER_REDIS; `muster dev` starts one to try things out"
            case .noAuth, .wrongPassword: "give the right user and password: --redis redis://user:password@host:port"
            case .noPermission: "ACL SETUSER … +ping +time +info, or another account in --redis"
            case .denied: "set a password and bind the address in redis.conf; the server is in protected mode"
            case .loading: "wait: it reads its data from disk"
            case .busy: "a script runs for too long: redis-cli SCRIPT KILL"
            case .maxClients: "redis-cli CONFIG SET maxclients 10000; `redis-cli CLIENT LIST` says who they are"
            case .timeout: "look whether the server is stopped, swaps, or runs a long command: redis-cli --latency"
            default: "look into the server's log"
            }
        let finding = Finding(
            severity: .error, check: .reachable, queue: nil, what: error.message,
            why: "nothing can be enqueued, claimed or settled, and nothing else can be looked at", remedy: remedy)
        return DoctorReport(
            isReachable: false, findings: [finding],
            server: Server(
                product: nil, version: nil, role: nil, uptimeSeconds: nil, usedBytes: nil, maxBytes: nil,
                durability: []), memory: [], skipped: [])
    }
}
