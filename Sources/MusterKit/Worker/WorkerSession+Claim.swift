import Logging
import MusterRedis
import Synchronization

extension WorkerSession {
    /// Settles and claims until the session ends.
    func claim() async throws {
        var turn = 0
        var turns = QueueTurns(worker.options.queueOrder, count: queues.count)
        var finished = 0
        var last = ContinuousClock.now
        var audited = last
        while seen.withLock({ $0.end }) == nil {
            await bell.wait()
            if worker.control.isLeaving, pool.isEmpty { worker.stop() }
            if worker.stopping.isAsked {
                end(.stopped)
                return
            }
            let hadNews = seen.withLock { seen in
                defer { seen.hasNews = false }
                return seen.hasNews
            }
            let leavesIdle = leavesIdle()
            var goOn = false
            var mayAsk = hadNews
            // In strict order nobody gets anything while an earlier queue has more.
            var isServed = false
            for index in turns.next() where seen.withLock({ $0.end }) == nil {
                let want = isServed || worker.control.isQuiet ? 0 : pool.want
                // A place that comes free between two queues is the first one's.
                if want == 0, worker.options.queueOrder == .strict { isServed = true }
                let started = ContinuousClock.now
                let outcomes = pool.takeOutcomes(queue: index)
                if outcomes.isEmpty, !leavesIdle, want == 0 || !mayAsk { continue }
                let answer: ClaimAnswer
                do {
                    answer = try await ask(index, want: want, turn: turn, outcomes)
                } catch {
                    try recover(error, queue: index, outcomes)
                    await heal(index, error)
                    continue
                }
                digest(answer, queue: index, want: want)
                pool.beginSuspect()
                let now = ContinuousClock.now
                finished = pool.adjust(finishedSince: finished, in: now - last, roundTrip: now - started)
                last = now
                if want > 0, answer.jobs.count == want || answer.reason == "more" {
                    goOn = true
                    isServed = worker.options.queueOrder == .strict
                }
                if answer.reason == "rate", let pause = Int(answer.needed) { askAgain(in: pause) }
                mayAsk = mayAsk || !answer.jobs.isEmpty
            }
            turn &+= 1
            if goOn { news() }
            if ContinuousClock.now - audited > worker.options.lease {
                audited = .now
                await audit()
            }
        }
    }

    /// Where a rate limit let nothing through: the next one is due sooner than the tick. One alarm at a time; it outlives
    /// this claim, and ends with its sleep.
    private func askAgain(in milliseconds: Int) {
        guard milliseconds < 1000 else { return }
        let isFirst = seen.withLock { seen in
            defer { seen.hasAlarm = true }
            return !seen.hasAlarm
        }
        guard isFirst else { return }
        Task {
            try? await Task.sleep(for: .milliseconds(milliseconds))
            self.seen.withLock { $0.hasAlarm = false }
            self.news()
        }
    }

    /// Settles what is finished and claims nothing.
    /// - Returns: whether Redis took everything.
    func settle() async -> Bool {
        var isDone = true
        for index in queues.indices {
            let outcomes = pool.takeOutcomes(queue: index)
            if outcomes.isEmpty { continue }
            do {
                _ = try await ask(index, want: 0, turn: 0, outcomes)
            } catch {
                pool.putBack(outcomes, queue: index)
                bell.ring()
                isDone = false
            }
        }
        return isDone
    }

    func ask(_ queue: Int, want: Int, turn: Int, _ outcomes: [Settlement]) async throws(MusterError) -> ClaimAnswer {
        try await queues[queue].claim(
            ClaimRequest(
                session: id, build: worker.build, want: want, types: types, turn: turn,
                call: nextCall(), outcomes: outcomes))
    }

