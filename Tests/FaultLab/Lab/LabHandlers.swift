import FaultHistory
import FaultKit
import Foundation
import MusterKit

/// What the lab's jobs do. Each run is written down before it does anything, and again before its outcome is
/// handed to the worker.
struct LabHandlers: Sendable {
    let journal: Journal
    let death: DeathPoint?

    private struct Payload: Decodable { var ms: Int }
    private struct FirstAttempt: Error {}

    var handlers: Handlers {
        var handlers = Handlers()
        for kind in JobKind.allCases {
            handlers.register(type: kind.rawValue) { context in
                try await run(kind, context)
                return nil
            }
        }
        return handlers
    }

    private func run(_ kind: JobKind, _ context: JobContext) async throws {
        let length = try JSONDecoder().decode(Payload.self, from: Data(context.payload)).ms
        death?.pass(.begin, journal)
        note(.began, kind, context)
        do {
            death?.pass(.middle, journal)
            try await work(kind, context, milliseconds: length)
            note(.ended, kind, context, "succeeded")
            death?.pass(.end, journal)
        } catch {
            note(.ended, kind, context, Task.isCancelled ? "cancelled" : "failed")
            death?.pass(.end, journal)
            throw error
        }
    }

    private func work(_ kind: JobKind, _ context: JobContext, milliseconds: Int) async throws {
        switch kind {
        case .quick: break
        // The job's own length, here and below.
        case .sleep: try await Task.sleep(for: .milliseconds(milliseconds))
        case .failOnce:
            if context.attempt == 1 { throw FirstAttempt() }
        case .crash:
            try await Task.sleep(for: .milliseconds(milliseconds))
            note(.ended, kind, context, "trapping")
            let nothing: [Int] = []
            print(nothing[milliseconds])
        case .block: block(milliseconds)
        case .spin:
            let end = ContinuousClock.now + .milliseconds(milliseconds)
            while ContinuousClock.now < end {}
        }
    }

    // Blocking is the point: the thread is one of the few that all tasks share.
    private func block(_ milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }

    private func note(_ what: Event.Kind, _ kind: JobKind, _ context: JobContext, _ outcome: String? = nil) {
        journal.write(what) { event in
            (event.job, event.type, event.queue) = (context.id, kind.rawValue, context.queue)
            (event.attempt, event.session, event.build) = (context.attempt, context.session.id, "\(context.build)")
            (event.outcome, event.about) = (outcome, Int(getpid()))
        }
    }
}
