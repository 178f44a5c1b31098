import Foundation
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// A session that lost its lease settles nothing; its worker begins another one.
@Suite(.serialized, .timeLimit(.minutes(1))) struct LeaseTests {
    @Test func aSessionThatVanishesIsFollowedByAnotherThatRunsItsJobs() async throws {
        try await withGround { ground in
            let witness = Witness()
            let late = Gate()
            let stubborn = Gate()
            try await ground.enqueue(["j"])
            // The first run outlives its own cancellation, as a handler that blocks does.
            let worker = try ground.worker(
                lease: .seconds(6),
                handlers: [
                    "t": witness.handler { _ in
                        guard witness.count == 1 else {
                            try await late.pass()
                            return nil
                        }
                        try await Task { try await stubborn.pass() }.value
                        return nil
                    }
                ])
            try await withWorker(worker) {
                #expect(try await eventually { witness.count == 1 })
                let first = try #require(witness.runs.first).session
                try await ground.ask("ZREM", ground.keys.sessions, first.id)
                #expect(try await eventually { witness.count == 2 })
                let second = try #require(witness.runs.last).session
                #expect(second != first)
                stubborn.open()
                #expect(try await ground.places(of: "j") == ["held:\(second)"])
                late.open()
                try await ground.wait(for: "j", toBe: .succeeded)
            }
            #expect(witness.runs.map(\.attempt) == [1, 1], "a lost lease is no failure")
            let attempts = try await ground.report(on: "j").attempts
            #expect(attempts.map(\.outcome) == ["lost", "succeeded"], "and no crash where the process lives")
            #expect(attempts.map(\.session) == witness.runs.map(\.session.id))
            #expect(try await ground.meta("succeeded") == "1")
        }
    }

    /// Freezes the server until the gate opens.
    func frozen(_ ground: Ground, until gate: Gate) async throws -> Bool {
        ground.redis.freeze()
        defer { ground.redis.thaw() }
        return try await eventually { gate.isOpen }
    }

    @Test func whenRedisCannotBeHeardTheHandlersAreCancelledBeforeTheLeaseEnds() async throws {
        try await withGround { ground in
            let witness = Witness()
            let never = Gate()
            let cancelled = Gate()
            try await ground.enqueue(["j"])
            let worker = try ground.worker(
                lease: .seconds(3),
                handlers: [
                    "t": witness.handler { _ in
                        if witness.count > 1 { return nil }
                        do { try await never.pass() } catch {
                            cancelled.open()
                            throw error
                        }
                        return nil
                    }
                ])
            try await withWorker(worker) {
                #expect(try await eventually { witness.count == 1 })
                #expect(try await frozen(ground, until: cancelled))
                try await ground.wait(for: "j", toBe: .succeeded)
            }
            #expect(witness.runs.map(\.attempt) == [1, 1])
            #expect(Set(witness.runs.map(\.session)).count == 2)
        }
    }

    /// In a process of its own: it takes every thread that other tests' tasks would run on.
    @Test func handlersThatBlockEveryThreadDoNotLoseTheLease() async throws {
        await #expect(processExitsWith: .success) {
            try await withGround { ground in
                let lease = Duration.seconds(5)
                let witness = Witness()
                let isOver = Gate()
                let blockers = ProcessInfo.processInfo.activeProcessorCount * 2
                try await ground.enqueue(ids(blockers))
                let worker = try ground.worker(
                    concurrency: blockers, lease: lease,
                    handlers: [
                        "t": witness.handler { _ in
                            // The poll interval; the watch has the deadline.
                            while !isOver.isOpen { usleep(2000) }
                            return nil
                        }
                    ])
                // Nothing of Swift's concurrency may be needed to see it: a thread of our own asks how much is left.
                let watch = LeaseWatch(ground)
                watch.start(for: lease + .seconds(1)) { isOver.open() }
                try await withWorker(worker) { try await ground.waitUntilDone() }
                #expect(watch.samples > 20)
                #expect(watch.least > 0, "the lease was over for \(-watch.least) ms")
                #expect(witness.count == blockers)
                #expect(Set(witness.runs.map(\.session)).count == 1)
            }
        }
    }

    @Test func whatALostAnswerLeftWithASessionIsHandedBackAndRun() async throws {
        try await withGround { ground in
            try await withWorker(ground.worker(lease: .seconds(3), handlers: ["t": { _ in nil }])) {
                var session: String?
                try await #expect(
                    eventually {
                        session = try await ground.ask("ZRANGE", ground.keys.sessions, "0", "-1").array?.first?.text
                        return session != nil
                    })
                // A claim that ran, and whose answer nobody heard.
                try await ground.enqueue(["ghost"], when: .after(.seconds(600)))
                try await ground.ask("ZREM", ground.keys.scheduled, "ghost")
                try await ground.ask("SADD", ground.keys.held(#require(session)), "ghost")
                try await ground.wait(for: "ghost", toBe: .succeeded)
            }
        }
    }
}
