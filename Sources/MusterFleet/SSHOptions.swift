/// How other hosts are reached: what `ssh` at the top of `fleet.yaml` says.
public struct SSHOptions: Sendable, Equatable {
    /// A configuration file for ssh, as an absolute path; nil for ssh's own.
    public var configuration: String?
    /// Hosts that are worked on at once.
    public var parallel: Int

    public init(configuration: String? = nil, parallel: Int = 8) {
        self.configuration = configuration
        self.parallel = parallel
    }

    /// What stands before the host's name. Nothing may ask a question, for nobody is there to answer it; and a host that
    /// has gone away must not hold up the rest.
    var arguments: [String] {
        (configuration.map { ["-F", $0] } ?? []) + [
            "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o",
            "ServerAliveCountMax=3",
        ]
    }
}
