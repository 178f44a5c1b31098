import CoreMetrics
import MusterTestKit
import Testing

@testable import MusterKit

/// What a worker measures of itself, and what Redis knows of the fleet.
@Suite(.timeLimit(.minutes(1))) struct WorkerMetricsTests {
    private struct Failure: Error {}

    @Test func aWorkerCountsItsRunsByHowTheyEnd() async throws {
        let metrics = PrometheusMetrics()
        try await withGround { ground in
            try await ground.enqueue(["a", "b"])
            try await ground.enqueue(["c"], type: "fail", retries: 0)
            try await ground.enqueue(["d"], type: "fail", retries: 5)
            try await withMetricsFactory(metrics) {
                var known = Handlers()
                known.register(type: "t") { _ in nil }
                known.register(type: "fail", retry: RetryPolicy { _, _ in .seconds(3600) }) { _ in throw Failure() }
                let worker = try ground.worker(options: WorkerOptions(queues: ["q"], host: "h"), handlers: known)
                try await withWorker(worker) {
                    try await ground.wait(for: "c", toBe: .dead)
                    try await ground.wait(for: "d", toBe: .scheduled)
                    try await ground.wait(for: "b", toBe: .succeeded)
                }
            }
        }
        let lines = Set(metrics.page().split(separator: "\n").map(String.init))
        for line in [
            #"muster_jobs_total{queue="q",type="t",outcome="succeeded",build="5-r5"} 2"#,
            #"muster_jobs_total{queue="q",type="fail",outcome="dead",build="5-r5"} 1"#,
            #"muster_jobs_total{queue="q",type="fail",outcome="failed",build="5-r5"} 1"#,
            #"muster_job_run_seconds_count{queue="q",type="t"} 2"#, "muster_sessions_total 1", "muster_wedges_total 0",
            "muster_worker_places 10", #"muster_lease_renewals_total{answer="lost"} 0"#,
            #"muster_worker_build_info{build="5-r5",host="h",name=""} 1"#,
        ] { #expect(lines.contains(line), "\(line) is not in\n\(metrics.page())") }
        #expect(lines.contains { $0.hasPrefix(#"muster_claims_total{queue="q",answer="jobs"} "#) })
    }

    @Test func aRefusalIsCountedWithItsBuild() async throws {
        let metrics = PrometheusMetrics()
        try await withGround { ground in
            try await ground.enqueue(["new"], build: 9)
            try await withMetricsFactory(metrics) {
                let worker = try ground.worker(build: 5, handlers: ["t": { _ in nil }])
                try await withWorker(worker) {
                    try await #expect(
                        eventually {
                            metrics.page().contains(
                                #"muster_refusals_total{queue="q",build="5-r5",reason="older-build"} "#)
                        })
                }
            }
        }
    }

    @Test func typesThatAStrangerMakesUpAreBounded() throws {
        let metrics = PrometheusMetrics()
        let stamp = try BuildStamp(sequence: 5, revision: "r")
        let made = withMetricsFactory(metrics) {
            WorkerMetrics(build: stamp, concurrency: 1, host: "h", name: nil)
        }
        let own = try #require(made)
        for number in 0..<1000 {
            let record = try #require(JobRecord(Array("v1 at=1 type=t\(number)\n".utf8)))
            own.ran(
                ClaimedJob(id: "x", queue: "q", queueIndex: 0, record: record), .unknownType, took: .zero, waited: nil)
        }
        let lines = metrics.page().split(separator: "\n").filter { $0.hasPrefix("muster_jobs_total{") }
        #expect(lines.count == WorkerMetrics.mostTypes + 1)
        #expect(lines.contains { $0.contains(#"type="other""#) && $0.hasSuffix(" 800") })
    }

    @Test func whoWantsNoMetricsPaysForNone() throws {
        #expect(
            WorkerMetrics(build: try BuildStamp(sequence: 5, revision: "r"), concurrency: 1, host: "h", name: nil)
                == nil)
    }

    @Test func aWaitBeginsWhenTheJobIsDue() async throws {
        try await withGround { ground in
            try await ground.enqueue(["now"])
            try await ground.enqueue(["later"], when: .after(.seconds(3600)))
            func record(_ id: String) async throws -> JobRecord? {
                try await ground.ask("HGET", ground.keys.jobs, id).bytes.flatMap { JobRecord($0) }
            }
            let now = try #require(try await record("now"))
            #expect(now["due"] == nil)
            #expect(now.dueMilliseconds == now.enqueuedAtMilliseconds)
            let later = try #require(try await record("later"))
            #expect(later.dueMilliseconds == later.enqueuedAtMilliseconds + 3_600_000)
        }
    }

    @Test func theFleetsPageSaysWhatABuildMayHave() async throws {
        try await withGround { ground in
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            try await ground.report(
                session(1), claimedAgo: .seconds(1),
                [("state", "running"), ("build", "5-r5"), ("leaseMs", "10000"), ("queues", "q"), ("types", "t")])
            let producer = Producer(server: ground.server, build: try build(9))
            defer { producer.close() }
            try await producer.enqueue(type: "t", payloads: [[], [], []], options: ground.producerOptions)
            var any = ground.producerOptions
            any.requirement = .any
            try await producer.enqueue(type: "t", payload: [], options: any)
            let page = try await inspector.metricsPage()
            for line in [
                "muster_redis_up 1", #"muster_queue_jobs{queue="q",state="ready"} 4"#,
                #"muster_queue_lane_jobs{queue="q",priority="normal",requirement="at-least:9"} 3"#,
                #"muster_queue_claimable_jobs{queue="q",build="9-r9"} 4"#,
                #"muster_queue_claimable_jobs{queue="q",build="5-r5"} 1"#,
                #"muster_queue_stranded_jobs{queue="q"} 3"#,
                #"muster_fleet_workers{build="5-r5",state="running",verdict="behind"} 1"#,
            ] { #expect(page.split(separator: "\n").contains { $0 == line }, "\(line) is not in\n\(page)") }
        }
    }

    @Test func whoHasEndedNeedsNothingMore() async throws {
        try await withGround { ground in
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            let old = [("build", "5-r5"), ("buildOnDisk", "9-r9"), ("leaseMs", "60000")]
            try await ground.report(session(1), old + [("state", "running")])
            try await ground.report(session(2), old + [("state", "stopped")])
            try await ground.report(session(3), old + [("state", "lost")])
            let lines = try await inspector.metricsPage().split(separator: "\n")
                .filter { $0.hasPrefix("muster_fleet_workers{") }
            #expect(
                Set(lines) == [
                    #"muster_fleet_workers{build="5-r5",state="running",verdict="needs-restart"} 1"#,
                    #"muster_fleet_workers{build="5-r5",state="stopped",verdict="ended"} 1"#,
                    #"muster_fleet_workers{build="5-r5",state="lost",verdict="ended"} 1"#,
                ])
        }
    }

    @Test func queuesBeyondTheBusiestAreOneLine() async throws {
        try await withGround { ground in
            let inspector = Inspector(server: ground.server)
            let producer = Producer(server: ground.server, build: try build(9))
            defer {
                inspector.close()
                producer.close()
            }
            let most = Inspector.mostQueues
            for number in 0..<most + 20 {
                var options = ground.producerOptions
                options.queue = "q\(number)"
                let payloads = [[UInt8]](repeating: [], count: number < 20 ? 1 : 2)
                try await producer.enqueue(type: "t", payloads: payloads, options: options)
            }
            let page = try await inspector.metricsPage()
            let lines = page.split(separator: "\n")
            #expect(lines.count { $0.hasPrefix("muster_queue_stranded_jobs{") } == most + 1)
            for line in [
                #"muster_queue_jobs{queue="other",state="ready"} 20"#,
                #"muster_queue_jobs{queue="q20",state="ready"} 2"#,
                #"muster_queue_lane_jobs{queue="other",priority="normal",requirement="at-least:9"} 20"#,
                #"muster_queue_claimable_jobs{queue="other",build="9-r9"} 20"#,
                #"muster_queue_stranded_jobs{queue="other"} 20"#, #"muster_queue_floor_sequence{queue="other"} 0"#,
            ] { #expect(lines.contains { $0 == line }, "\(line) is not in\n\(page)") }
            #expect(!page.contains(#"queue="q1""#))
            #expect(!lines.contains { $0.hasPrefix("muster_queue_failed_total{") && $0.contains("other") })
            #expect(lines.contains { $0 == #"muster_queue_failed_total{queue="q20"} 0"# }, "\(page)")
        }
    }
}
