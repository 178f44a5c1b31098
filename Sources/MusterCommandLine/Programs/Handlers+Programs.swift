public import MusterKit

extension Handlers {
    /// Registers the programs of a handlers file.
    /// - Parameters:
    ///   - programs: job type to entry, as the file says.
    ///   - build: the worker's build, which each program is told.
    public mutating func register(programs: [String: HandlerEntry], build: BuildStamp) {
        for (type, entry) in programs {
            let program = ProgramHandler(entry: entry, build: "\(build)")
            register(type: type) { context in
                try await run(program, context)
            }
        }
    }
}

/// Runs the program and passes its progress on in order, one after the other.
private func run(_ program: ProgramHandler, _ context: JobContext) async throws -> [UInt8]? {
    let (lines, progress) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1))
    async let told: Void = {
        for await line in lines { await context.report(progress: line) }
    }()
    let outcome = await program.run(
        payload: Array(context.payload), jobID: context.id, type: context.type, attempt: context.attempt,
        progress: { progress.yield($0) })
    progress.finish()
    await told
    switch outcome {
    case .succeeded(let result): return result.isEmpty ? nil : result
    case .later: throw JobLater()
    case .failed(let message): throw ProgramFailure(description: message)
    case .timedOut(let bound): throw ProgramFailure(description: "timed out after \(bound.wholeMilliseconds) ms")
    case .cancelled: throw CancellationError()
    }
}

struct ProgramFailure: Error, CustomStringConvertible {
    let description: String
}
