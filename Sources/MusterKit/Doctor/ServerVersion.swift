/// Which server this is. Valkey says for compatibility that it is Redis 7.2, and beside that what it really is.
struct ServerVersion: Sendable, Equatable, CustomStringConvertible {
    let product: String
    let major: Int
    let minor: Int
    let patch: Int

    init?(_ info: ServerInfo) {
        let valkey = info["valkey_version"]
        let numbers = (valkey ?? info["redis_version"] ?? "").split(separator: ".").map { Int($0) ?? 0 }
        guard numbers.count >= 2 else { return nil }
        product = valkey == nil ? "Redis" : "Valkey"
        major = numbers[0]
        minor = numbers[1]
        patch = numbers.count > 2 ? numbers[2] : 0
    }

    var description: String { "\(product) \(major).\(minor).\(patch)" }

    /// 6.2 is the oldest that Muster's scripts run on.
    var isSupported: Bool { (major, minor) >= (6, 2) }

    /// The first patch of each line in which a script can no longer take the server over (CVE-2025-49844). It is the
    /// one that counts here: every account of Muster's must be allowed to run scripts. 7.0 never got it from its makers.
    private static let firstSafePatch = [
        "Redis 6.2": 20, "Redis 7.2": 11, "Redis 7.4": 6, "Redis 8.0": 4, "Redis 8.2": 2,
        "Valkey 7.2": 11, "Valkey 8.0": 6, "Valkey 8.1": 4,
    ]

    /// Numbers at which Debian and Ubuntu stay while they mend them.
    private static let frozenByDistributions = ["Redis 7.0.15", "Redis 8.0.2", "Valkey 8.1.1"]

    enum Patches: Equatable {
        case good
        /// The number alone does not say whether it was mended.
        case unclear
        /// At least this release is needed.
        case behind(String)
    }

    var patches: Patches {
        if Self.frozenByDistributions.contains(description) { return .unclear }
        if product == "Redis", major == 7, minor == 0 { return .behind("7.2.11") }
        guard let safe = Self.firstSafePatch["\(product) \(major).\(minor)"], patch < safe else { return .good }
        return .behind("\(major).\(minor).\(safe)")
    }
}
