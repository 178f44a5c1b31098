import Synchronization

/// Many jobs in one call.
///
/// 1. The first part goes alone: where the server is full, the call is refused as a whole.
/// 2. The others follow, four at once. A server that becomes full is waited for, for workers make room: until nothing was
///    accepted for as long as the producer's patience.
/// 3. What fails otherwise ends the call, and the error says which jobs are enqueued all the same.
extension Producer {
    /// What was there already.
    struct Found: Sendable {
        var duplicates: Set<String> = []
        /// Who has the unique key of an id.
        var holders: [String: String] = [:]
        var floor: Int?
    }

    func send(
        _ chunks: [[QueueStore.NewJob]], _ plan: EnqueuePlan, again: Bool,
        _ onProgress: @escaping @Sendable (Int) -> Void
    ) async throws(MusterError) -> Found {
        guard let first = chunks.first else { return Found() }
        let found = try await sendOne(first, plan, again: again)
        if chunks.count == 1 { return found }
        onProgress(first.count)
        let size = first.count
        let lastAccepted = Acceptance()
        let result: Result<Found, MusterError> = await withTaskGroup(
            of: (Int, Result<Found, MusterError>).self
        ) { group in
            var all = found
            var accepted = [0..<size]
            var failure: MusterError?
            var next = 1
            func addNext() {
                guard next < chunks.count, failure == nil else { return }
                let index = next
                next += 1
                group.addTask {
                    do throws(MusterError) {
                        return (index, .success(try await self.sendPatiently(chunks[index], plan, again, lastAccepted)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            for _ in 0..<4 { addNext() }
            while let (index, result) = await group.next() {
                switch result {
                case .success(let found):
                    all.duplicates.formUnion(found.duplicates)
                    all.floor = found.floor ?? all.floor
                    accepted.append(index * size..<index * size + chunks[index].count)
                    onProgress(accepted.reduce(0) { $0 + $1.count })
                case .failure(let error):
                    // One part of which nobody knows makes the whole call one of which nobody knows.
                    if failure == nil || error.outcome == .unknown && failure?.outcome == .rejected { failure = error }
                    lastAccepted.giveUp()
                }
                addNext()
            }
            return failure.map { .failure($0.after(accepting: accepted)) } ?? .success(all)
        }
        return try result.get()
    }

    private func sendPatiently(
        _ jobs: [QueueStore.NewJob], _ plan: EnqueuePlan, _ again: Bool, _ lastAccepted: Acceptance
    ) async throws(MusterError) -> Found {
        while true {
            do throws(MusterError) {
                let found = try await sendOne(jobs, plan, again: again)
                lastAccepted.note()
                return found
            } catch {
                let waitsForRoom = error.redis?.code == .outOfMemory && error.outcome == .rejected
                guard waitsForRoom, lastAccepted.isWithin(patience), !Task.isCancelled else { throw error }
                try? await Task.sleep(for: .milliseconds(Int.random(in: 50...150)))
            }
        }
    }
}

/// When some of a call's jobs were last accepted.
private final class Acceptance: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(.now)

    func note() { last.withLock { $0 = $0.map { _ in .now } } }

    /// The call has failed: nobody waits any more.
    func giveUp() { last.withLock { $0 = nil } }

    func isWithin(_ patience: Duration) -> Bool {
        last.withLock { $0.map { .now - $0 < patience } ?? false }
    }
}
