import MusterLaunch
import Synchronization

/// The jobs that a session holds: waiting, running, and finished but not yet settled.
///
/// 1. Up to `concurrency` runner tasks exist; each runs a job, leaves its outcome, and takes the next job
///    that waits. It ends when none waits, so an idle worker has no tasks.
/// 2. What waits is claimed ahead only as far as the measured rate of completion uses it up in two round
///    trips: short jobs never wait for the network, long ones never wait behind each other here.
/// 3. A runner whose handler goes on beyond its time, and beyond the grace after that, is stuck: its job stays held,
///    so nobody else runs it meanwhile, and another runner takes its place. At most `concurrency` are replaced.
/// 4. No job begins after the time for which the lease is known to hold: a process that was paused, and goes on, would
///    begin jobs that others have by now.
/// 5. A job that one more crash would bury runs alone in the process, whatever queue it came from: it waits until all
///    others are done, and nothing is wanted meanwhile.
/// 6. When the session ends, outcomes and waiting jobs are dropped: Redis gives those jobs to others.
final class JobPool: Sendable {
    private struct Runner {
        var job: ClaimedJob
        var since = ContinuousClock.now
        var task: Task<Void, Never>?
        /// Somebody asked to cancel this job; the runner ends with it.
        var isCancelled = false
    }

    private struct State {
        var waiting: [ClaimedJob] = []
        var head = 0
        /// Each of these is to run alone.
        var suspects: [ClaimedJob] = []
        var suspectRunner: Int?
        var runners: [Int: Runner] = [:]
        /// Runners that ignore that their time is over; others have taken their places.
        var stuck: [Int: Runner] = [:]
        var nextRunner = 0
        var outcomes: [[Settlement]]
        var finished = 0
        var succeeded = 0
        var isCancelled = false
        var ahead = 0
        /// Nil for no bound.
        var mayBeginUntil: ContinuousClock.Instant?

        var mayBegin: Bool { mayBeginUntil.map { .now < $0 } ?? true }

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

    var runningCount: Int { state.withLock { $0.runners.count + $0.stuck.count } }

    /// Jobs claimed ahead, or kept until they can run alone.
    var waitingCount: Int { state.withLock { $0.waitingCount + $0.suspects.count } }

    /// Jobs that ran to success here, so far.
    var succeededCount: Int { state.withLock { $0.succeeded } }

    var stuckCount: Int { state.withLock { $0.stuck.count } }

    /// What runs now, and for how long; the first `bound` of it.
    func running(bound: Int) -> [(id: String, age: Duration)] {
        state.withLock { state in
            (Array(state.stuck.values) + state.runners.values).prefix(bound).map { ($0.job.id, .now - $0.since) }
        }
    }

    /// What runs now, as a dump shows it, the longest first; the first `bound` of it.
    func runningJobs(bound: Int) -> [WorkerDump.Job] {
        let jobs = state.withLock { state in
            state.stuck.values.map { (job: $0.job, since: $0.since, isStuck: true) }
                + state.runners.values.map { (job: $0.job, since: $0.since, isStuck: false) }
        }
        return jobs.sorted { $0.since < $1.since }.prefix(bound).map { run in
            let note = runner.progress.notes.last(of: run.job.id)
            return WorkerDump.Job(
                id: run.job.id, type: run.job.record.type, queue: run.job.queue,
                runningMs: (.now - run.since).wholeMilliseconds, isStuck: run.isStuck, progress: note?.text,
                progressAgeMs: note.map { (.now - $0.at).wholeMilliseconds })
        }
    }

    var isEmpty: Bool {
        state.withLock {
            $0.runners.isEmpty && $0.stuck.isEmpty && $0.suspects.isEmpty && $0.waitingCount == 0
                && $0.outcomes.allSatisfy(\.isEmpty)
        }
    }

    var hasOutcomes: Bool { state.withLock { !$0.outcomes.allSatisfy(\.isEmpty) } }

    /// Ids of everything held, so far as this process knows.
    var heldIDs: [String] {
        state.withLock { state in
            state.waiting[state.head...].map(\.id) + state.runners.values.map(\.job.id)
                + state.stuck.values.map(\.job.id) + state.suspects.map(\.id)
                + state.outcomes.flatMap { $0.map(\.id) }
        }
    }

    /// How many more jobs it could use now.
    var want: Int {
        state.withLock { state in
            if state.isCancelled || state.suspectRunner != nil || !state.suspects.isEmpty { return 0 }
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
            for job in jobs {
                if job.record.isSuspect { state.suspects.append(job) } else { state.waiting.append(job) }
            }
            return fill(&state)
        }
        for (number, job) in starting { start(number, job) }
    }

    /// The lease holds until then, for all that is known.
    func mayBegin(until end: ContinuousClock.Instant) {
        let starting = state.withLock { state -> [(Int, ClaimedJob)] in
            state.mayBeginUntil = max(end, state.mayBeginUntil ?? end)
            return state.isCancelled ? [] : fill(&state)
        }
        for (number, job) in starting { start(number, job) }
    }

    /// Gives free places to what waits.
    private func fill(_ state: inout State) -> [(Int, ClaimedJob)] {
        var starting: [(Int, ClaimedJob)] = []
        guard state.suspectRunner == nil, state.mayBegin else { return [] }
        if state.waitingCount == 0, state.runners.isEmpty, !state.suspects.isEmpty,
            state.outcomes.allSatisfy(\.isEmpty)
        {
            state.nextRunner += 1
            let job = state.suspects.removeFirst()
            state.runners[state.nextRunner] = Runner(job: job, task: nil)
            state.suspectRunner = state.nextRunner
            return [(state.nextRunner, job)]
        }
        while state.runners.count < concurrency, let job = state.next() {
            state.nextRunner += 1
            state.runners[state.nextRunner] = Runner(job: job, task: nil)
            starting.append((state.nextRunner, job))
        }
        return starting
    }

