/// How a soak went.
public struct SoakReport: Sendable, Codable {
    public let drill: DrillReport
    /// In the order of time.
    public let sizes: [Sizes]

    public var isClean: Bool { drill.isClean && growth.isEmpty }

    /// What was larger in the last fifth of the time than early on, beyond what chance explains.
    public var growth: [String] {
        // A soak of a minute or two says nothing about growth.
        guard sizes.count >= 25 else { return [] }
        func grown(_ name: String, _ size: KeyPath<Sizes, Int>, slack: Int) -> String? {
            let part = sizes.count / 5
            let early = Self.median(sizes[part..<2 * part].map { $0[keyPath: size] })
            let late = Self.median(sizes[(sizes.count - part)...].map { $0[keyPath: size] })
            return late > early * 5 / 4 + slack ? "\(name) grew from \(early) to \(late)" : nil
        }
        return [
            grown("a worker's memory in KiB", \.workerKilobytes, slack: 8192),
            grown("a worker's descriptors", \.workerDescriptors, slack: 8),
            grown("Redis' memory without outcomes in KiB", \.redisKilobytes, slack: 4096),
            grown("Redis' connections", \.redisConnections, slack: 8),
        ].compactMap(\.self)
    }

    public var text: String {
        var lines = [drill.text]
        if let last = sizes.last {
            lines.append(
                "sizes at the end: a worker \(last.workerKilobytes) KiB and \(last.workerDescriptors) descriptors, "
                    + "Redis \(last.redisKilobytes) KiB without outcomes and \(last.redisConnections) connections")
        }
        if sizes.count < 25 { lines.append("too short to say whether anything grows") }
        lines += growth.map { "grown: \($0)" }
        lines.append(isClean ? "soak: clean" : "soak: NOT clean")
        lines.append("seed \(drill.seed)")
        return lines.joined(separator: "\n")
    }

    private static func median(_ values: [Int]) -> Int { values.sorted()[values.count / 2] }
}
