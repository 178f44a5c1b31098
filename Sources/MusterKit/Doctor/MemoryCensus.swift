import MusterRedis

/// How much memory the keys take whose names are known. Nothing is searched for: no `SCAN`, no `KEYS`.
enum MemoryCensus {
    /// Asks Redis for its estimate of each key (it looks at five members of each).
    /// - Parameters:
    ///   - queue: whose keys, or nil for the fleet's.
    ///   - kinds: what they are called, and their names.
    static func measure(
        _ client: RedisClient, queue: String?, kinds: [String: [String]]
    ) async throws(RedisError) -> [DoctorReport.Memory] {
        var census: [DoctorReport.Memory] = []
        for (kind, keys) in kinds {
            var count = 0
            var bytes = 0
            for start in stride(from: 0, to: keys.count, by: 500) {
                let chunk = keys[start..<min(start + 500, keys.count)]
                for answer in await client.send(chunk.map { RedisCommand("MEMORY", "USAGE", $0) }) {
                    guard let size = try answer.get().integer else { continue }
                    count += 1
                    bytes += size
                }
            }
            if count > 0 { census.append(DoctorReport.Memory(queue: queue, kind: kind, keys: count, bytes: bytes)) }
        }
        return census.sorted { ($1.bytes, $0.kind) < ($0.bytes, $1.kind) }
    }
}
