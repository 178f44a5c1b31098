import MusterRedis

extension QueueStore {
    /// Jobs that are ready, with their records, a few MiB of them at most.
    /// - Parameter start: how many to pass over.
    /// - Returns: them, and where to go on; the same place again at the end.
    func sample(
        from start: Int, count: Int
    ) async throws(MusterError) -> (passed: Int, jobs: [(id: String, record: [UInt8])]) {
        let answer = try await client.call(Scripts.sample, [keys.meta, keys.jobs, keys.lanes]) { command in
            command.append(start)
            command.append(count)
            command.append(4 << 20)
        }
        var jobs: [(String, [UInt8])] = []
        for index in stride(from: 2, to: answer.parts.count - 1, by: 2) {
            if let id = answer[index].text, let record = answer[index + 1].bytes { jobs.append((id, record)) }
        }
        return (answer[1].integer ?? start, jobs)
    }
}
