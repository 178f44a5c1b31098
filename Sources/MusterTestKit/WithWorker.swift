package import MusterKit

/// Lets a worker work while `body` runs, then stops it and waits for its end.
package func withWorker(_ worker: Worker, _ body: () async throws -> Void) async throws {
    let running = Task { try await worker.run() }
    do {
        try await body()
    } catch {
        worker.stop()
        worker.stop()
        _ = await running.result
        throw error
    }
    worker.stop()
    try await running.value
}
