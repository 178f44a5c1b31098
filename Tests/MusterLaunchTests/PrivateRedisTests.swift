import Foundation
import Testing

@testable import MusterLaunch

@Suite struct PrivateRedisTests {
    /// Sends a line to the server and returns its answer; the elements of a list are joined by spaces.
    private func ask(_ redis: PrivateRedis, _ command: String) async throws -> String {
        let script = """
            use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new($ARGV[0]) or die; print $s "$ARGV[1]\\r\\n"; \
            sub line { my $l = <$s>; $l =~ s/\\r\\n//; $l = <$s> =~ s/\\r\\n//r if $l =~ /^\\$/; $l } \
            my $l = line(); print $l =~ /^\\*(\\d+)/ ? join(' ', map { line() } 1..$1) : $l
            """
        let child = try ChildProcess(
            executable: "/usr/bin/perl", arguments: ["-e", script, redis.socketPath, command],
            environment: [:],
            standardOutput: .pipe)
        let answer = await (try #require(child.standardOutput)).readToEnd()
        #expect(await child.wait() == .exited(0))
        return String(decoding: answer, as: UTF8.self)
    }

    @Test func aTemporaryServerAnswersAndLeavesNothingBehind() async throws {
        let redis = try await PrivateRedis.temporary()
        #expect(redis.url == "unix://\(redis.socketPath)")
        #expect(try await ask(redis, "PING") == "+PONG")
        #expect(redis.loopbackURL == nil)
        let pid = try #require(redis.pid)
        await redis.stop()
        #expect(redis.pid == nil)
        #expect(kill(pid, 0) == -1)
        #expect(!FileManager.default.fileExists(atPath: redis.folder))
        await redis.stop()
    }

    @Test func acknowledgedWritesOutliveACrash() async throws {
        let directory = TemporaryDirectory()
        let redis = try PrivateRedis(folder: "\(directory.path)/a/b")
        try await redis.start()
        #expect(try await ask(redis, "SET key kept") == "+OK")
        let first = try #require(redis.pid)
        redis.kill()
        #expect(kill(first, 0) == -1)
        try await redis.start()
        #expect(redis.pid != first)
        #expect(try await ask(redis, "GET key") == "kept")
        await redis.stop()
        #expect(FileManager.default.fileExists(atPath: redis.folder))
    }

    @Test func aRestartKeepsDataSocketAndPort() async throws {
        let redis = try await PrivateRedis.temporary(PrivateRedisOptions(listensOnLoopback: true))
        let url = try #require(redis.loopbackURL)
        let pid = try #require(redis.pid)
        #expect(try await ask(redis, "SET key kept") == "+OK")
        try await redis.restart()
        #expect(redis.pid != pid)
        #expect(redis.loopbackURL == url)
        #expect(try await ask(redis, "GET key") == "kept")
        #expect(url.hasSuffix(try await ask(redis, "CONFIG GET port").dropFirst("port ".count)))
        await redis.stop()
    }

    @Test func serversBesideEachOtherGetPortsOfTheirOwn() async throws {
        let options = PrivateRedisOptions(listensOnLoopback: true)
        async let first = PrivateRedis.temporary(options)
        async let second = PrivateRedis.temporary(options)
        let (one, other) = try await (first, second)
        #expect(one.loopbackURL != other.loopbackURL)
        await one.stop()
        await other.stop()
    }

    @Test func aFrozenServerAnswersAfterTheThawAndCanBeStoppedFrozen() async throws {
        let redis = try await PrivateRedis.temporary()
        let probe = RedisProbe(address: try UnixSocketAddress(redis.socketPath))
        redis.freeze()
        #expect(await eventually { probe.ask() == .notYet })
        redis.thaw()
        #expect(await eventually { probe.ask() == .up })
        redis.freeze()
        let pid = try #require(redis.pid)
        await redis.stop()
        #expect(kill(pid, 0) == -1)
    }

    @Test func aServerThatWantsAPasswordCountsAsUp() async throws {
        let options = PrivateRedisOptions(extraArguments: ["--requirepass", "x"])
        let redis = try await PrivateRedis.temporary(options)
        #expect(try await ask(redis, "PING").hasPrefix("-NOAUTH"))
        await redis.stop()
    }

    @Test func itKeepsEveryWriteAndEvictsNothing() async throws {
        let redis = try await PrivateRedis.temporary()
        #expect(try await ask(redis, "CONFIG GET maxmemory-policy") == "maxmemory-policy noeviction")
        #expect(try await ask(redis, "CONFIG GET appendonly") == "appendonly yes")
        #expect(try await ask(redis, "CONFIG GET save") == "save ")
        #expect(try await ask(redis, "CONFIG GET port") == "port 0")
        await redis.stop()
    }

    @Test func aSecondServerOnTheSameFolderIsRefusedAndTheFirstNamed() async throws {
        let directory = TemporaryDirectory()
        let first = try PrivateRedis(folder: directory.path)
        try await first.start()
        try await first.start()
        let pid = try #require(first.pid)
        let second = try PrivateRedis(folder: directory.path)
        await #expect(throws: LaunchError.redisAlreadyRuns(socket: first.socketPath, pid: pid)) {
            try await second.start()
        }
        #expect(try await ask(first, "PING") == "+PONG")
        await first.stop()
    }

