import Foundation
import MusterKit
import MusterLaunch

/// What a lab stands on: made before it, removed after it.
struct LabParts {
    let redis: PrivateRedis
    let wire: Wire?
    let serverClock: MovableClock?
    let workerClock: MovableClock?
    let dataDisk: SmallDisk?
    let logDisk: SmallDisk?

    init(_ options: LabOptions, program: String, folder: String) async throws {
        var disks: [SmallDisk] = []
        var line: Wire?
        do {
            if options.hasSmallDisks {
                disks.append(try await SmallDisk(path: folder + "/redis", megabytes: 256))
                disks.append(try await SmallDisk(path: folder + "/logs", megabytes: 2))
            }
            dataDisk = disks.first
            logDisk = disks.last
            if options.isNetworked { line = try await Wire(program: program) }
            wire = line
            serverClock = options.hasMovableClocks ? try await MovableClock(folder: folder, name: "server") : nil
            workerClock = options.hasMovableClocks ? try await MovableClock(folder: folder, name: "worker") : nil
            var server = PrivateRedisOptions()
            server.extraArguments = [
                "--appendfsync", "always", "--auto-aof-rewrite-min-size", "16mb", "--enable-debug-command", "yes",
                "--lua-time-limit", "100",
            ]
            if wire != nil {
                server.extraArguments += ["--bind", Wire.serverAddress, "--port", "7900", "--protected-mode", "no"]
            }
            server.program = try Self.wrapped(serverClock, wire, folder: folder, options: server)
            redis = try PrivateRedis(folder: folder + "/redis", options: server)
            try await redis.start()
        } catch {
            await line?.remove()
            for disk in disks { await disk.unmount() }
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    /// A script that becomes the server: in another namespace, with another clock. The process id stays.
    private static func wrapped(
        _ clock: MovableClock?, _ wire: Wire?, folder: String, options: PrivateRedisOptions
    ) throws -> String? {
        if clock == nil, wire == nil { return nil }
        guard let server = ProgramSearch.find(["redis-server", "valkey-server"], in: options.searchPath) else {
            throw LabError("no redis-server is in the PATH")
        }
        var words = ["exec"]
        if let wire, let ip = Tool.find("ip") { words += [ip, "netns", "exec", wire.serverSide] }
        if let clock, let env = Tool.find("env") {
            words += [env] + clock.environment.sorted { $0.key < $1.key }.map { "'\($0.key)=\($0.value)'" }
        }
        let script = folder + "/server"
        try Data("#!/bin/sh\n\((words + [server]).joined(separator: " ")) \"$@\"\n".utf8).write(
            to: URL(fileURLWithPath: script))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        return script
    }

    func remove(folder: String) async {
        redis.thaw()
        _ = await DedicatedThread.run { redis.kill() }
        await wire?.remove()
        for disk in [dataDisk, logDisk] { await disk?.unmount() }
        try? FileManager.default.removeItem(atPath: folder)
    }
}
