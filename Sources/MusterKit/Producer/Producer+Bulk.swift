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
        let bulk = await withTaskGroup(of: Part.self) { group in
            var bulk = Bulk(all: found, accepted: [0..<size], failure: nil)
            var next = 1
            while next < min(5, chunks.count) {
                group.addTask { [next] in await self.part(next, chunks[next], plan, again, lastAccepted) }
                next += 1
            }
            while let part = await group.next() {
                bulk.add(part, at: part.index * size..<part.index * size + chunks[part.index].count)
                if bulk.failure == nil {
                    onProgress(bulk.accepted.reduce(0) { $0 + $1.count })
                } else {
                    lastAccepted.giveUp()
                }
                guard bulk.failure == nil, next < chunks.count else { continue }
                group.addTask { [next] in await self.part(next, chunks[next], plan, again, lastAccepted) }
                next += 1
            }
            return bulk
        }
        if let failure = bulk.failure { throw failure.after(accepting: bulk.accepted) }
        return bulk.all
    }

    private func part(
        _ index: Int, _ jobs: [QueueStore.NewJob], _ plan: EnqueuePlan, _ again: Bool, _ lastAccepted: Acceptance
    ) async -> Part {
        do throws(MusterError) {
            return Part(index: index, found: try await sendPatiently(jobs, plan, again, lastAccepted), failure: nil)
        } catch {
            return Part(index: index, found: nil, failure: error)
        }
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

/// What became of one part of a call.
private struct Part: Sendable {
    let index: Int
    let found: Producer.Found?
    let failure: MusterError?
}

/// What became of all of them so far.
private struct Bulk: Sendable {
    var all: Producer.Found
    var accepted: [Range<Int>]
    var failure: MusterError?

    mutating func add(_ part: Part, at place: Range<Int>) {
        if let found = part.found {
            all.duplicates.formUnion(found.duplicates)
            all.floor = found.floor ?? all.floor
            accepted.append(place)
        }
        guard let error = part.failure else { return }
        // One part of which nobody knows makes the whole call one of which nobody knows.
        if failure == nil || error.outcome == .unknown && failure?.outcome == .rejected { failure = error }
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
