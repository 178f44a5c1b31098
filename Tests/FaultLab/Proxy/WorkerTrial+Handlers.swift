@testable import MusterKit

/// What runs in a trial's workers.
extension WorkerTrial {
    /// The operation's own handler, and those who act while it runs.
    var handler: Handlers.Raw {
        let (operation, canceller, contender) = (operation, canceller, contender)
        let remarks = remarks
        return { context in
            if context.id == Self.job, let contender {
                // Not a part of the job: what others do goes on when it is cancelled.
                try await Task { try await contender.whileRunning(context.id) }.value
            }
            if let batch = context.record.batch, batch.succeeded != batch.total {
                remarks.note("the callback runs when \(batch.succeeded) of \(batch.total) are done")
            }
            if context.id == Self.job, let canceller {
                try await canceller.runJob()
                return nil
            }
            return try await operation.handler(context)
        }
    }

    /// The handler, with its runs counted.
    func watched(_ handler: @escaping Handlers.Raw, countsOverlap: Bool) -> Handlers.Raw {
        let witness = witness
        return { context in
            if countsOverlap { witness.began() }
            defer { if countsOverlap { witness.left() } }
            do {
                let result = try await handler(context)
                witness.ended(context.id)
                return result
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                witness.ended(context.id)
                throw error
            }
        }
    }
}
