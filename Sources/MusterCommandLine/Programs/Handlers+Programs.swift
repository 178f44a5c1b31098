public import MusterKit

extension Handlers {
    /// Registers the programs of a handlers file.
    /// - Parameters:
    ///   - programs: job type to entry, as the file says.
    ///   - build: the worker's build, which each program is told.
    public mutating func register(programs: [String: HandlerEntry], build: BuildStamp) {
        for (type, entry) in programs {
            let program = ProgramHandler(entry: entry, build: "\(build)")
            let first = entry.backoff ?? .seconds(1)
            let retry = RetryPolicy(retries: entry.retries ?? 25) { attempt, _ in
                Backoff.exponential(attempt, from: first)
            }
            register(type: type, retry: retry, requirement: entry.requirement, schema: entry.schema) { context in
                try await run(program, context)
            }
        }
    }
}

/// Runs the program and passes on what it says of itself, in order, one after the other: a line that begins with
/// `checkpoint ` is one, any other is progress. Of several that wait to be passed on the newest of each kind counts.
private func run(_ program: ProgramHandler, _ context: JobContext) async throws -> [UInt8]? {
    let (lines, progress) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1))
    let (saved, checkpoints) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1))
    async let told: Void = {
        for await line in lines { await context.report(progress: line) }
    }()
    async let kept: Void = {
        for await text in saved { try? await context.save(checkpoint: Array(text.utf8)) }
    }()
    let outcome = await program.run(
        payload: Array(context.payload), jobID: context.id, type: context.type, attempt: context.attempt,
        facts: facts(context),
        progress: { line in
            let word = "checkpoint "
            if line.hasPrefix(word) {
                checkpoints.yield(String(line.dropFirst(word.count)))
            } else {
                progress.yield(line)
            }
        })
    progress.finish()
    checkpoints.finish()
    await told
    await kept
    switch outcome {
    case .succeeded(let result): return result.isEmpty ? nil : result
    case .later: throw JobLater()
    case .failed(let message): throw ProgramFailure(description: message)
    case .timedOut(let bound): throw ProgramFailure(description: "timed out after \(bound.wholeMilliseconds) ms")
    case .cancelled: throw CancellationError()
    }
}

/// What only some jobs have: how far an earlier run was, which batch called back.
private func facts(_ context: JobContext) -> [String: String] {
    var facts: [String: String] = [:]
    if let checkpoint = context.checkpoint { facts["MUSTER_CHECKPOINT"] = String(decoding: checkpoint, as: UTF8.self) }
    if let batch = context.record.batch {
        facts["MUSTER_BATCH"] = batch.id
        facts["MUSTER_BATCH_TOTAL"] = String(batch.total)
        facts["MUSTER_BATCH_SUCCEEDED"] = String(batch.succeeded)
    }
    return facts
}

struct ProgramFailure: Error, CustomStringConvertible {
    let description: String
}
