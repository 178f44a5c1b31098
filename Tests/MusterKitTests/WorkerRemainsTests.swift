import MusterTestKit
import Testing

@testable import MusterKit

/// A program may run many workers one after the other: tests do, and a worker begins a new session with each lost lease.
@Suite(.timeLimit(.minutes(1))) struct WorkerRemainsTests {
    @Test func aWorkerThatHasEndedLeavesNoDescriptor() async throws {
        await #expect(processExitsWith: .success) {
            try await withGround { ground in
                func once(_ number: Int) async throws {
                    let worker = try ground.worker(handlers: ["t": { _ in nil }])
                    try await withWorker(worker) {
                        try await ground.enqueue(["job.\(number)"])
                        try await ground.wait(for: "job.\(number)", toBe: .succeeded)
                    }
                }
                try await once(0)
                let before = OpenDescriptors()
                for number in 1...10 { try await once(number) }
                try await #expect(
                    eventually { OpenDescriptors().count < before.count + 10 }, "\(OpenDescriptors().since(before))")
            }
        }
    }
}
