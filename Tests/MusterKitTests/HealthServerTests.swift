import Foundation
import MusterLaunch
import MusterTestKit
import Testing

@testable import MusterKit

/// What a worker of this process says over HTTP and to a service manager.
@Suite(.timeLimit(.minutes(1))) struct HealthServerTests {
    private func get(_ server: HealthServer, _ path: String, _ more: String...) async throws -> Page {
        try await Page.get("http://127.0.0.1:\(server.port)\(path)", more)
    }

    @Test func aWorkerIsReadyWhenItHasClaimedAndNotWhenItIsQuiet() async throws {
        try await withGround { ground in
            let worker = try ground.worker(handlers: ["t": { _ in nil }])
            let server = try HealthServer(worker: worker, port: 0)
            server.start()
            defer { server.close() }
            let before = try await get(server, "/readyz")
            #expect(before.status == 503)
            #expect(try before.text("why") == "it has no session in Redis")
            #expect(try await get(server, "/livez").status == 200)
            try await withWorker(worker) {
                try await #expect(eventually { try await get(server, "/readyz?x=1").status == 200 })
                let page = try await get(server, "/readyz")
                #expect(try page.json()["freePlaces"] as? Int == 10)
                #expect(page.headers["cache-control"] == "no-store")
                worker.quiet()
                #expect(try await get(server, "/readyz").text("why") == "it was told to be quiet")
                #expect(try await get(server, "/livez").status == 200)
                worker.resume()
                try await #expect(eventually { try await get(server, "/readyz").status == 200 })
            }
            #expect(try await get(server, "/readyz").text("why") == "it is stopping")
            #expect(try await get(server, "/metrics").status == 404, "nobody measures")
        }
    }

    @Test func aWedgedWorkerIsNotAliveAndPetsNoWatchdog() async throws {
        try await withGround { ground in
            let worker = try ground.worker(lease: .seconds(1), handlers: ["t": { _ in nil }])
            let server = try HealthServer(worker: worker, port: 0)
            server.start()
            defer { server.close() }
            let manager = try Manager()
            let notifier = try #require(
                ServiceNotifier(
                    worker: worker,
                    environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "200000"]))
            notifier.start()
            defer { notifier.end() }
            try await withWorker(worker) {
                try await #expect(eventually { try await get(server, "/readyz").status == 200 })
                try await #expect(eventually { manager.count("WATCHDOG=1") > 2 })
                // Claims fail from now on, and heartbeats, which read another key, do not.
                try await ground.ask("DEL", ground.keys.calls)
                try await ground.ask("SET", ground.keys.calls, "x")
                var page: Page?
                try await #expect(
                    eventually {
                        page = try await get(server, "/livez")
                        return try page?.status == 503 && page?.text("why")?.hasPrefix("wedged: ") == true
                    }, "\(page?.body ?? "")")
                try await #expect(eventually { manager.said.last?.contains("STATUS=not alive") == true })
                let petted = manager.count("WATCHDOG=1")
                try await ground.ask("DEL", ground.keys.calls)
                try await #expect(eventually { try await get(server, "/readyz").status == 200 }, "it heals by itself")
                try await #expect(eventually { manager.count("WATCHDOG=1") > petted })
                #expect(manager.pettedWhile("STATUS=not alive") == 0, "\(manager.said)")
            }
            try await #expect(eventually { manager.count("STOPPING=1") == 1 })
            #expect(manager.count("READY=1") == 1)
        }
    }

    @Test(arguments: [
        ("nonsense\r\n\r\n", 400), ("GET / FTP/1\r\n\r\n", 400), ("POST /livez HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("GET /other HTTP/1.1\r\n\r\n", 404), (String(repeating: "a", count: 5000), 431),
        ("GET  /livez HTTP/1.1\r\n\r\n", 400), ("GET http://x/livez HTTP/1.1\r\n\r\n", 400),
    ]) func whatIsNoQuestionGetsAShortAnswer(_ request: String, _ status: Int) {
        let answer = SmallServer.reply(to: Array(request.utf8)) { path in
            SmallAnswer(path == "/livez" ? 200 : 404, "")
        }
        #expect(answer.map { String(decoding: $0.bytes, as: UTF8.self).hasPrefix("HTTP/1.1 \(status) ") } == true)
    }

    @Test func halfAQuestionGetsNone() {
        #expect(SmallServer.reply(to: Array("GET /livez HTTP/1.1\r\n".utf8)) { _ in SmallAnswer(200, "") } == nil)
    }

    @Test func whoSaysNothingKeepsNobodyOut() async throws {
        try await withGround { ground in
            let server = try HealthServer(worker: ground.worker(handlers: ["t": { _ in nil }]), port: 0)
            server.start()
            defer { server.close() }
            let silent = (0..<40).compactMap { _ in TestSocket.connected(to: server.port) }
            #expect(silent.count == 40)
            #expect(try await get(server, "/livez").status == 200)
            for socket in silent { socket.close() }
        }
    }

    @Test func anAddressThatIsTakenIsAnErrorThatSaysSo() async throws {
        try await withGround { ground in
            let worker = try ground.worker(handlers: ["t": { _ in nil }])
            let first = try HealthServer(worker: worker, port: 0)
            let error = #expect(throws: MusterError.self) { try HealthServer(worker: worker, port: first.port) }
            #expect(error?.message.contains("cannot listen on 127.0.0.1, port \(first.port)") == true)
        }
    }

    @Test(arguments: ["", "relative", "@", "/" + String(repeating: "a", count: 120)])
    func whatIsNoSocketsNameIsNotListenedTo(_ name: String) throws {
        #expect(NotifySocket(name) == nil)
    }

    @Test func aWatchdogOfAnotherProcessIsNotPetted() async throws {
        try await withGround { ground in
            let worker = try ground.worker(handlers: ["t": { _ in nil }])
            let manager = try Manager(isAbstract: false)
            defer { manager.remove() }
            let notifier = try #require(
                ServiceNotifier(
                    worker: worker,
                    environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"]))
            notifier.start()
            defer { notifier.end() }
            try await withWorker(worker) {
                try await #expect(eventually { manager.count("READY=1") == 1 })
            }
            try await #expect(eventually { manager.count("STOPPING=1") == 1 })
            #expect(manager.count("WATCHDOG=1") == 0)
        }
    }

    @Test func whatNobodyHeardIsSaidAgainSoon() async throws {
        try await withGround { ground in
            let name = "@muster-test-\(UUID())"
            let worker = try ground.worker(handlers: ["t": { _ in nil }])
            let notifier = try #require(
                ServiceNotifier(
                    worker: worker, environment: ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "7200000000"]))
            notifier.start()
            defer { notifier.end() }
            try await withWorker(worker) {
                try await #expect(eventually { worker.health.isReady })
                let manager = try Manager(named: name)
                try await #expect(eventually { manager.count("READY=1") == 1 })
                try await #expect(eventually { manager.count("WATCHDOG=1") == 1 })
            }
        }
    }

    @Test func aWorkerThatMustWaitAsksForTimeUntilItIsReady() async throws {
        try await withGround { ground in
            let manager = try Manager()
            let worker = try ground.worker(lease: .seconds(2), handlers: ["t": { _ in nil }])
            let notifier = try #require(
                ServiceNotifier(worker: worker, environment: ["NOTIFY_SOCKET": manager.name]))
            notifier.start()
            defer { notifier.end() }
            let more = "EXTEND_TIMEOUT_USEC=30000000"
            try await #expect(eventually { manager.count(more) > 2 }, "it has not even begun")
            try await withWorker(worker) {
                try await #expect(eventually { manager.count("READY=1") == 1 })
            }
            try await #expect(eventually { manager.count("STOPPING=1") == 1 })
            let said = manager.said
            let ready = try #require(said.firstIndex(of: "READY=1"))
            #expect(!said[ready...].contains(more), "\(said)")
        }
    }
}
