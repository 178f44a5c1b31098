import Synchronization

/// The jobs that a session holds: waiting, running, and finished but not yet settled.
///
/// 1. Up to `concurrency` runner tasks exist; each runs a job, leaves its outcome, and takes the next job
///    that waits. It ends when none waits, so an idle worker has no tasks.
/// 2. What waits is claimed ahead only as far as the measured rate of completion uses it up in two round
///    trips: short jobs never wait for the network, long ones never wait behind each other here.
/// 3. When the session ends, outcomes and waiting jobs are dropped: Redis gives those jobs to others.
final class JobPool: Sendable {
    private struct Runner {
        var job: ClaimedJob
        var since = ContinuousClock.now
        var task: Task<Void, Never>?
    }

    private struct State {
        var waiting: [ClaimedJob] = []
        var head = 0
        var runners: [Int: Runner] = [:]
        var nextRunner = 0
        var outcomes: [[Settlement]]
        var finished = 0
        var isCancelled = false
        var ahead = 0

        var waitingCount: Int { waiting.count - head }

        mutating func next() -> ClaimedJob? {
            guard head < waiting.count else { return nil }
            defer {
                head += 1
                if head == waiting.count {
                    waiting.removeAll(keepingCapacity: true)
                    head = 0
                }
            }
            return waiting[head]
        }
    }

    private let concurrency: Int
    private let runner: JobRunner
    private let bell: Bell
    private let state: Mutex<State>

    init(concurrency: Int, queues: Int, runner: JobRunner, bell: Bell) {
        self.concurrency = concurrency
        self.runner = runner
        self.bell = bell
        state = Mutex(State(outcomes: Array(repeating: [], count: queues)))
    }

    var runningCount: Int { state.withLock { $0.runners.count } }

    /// What runs now, and for how long; the first `bound` of it.
    func running(bound: Int) -> [(id: String, age: Duration)] {
        state.withLock { state in
            state.runners.values.prefix(bound).map { ($0.job.id, .now - $0.since) }
        }
    }

    var isEmpty: Bool {
        state.withLock { $0.runners.isEmpty && $0.waitingCount == 0 && $0.outcomes.allSatisfy(\.isEmpty) }
    }

    /// Ids of everything held, so far as this process knows.
    var heldIDs: [String] {
        state.withLock { state in
            state.waiting[state.head...].map(\.id) + state.runners.values.map(\.job.id)
                + state.outcomes.flatMap { $0.map(\.id) }
        }
    }

    /// How many more jobs it could use now.
    var want: Int {
        state.withLock { state in
            if state.isCancelled { return 0 }
            return min(Limits.claim, max(0, concurrency + state.ahead - state.runners.count - state.waitingCount))
        }
    }

    /// Learns how long a round trip took, and sets how far to claim ahead.
    func adjust(finishedSince count: Int, in elapsed: Duration, roundTrip: Duration) -> Int {
        state.withLock { state in
            let done = state.finished - count
            if elapsed > .zero {
                let perRoundTrip = Double(done) * (roundTrip / elapsed)
                state.ahead = min(Limits.claim, Int(perRoundTrip * 2))
            }
            return state.finished
        }
    }

    func takeOutcomes(queue: Int) -> [Settlement] {
        state.withLock { state in
            guard !state.outcomes[queue].isEmpty else { return [] }
            if state.outcomes[queue].count <= Limits.claim {
                defer { state.outcomes[queue].removeAll(keepingCapacity: true) }
                return state.outcomes[queue]
            }
            let part = Array(state.outcomes[queue].prefix(Limits.claim))
            state.outcomes[queue].removeFirst(Limits.claim)
            return part
        }
    }

    /// Puts outcomes back whose settling is not known to have worked; settling twice changes nothing.
    func putBack(_ outcomes: [Settlement], queue: Int) {
        state.withLock { $0.outcomes[queue].insert(contentsOf: outcomes, at: 0) }
    }

    func add(_ jobs: [ClaimedJob]) {
        let starting = state.withLock { state -> [(Int, ClaimedJob)] in
            if state.isCancelled { return [] }
            state.waiting.append(contentsOf: jobs)
            var starting: [(Int, ClaimedJob)] = []
            while state.runners.count < concurrency, let job = state.next() {
                state.nextRunner += 1
                state.runners[state.nextRunner] = Runner(job: job, task: nil)
                starting.append((state.nextRunner, job))
            }
            return starting
        }
        for (number, job) in starting { start(number, job) }
    }

    /// Gives back what nobody has begun, so that another worker can.
    func handBackWaiting() {
        state.withLock { state in
            while let job = state.next() {
                state.outcomes[job.queueIndex].append(
                    Settlement(
                        id: job.id, type: job.record.type, kind: .handedBack, milliseconds: 0, retainMilliseconds: nil))
            }
        }
        bell.ring()
    }

    /// Cancels every handler and forgets what waits.
    func cancelAll() {
        let tasks = state.withLock { state in
            state.isCancelled = true
            state.waiting.removeAll()
            state.head = 0
            return state.runners.values.compactMap(\.task)
        }
        for task in tasks { task.cancel() }
    }

    /// A runner is no child of the claim loop: it must outlive it while a stopping worker finishes.
    private func start(_ number: Int, _ job: ClaimedJob) {
        let task = Task { await self.work(number, job) }
        let isCancelled = state.withLock { state in
            state.runners[number]?.task = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    private func work(_ number: Int, _ first: ClaimedJob) async {
        var job = first
        while true {
            let settlement = await runner.run(job)
            guard let next = finish(number, job, settlement) else { return }
            job = next
        }
    }

    private func finish(_ number: Int, _ job: ClaimedJob, _ settlement: Settlement?) -> ClaimedJob? {
        let next = state.withLock { state -> ClaimedJob? in
            if let settlement { state.outcomes[job.queueIndex].append(settlement) }
            state.finished += 1
            if !state.isCancelled, let next = state.next() {
                state.runners[number]?.job = next
                state.runners[number]?.since = .now
                return next
            }
            state.runners[number] = nil
            return nil
        }
        bell.ring()
        return next
    }
}