    func digest(_ answer: ClaimAnswer, queue: Int, want: Int) {
        if !answer.unsettled.isEmpty {
            noise.log {
                logger.notice(
                    "outcomes of jobs that are not held any more were dropped",
                    metadata: [
                        "jobs": "\(answer.unsettled.count)", "first": "\(answer.unsettled[0])",
                    ])
            }
        }
        let isRefused = answer.reason == "newer-work-waiting" || answer.state == .stale
        metrics?.claimed(queue: queues[queue].keys.queue, answer: answer, wanted: want)
        worker.board.note(error: nil)
        var isFirst = false
        var isBack = false
        let onNews = seen.withLock { seen -> (@Sendable () -> Void)? in
            let before = seen.lastClaim
            if want > 0 || answer.state != .ok {
                seen.lastClaim = answer.word
            }
            seen.claimedAt = .now
            if isRefused { seen.refusals += 1 }
            isFirst = before == "never" || (before == "stale") != (seen.lastClaim == "stale")
            isBack = before == "stale" && seen.lastClaim != before
            let isNews =
                before == "never" || before == "quiet" && seen.lastClaim != before
                || isRefused && before != seen.lastClaim
            return isNews ? seen.onNews : nil
        }
        onNews?()
        if isFirst { worker.board.changed() }
        if isBack { lookNow() }
        switch answer.state {
        case .lost:
            end(.lost)
        case .late:
            break
        case .stale:
            noise.log {
                logger.warning(
                    "Redis refuses this build: it is below the floor", metadata: ["floor": "\(answer.needed)"])
            }
            if endsWhenStale { end(.stale(needs: "at-least:\(answer.needed)")) }
        case .ok:
            if answer.reason == "newer-work-waiting" {
                noise.log {
                    logger.warning(
                        "Redis refuses this build: newer work waits",
                        metadata: [
                            "jobs": "\(answer.newerWaiting)", "needs": "at-least:\(answer.needed)",
                        ])
                }
                if worker.options.onStale != nil, endsWhenStale, pool.isEmpty {
                    end(.stale(needs: "at-least:\(answer.needed)"))
                }
            }
        }
        let name = queues[queue].keys.queue
        var jobs: [ClaimedJob] = []
        jobs.reserveCapacity(answer.jobs.count)
        for (jobID, bytes) in answer.jobs {
            guard let record = JobRecord(bytes) else {
                logger.error("a record is not understood; the job is put with the dead", metadata: ["job": "\(jobID)"])
                pool.putBack(
                    [
                        Settlement(
                            id: jobID, type: "", kind: .dead(error: "the record is not understood by this version"),
                            milliseconds: 0, retainMilliseconds: nil)
                    ], queue: queue)
                bell.ring()
                continue
            }
            jobs.append(
                ClaimedJob(
                    id: jobID, queue: name, queueIndex: queue, record: record, checkpoint: answer.checkpoints[jobID]))
        }
        if !jobs.isEmpty { pool.add(jobs) }
    }

    /// Whether a refusal ends this session now. Nil is the floor's case, and only that.
    private var endsWhenStale: Bool {
        switch worker.options.onStale {
        case .exit, .hook, nil: true
        case .wait: false
        case .exec: hasNewerOnDisk
        }
    }

    /// Keeps the outcomes for the next try. - Throws: what no retry can mend.
    func recover(_ error: MusterError, queue: Int, _ outcomes: [Settlement]) throws {
        pool.putBack(outcomes, queue: queue)
        if error.code != .redis { throw error }
        metrics?.claimFailed(queue: queues[queue].keys.queue, error)
        worker.board.note(error: error)
        noise.log { logger.warning("a claim failed", metadata: ["error": "\(error)"]) }
        if error.redis?.remedy == .rediscover { client.reconnect() }
    }

    /// After a pause, and where an answer was lost: says which jobs it really has, so that Redis takes the
    /// others back from it.
    func heal(_ queue: Int, _ error: MusterError) async {
        var isUnsure = error.outcome == .unknown
        repeat {
            try? await Rest.sleep(for: .milliseconds(Int.random(in: 50...250)))
            guard isUnsure, seen.withLock({ $0.end }) == nil, !worker.stopping.isAsked else { break }
            isUnsure =
                (try? await queues[queue].handBack(session: id.id, keep: pool.heldIDs, leave: false, call: nextCall()))
                == nil
        } while isUnsure
        news()
    }
}