    @Test func aDroppedServerIsKilledAndItsTemporaryFolderRemoved() async throws {
        var redis: PrivateRedis? = try await PrivateRedis.temporary()
        let pid = try #require(redis?.pid)
        let folder = try #require(redis?.folder)
        redis = nil
        #expect(await eventually { kill(pid, 0) == -1 && !FileManager.default.fileExists(atPath: folder) })
    }

    @Test func whatTheServerSaidIsInTheErrorWhenItEndsAtOnce() async throws {
        let directory = TemporaryDirectory()
        let options = PrivateRedisOptions(extraArguments: ["--no-such-option", "1"])
        let redis = try PrivateRedis(folder: directory.path, options: options)
        let error = await #expect(throws: LaunchError.self) { try await redis.start() }
        let text = try #require(error).description
        #expect(text.contains("ended at once"))
        #expect(text.contains("no-such-option") || text.contains("Bad directive"), "\(text)")
        #expect(text.hasSuffix("its log is \(redis.logPath)"))
        #expect(redis.pid == nil)
    }

    @Test func aServerThatNeverAnswersIsKilledAtTheDeadline() async throws {
        let directory = TemporaryDirectory()
        let program = try directory.write("mute", "#!/bin/sh\necho $$ >pid\nexec sleep 1000\n", mode: 0o755)
        let options = PrivateRedisOptions(program: program, startWithin: .seconds(4))
        let redis = try PrivateRedis(folder: directory.path, options: options)
        let error = await #expect(throws: LaunchError.self) { try await redis.start() }
        #expect(try #require(error).description.contains("did not answer within 4.0 seconds"))
        let text = try String(contentsOfFile: "\(directory.path)/pid", encoding: .utf8)
        let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(pid, 0) == -1)
    }

    @Test func aMissingServerProgramIsOneLineWithTheRemedy() throws {
        let directory = TemporaryDirectory()
        let options = PrivateRedisOptions(searchPath: "/nonexistent:\(directory.path)")
        let error = #expect(throws: LaunchError.redisMissing(names: ["redis-server", "valkey-server"])) {
            try PrivateRedis(folder: directory.path, options: options)
        }
        #expect(error?.description.contains("apt-get install redis-server") == true)
        #expect(error?.description.contains("brew install redis") == true)
    }

    @Test func valkeyIsFoundWhereThereIsNoRedis() async throws {
        let directory = TemporaryDirectory()
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let server = try #require(ProgramSearch.find(["redis-server", "valkey-server"], in: path))
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/bin", withIntermediateDirectories: false)
        try directory.write("bin/valkey-server", "#!/bin/sh\nexec \(server) \"$@\"\n", mode: 0o755)
        let options = PrivateRedisOptions(searchPath: "\(directory.path)/bin")
        let redis = try PrivateRedis(folder: "\(directory.path)/data", options: options)
        try await redis.start()
        #expect(try await ask(redis, "PING") == "+PONG")
        await redis.stop()
    }

    @Test func aSocketPathThatIsTooLongIsRefusedBeforeAnythingStarts() throws {
        let directory = TemporaryDirectory()
        let folder = "\(directory.path)/\(String(repeating: "long", count: 25))"
        let error = #expect(throws: LaunchError.self) { try PrivateRedis(folder: folder) }
        #expect(try #require(error).description.contains("choose a folder with a shorter path"))
    }
}
