import Foundation
import MusterLaunch
import MusterTestKit
import Synchronization
import Testing

/// A private Redis and the real executables around it; everything it started is gone when it is.
final class Cluster: Sendable {
    struct Answer {
        let status: Int32
        let output: String
        let errors: String

        var lines: [Substring] { errors.split(separator: "\n") }

        func json() throws -> [String: Any] {
            try #require(
                try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "no JSON object: \(output)"
            )
        }
    }

    let redis: PrivateRedis
    let folder: String
    private let children = Mutex<[ChildProcess]>([])

    /// The folder of the test bundle is the one in which SwiftPM puts the executables.
    static let binaries: String = {
        let arguments = CommandLine.arguments
        let bundle = arguments.first { $0.hasSuffix(".xctest") || $0.contains(".xctest/") } ?? arguments[0]
        var folder = URL(fileURLWithPath: bundle).deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.isExecutableFile(atPath: folder.path + "/muster") {
            folder.deleteLastPathComponent()
        }
        return folder.path
    }()

    private init(_ redis: PrivateRedis) {
        self.redis = redis
        folder = redis.folder + "/app"
    }

    static func with(_ body: (Cluster) async throws -> Void) async throws {
        try await with(PrivateRedisOptions(), body)
    }

    static func with(_ options: PrivateRedisOptions, _ body: (Cluster) async throws -> Void) async throws {
        let cluster = Cluster(try await PrivateRedis.temporary(options))
        try FileManager.default.createDirectory(atPath: cluster.folder, withIntermediateDirectories: true)
        do {
            try await body(cluster)
        } catch {
            await cluster.end()
            throw error
        }
        await cluster.end()
    }

    private func end() async {
        for child in children.withLock({ $0 }) { child.killAndReap() }
        await redis.stop()
    }

    private func environment(_ more: [String: String]) -> [String: String] {
        let own = ProcessInfo.processInfo.environment
        var environment = [
            "PATH": Self.binaries + ":" + (own["PATH"] ?? "/usr/bin:/bin"), "HOME": folder, "MUSTER_REDIS": redis.url,
            "GIT_CEILING_DIRECTORIES": redis.folder,
        ]
        environment.merge(more) { $1 }
        return environment
    }

    /// Runs `muster` in the application's folder to its end.
    func muster(_ arguments: String..., environment more: [String: String] = [:]) async throws -> Answer {
        try await run("muster", arguments, more)
    }

    func run(_ program: String, _ arguments: [String], _ more: [String: String] = [:]) async throws -> Answer {
        let child = try ChildProcess(
            executable: program.hasPrefix("/") ? program : "\(Self.binaries)/\(program)", arguments: arguments,
            environment: environment(more), directory: folder, standardOutput: .pipe, standardError: .pipe)
        children.withLock { $0.append(child) }
        async let output = child.standardOutput?.readToEnd() ?? []
        async let errors = child.standardError?.readToEnd() ?? []
        let texts = await (String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self))
        let status: Int32 =
            switch await child.wait() {
            case .exited(let code): code
            case .signalled(let signal): 128 + signal
            case .unknown: -1
            }
        return Answer(status: status, output: texts.0, errors: texts.1)
    }

    /// Starts a worker; its log is `NAME.log` in the application's folder.
    func worker(_ name: String, build: String, _ arguments: String..., host: String? = nil) throws -> ChildProcess {
        try start(name, build: build, arguments, host: host)
    }

    func start(_ name: String, build: String, _ arguments: [String], host: String? = nil) throws -> ChildProcess {
        try begin(
            "muster-worker", ["--build", build, "--name", name] + arguments, log: name, ["MUSTER_HOST": host ?? name])
    }

    /// Starts one of the executables, with its output in `LOG.log`.
    func begin(
        _ program: String, _ arguments: [String], log: String, _ more: [String: String] = [:]
    ) throws -> ChildProcess {
        let file = StandardStream.file("\(folder)/\(log).log", append: true)
        let child = try ChildProcess(
            executable: program.hasPrefix("/") ? program : "\(Self.binaries)/\(program)", arguments: arguments,
            environment: environment(more), directory: folder, standardOutput: file, standardError: file)
        children.withLock { $0.append(child) }
        return child
    }

    /// Starts `muster serve` on a free port.
    /// - Returns: its process, and where jobs are.
    func serve(_ arguments: String..., log: String = "serve") async throws -> (process: ChildProcess, url: String) {
        let process = try begin("muster", ["serve", "--listen", "127.0.0.1:0"] + arguments, log: log)
        var url: String?
        let isUp = try await eventually {
            let said = (try? String(contentsOfFile: "\(folder)/\(log).log", encoding: .utf8)) ?? ""
            url = said.firstMatch(of: /listening on (http:\/\/[0-9.:]+);/).map { String($0.1) }
            return url != nil
        }
        #expect(isUp, "\(logs())")
        return (process, try #require(url))
    }

    /// A handlers file whose program notes each run, as `BUILD HOST-less ATTEMPT ID`, in `runs`.
    func writeRecorder(type: String = "record") throws {
        try write("record.sh", "#!/bin/sh\necho \"$MUSTER_BUILD $MUSTER_ATTEMPT $MUSTER_JOB_ID\" >> runs\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/record.sh")
        try write("muster.yaml", "handlers:\n  \(type): ./record.sh\n")
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    }

    /// What the recorder noted: build, attempt, id.
    func runs() -> [(build: String, attempt: String, id: String)] {
        let text = (try? String(contentsOfFile: folder + "/runs", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ").map(String.init)
            return parts.count == 3 ? (parts[0], parts[1], parts[2]) : nil
        }
    }

    /// One command to the server, whose error fails the test.
    func redisCommand(_ words: String...) async throws {
        let answer = try await run("/usr/bin/env", ["redis-cli", "-e", "-s", redis.socketPath] + words)
        #expect(answer.status == 0, "redis-cli \(words): \(answer.output)\(answer.errors)")
    }

    func queue(_ name: String = "default") async throws -> [String: Any] {
        let queues = try await muster("queue", "list", "--json").json()["queues"] as? [[String: Any]] ?? []
        return queues.first { $0["name"] as? String == name } ?? [:]
    }

    /// Nothing is ready, held or scheduled any more.
    func isDrained(_ name: String = "default") async throws -> Bool {
        let queue = try await queue(name)
        return ["ready", "held", "scheduled"].allSatisfy { queue[$0] as? Int == 0 }
    }

    func logs() -> String {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".log") }.map { name in
            let text = (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""
            return "== \(name)\n" + text.suffix(2000)
        }.joined(separator: "\n")
    }
}
