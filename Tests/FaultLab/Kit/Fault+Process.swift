import FaultHistory
import Foundation
import MusterKit
import MusterLaunch

extension Fault {
    static let process = [killWorker, pauseWorker, stopWorker, trap, blockThreads, spin, starve, fewDescriptors]

    /// SIGKILL; the supervisor starts another.
    public static let killWorker = Fault("kill-worker", endsLeases: false) { lab, blow in
        guard let worker = blow.pick(lab.workers) else { return }
        lab.journal.write(.killed) { $0.about = Int(worker.process) }
        worker.child.send(SIGKILL)
        try await blow.hold()
    }

    /// SIGSTOP for longer than the lease, then SIGCONT: others have its jobs by then.
    public static let pauseWorker = Fault("pause-worker", endsLeases: true) { lab, blow in
        guard let worker = blow.pick(lab.workers) else { return }
        lab.journal.write(.paused) { $0.about = Int(worker.process) }
        worker.child.send(SIGSTOP)
        // The fault's own length.
        try await Task.sleep(for: max(blow.duration, lab.options.lease * 2))
        worker.child.send(SIGCONT)
        lab.journal.write(.resumed) { $0.about = Int(worker.process) }
    }

    /// SIGTERM, as a deploy does it.
    public static let stopWorker = Fault("stop-worker", endsLeases: false) { lab, blow in
        guard let worker = blow.pick(lab.workers) else { return }
        let bound = (lab.options.grace + .seconds(8)).wholeMilliseconds
        lab.journal.write(.stopAsked) { ($0.about, $0.bound) = (Int(worker.process), bound) }
        worker.child.send(SIGTERM)
        try await blow.hold()
    }

    /// A handler traps beside jobs that do no harm.
    public static let trap = Fault("trap", endsLeases: false) { lab, blow in
        await lab.enqueue(.crash, milliseconds: 50)
        try await blow.hold()
    }

    /// More handlers block their threads than there are threads, for longer than the lease.
    public static let blockThreads = Fault("block-threads", endsLeases: false) { lab, blow in
        let length = max(blow.duration, lab.options.lease * 2)
        for _ in 0..<lab.options.workers * lab.options.concurrency {
            await lab.enqueue(.block, milliseconds: length.wholeMilliseconds)
        }
        // The fault's own length: as long as the handlers block.
        try await Task.sleep(for: length)
    }

    /// Handlers that compute and hear no cancellation.
    public static let spin = Fault("spin", endsLeases: false) { lab, blow in
        for _ in 0..<2 { await lab.enqueue(.spin, milliseconds: blow.duration.wholeMilliseconds) }
        try await blow.hold()
    }

    /// A worker gets a fifth of a processor.
    public static let starve = Fault("starve", endsLeases: false, needs: [.cpuQuota]) { lab, blow in
        guard let worker = blow.pick(lab.workers) else { return }
        let quota = try CPUQuota(process: worker.process, percent: 20)
        defer { quota.lift() }
        try await blow.hold()
    }

    /// A worker may open no further descriptor, and loses its connections.
    public static let fewDescriptors = Fault("few-descriptors", endsLeases: true, needs: [.descriptorLimit]) {
        lab, blow in
        guard let worker = blow.pick(lab.workers.filter(\.isConnected)) else { return }
        let process = String(worker.process)
        try await Tool.run("prlimit", "--pid", process, "--nofile=3:")
        _ = try? await lab.redisAsk("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        _ = try? await lab.redisAsk("CLIENT", "KILL", "TYPE", "pubsub")
        try await blow.hold()
        // Where the worker has ended meanwhile there is no limit to lift; its end is noted by who watches it.
        _ = try? await Tool.run("prlimit", "--pid", process, "--nofile=1024:")
    }
}