    /// Cancels one job, running or waiting, that somebody asked to end. One that is not here is left to Redis.
    func cancel(_ id: String) {
        let task = state.withLock { state -> Task<Void, Never>? in
            if let index = state.suspects.firstIndex(where: { $0.id == id }) {
                state.waiting.append(state.suspects.remove(at: index))
            }
            if let index = state.waiting[state.head...].firstIndex(where: { $0.id == id }) {
                let job = state.waiting.remove(at: index)
                state.outcomes[job.queueIndex].append(
                    Settlement(
                        id: id, type: job.record.type, kind: .cancelled, milliseconds: 0, retainMilliseconds: nil))
                return nil
            }
            for (number, runner) in state.runners where runner.job.id == id {
                state.runners[number]?.isCancelled = true
                return runner.task
            }
            for (number, runner) in state.stuck where runner.job.id == id {
                state.stuck[number]?.isCancelled = true
                return runner.task
            }
            return nil
        }
        cancel([task].compactMap(\.self))
        bell.ring()
    }

    private func becomeStuck(_ number: Int) {
        let starting = state.withLock { state -> [(Int, ClaimedJob)] in
            guard state.stuck.count < concurrency, !state.isCancelled,
                let runner = state.runners.removeValue(forKey: number)
            else { return [] }
            state.stuck[number] = runner
            if state.suspectRunner == number { state.suspectRunner = nil }
            return fill(&state)
        }
        for (number, job) in starting { start(number, job) }
        bell.ring()
    }

    /// Begins what was to wait until everything else is settled.
    func beginSuspect() {
        let starting = state.withLock { state in
            state.suspects.isEmpty || state.isCancelled ? [] : fill(&state)
        }
        for (number, job) in starting { start(number, job) }
    }

    /// Gives back what nobody has begun, so that another worker can.
    func handBackWaiting() {
        state.withLock { state in
            state.waiting.append(contentsOf: state.suspects)
            state.suspects.removeAll()
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
            state.suspects.removeAll()
            state.head = 0
            return state.runners.values.compactMap(\.task) + state.stuck.values.compactMap(\.task)
        }
        cancel(tasks)
    }

    /// What a handler does when it is cancelled is its own code, and runs on the thread that cancels: not on one that keeps
    /// the session alive, or its stop to its bounds.
    private func cancel(_ tasks: [Task<Void, Never>]) {
        if tasks.isEmpty { return }
        DedicatedThread.start { for task in tasks { task.cancel() } }
    }

    /// A runner is no child of the claim loop: it must outlive it while a stopping worker finishes.
    private func start(_ number: Int, _ job: ClaimedJob) {
        let task = Task { await self.work(number, job) }
        let isCancelled = state.withLock { state in
            state.runners[number]?.task = task
            return state.isCancelled || state.runners[number]?.isCancelled ?? false
        }
        if isCancelled { task.cancel() }
    }

    private func work(_ number: Int, _ first: ClaimedJob) async {
        var next = begun(number, first)
        while let job = next {
            let settlement = await runner.run(job) { self.becomeStuck(number) }
            next = finish(number, job, settlement)
        }
    }

    /// A runner's thread may come long after its place: handlers that block can have every thread meanwhile, and the
    /// lease may have ended, or the job been cancelled.
    /// - Returns: what to run: the job, or what waits behind one that is not to be run any more.
    private func begun(_ number: Int, _ job: ClaimedJob) -> ClaimedJob? {
        let mustEnd = state.withLock { state -> Bool? in
            if state.isCancelled || state.runners[number]?.isCancelled ?? true { return true }
            if state.mayBegin {
                state.runners[number]?.since = .now
                return false
            }
            state.runners[number] = nil
            if state.suspectRunner == number {
                state.suspectRunner = nil
                state.suspects.insert(job, at: 0)
            } else {
                state.waiting.insert(job, at: state.head)
            }
            return nil
        }
        return mustEnd.flatMap { $0 ? finish(number, job, nil) : job }
    }

    private func finish(_ number: Int, _ job: ClaimedJob, _ settlement: Settlement?) -> ClaimedJob? {
        let (next, starting) = state.withLock { state -> (ClaimedJob?, [(Int, ClaimedJob)]) in
            let isStuck = state.stuck.removeValue(forKey: number)
            if state.suspectRunner == number { state.suspectRunner = nil }
            let isCancelled = (isStuck ?? state.runners[number])?.isCancelled ?? false
            if let settlement {
                if case .succeeded = settlement.kind { state.succeeded += 1 }
                state.outcomes[job.queueIndex].append(settlement)
            } else if isCancelled, !state.isCancelled {
                state.outcomes[job.queueIndex].append(
                    Settlement(
                        id: job.id, type: job.record.type, kind: .cancelled, milliseconds: 0, retainMilliseconds: nil))
            }
            state.finished += 1
            if isStuck == nil, !isCancelled, !state.isCancelled, state.waitingCount > 0, state.mayBegin,
                let next = state.next()
            {
                state.runners[number]?.job = next
                state.runners[number]?.since = .now
                return (next, [])
            }
            state.runners[number] = nil
            return (nil, state.isCancelled ? [] : fill(&state))
        }
        for (number, job) in starting { start(number, job) }
        bell.ring()
        return next
    }
}
