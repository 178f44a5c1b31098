import Foundation
import Logging
import MusterLaunch
import MusterRedis
import MusterStamp
import Synchronization

/// What runs here, and what would run if this worker were started again.
extension WorkerSession {
    /// Looks what lies on disk, as long as the session lasts.
    func watchDisk() async throws {
        let look = worker.options.buildOnDisk
        let program = worker.program
        while true {
            // Git or a slow disk may take its time: no thread that handlers run on waits for it.
            let (found, state) = await DedicatedThread.run { (look?(), program.state()) }
            let (isNews, hasMoved) = seen.withLock { seen in
                defer { (seen.onDisk, seen.program) = (found, state) }
                return (seen.onDisk != found, seen.program != state)
            }
            if hasMoved, state != .same {
                logger.notice("this worker's program is another on disk", metadata: ["program": "\(state.rawValue)"])
                seen.withLock { $0.onNews }?()
            }
            if isNews, let found, found != worker.build {
                logger.notice("another build lies on disk", metadata: ["onDisk": "\(found)"])
                seen.withLock { $0.onNews }?()
            }
            if hasNewerOnDisk {
                if worker.options.restartsOnDeploy, let found { end(.deployed(found)) }
                bell.ring()
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 2000...4000)))
        }
    }

    var hasNewerOnDisk: Bool {
        seen.withLock { $0.onDisk }.map { $0.sequence > worker.build.sequence } ?? false
    }

    /// A host that comes back with the same stale build again and again has an old image; it waits, longer each time,
    /// and says so in the roll call, before it lets itself be started once more.
    func backOff(_ heartbeat: Heartbeat) async {
        let fleet = FleetStore(client, namespace: worker.server.namespace)
        guard
            let count = try? await fleet.returned(
                host: id.host, build: "\(worker.build)", processAge: .now - worker.began), count > 1
        else { return }
        let most = min(300, 1 << min(count - 2, 10)) * 1000
        let pause = Duration.milliseconds(Int.random(in: most / 2...most))
        logger.warning(
            "this host came back with the same stale build: it needs a deploy, not a restart",
            metadata: ["times": "\(count)", "waitsMs": "\(pause.wholeMilliseconds)"])
        closing.clock.enter(.pause(pause))
        enter(.needsDeploy(times: count), heartbeat)
        let deadline = ContinuousClock.now + pause
        let alarm = Task {
            try await Rest.sleep(for: pause)
            self.bell.ring()
        }
        defer { alarm.cancel() }
        while ContinuousClock.now < deadline, !worker.stopping.isAsked, !hasNewerOnDisk, !isLost,
            !worker.control.isLeaving
        { await bell.wait() }
    }

    private var isLost: Bool { seen.withLock { $0.end == .lost } }

    /// New rules for builds go on to this session's queues; where that fails, the next beat brings them again.
    func hear(_ rules: ReleaseRules) {
        guard rules.number > seen.withLock({ $0.rules }) else { return }
        let queues = queues
        adopt(rules, queues[...])
    }

    private func adopt(_ rules: ReleaseRules, _ rest: ArraySlice<QueueStore>) {
        guard let queue = rest.first else {
            return seen.withLock { $0.rules = max($0.rules, rules.number) }
        }
        queue.adoptLater(rules) { if $0 { self.adopt(rules, rest.dropFirst()) } }
    }
}
