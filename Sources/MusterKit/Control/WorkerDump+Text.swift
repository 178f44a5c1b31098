extension WorkerDump: CustomStringConvertible {
    /// For people: a line a job, and each thread with its frames.
    public var description: String {
        var lines = ["\(session): \(state), \(running) running"]
        for job in jobs {
            var line = "  job \(job.id) \(job.type) in \(job.queue), for \(job.runningMs) ms"
            if job.isStuck { line += ", STUCK beyond its time" }
            if let progress = job.progress { line += ", said \(job.progressAgeMs ?? 0) ms ago: \(progress.shown)" }
            lines.append(line)
        }
        if running > jobs.count { lines.append("  and \(running - jobs.count) more jobs") }
        if let stacksMissing { lines.append("  stacks: \(stacksMissing)") }
        for thread in threads {
            let more = thread.alike.isEmpty ? "" : " and \(thread.alike.count) more at the same place"
            lines.append("  thread \(thread.thread) \(thread.name.shown) (\(thread.state))\(more)")
            if let missing = thread.missing { lines.append("    \(missing)") }
            lines += thread.frames.map { "    \($0.shown(atMost: 320))" }
        }
        let listed = threads.reduce(0) { $0 + 1 + $1.alike.count }
        if threadCount > listed { lines.append("  and \(threadCount - listed) more threads") }
        if isShortened { lines.append("  outer frames or threads were left out: more than 64 KiB") }
        return lines.joined(separator: "\n")
    }
}
