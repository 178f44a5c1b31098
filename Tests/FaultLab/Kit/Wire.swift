import Foundation
import MusterLaunch

/// Two network namespaces and a relay between, which delays and loses what it is told to.
public final class Wire: Sendable {
    public static let serverAddress = "10.79.0.1"
    static let workerAddress = "10.79.0.2"

    let serverSide: String
    let workerSide: String
    private let relay: ChildProcess

    /// - Parameter program: `muster-lab`, whose `relay` moves the packets.
    /// - Throws: ``LabError`` where the namespaces cannot be made or the relay does not start.
    init(program: String) async throws {
        let number = ProcessInfo.processInfo.processIdentifier
        serverSide = "mulab-\(number)-a"
        workerSide = "mulab-\(number)-b"
        for name in [serverSide, workerSide] {
            try await Tool.run("ip", "netns", "add", name)
            try await Tool.run("ip", "-n", name, "link", "set", "lo", "up")
        }
        relay = try ChildProcess(
            executable: program,
            arguments: ["relay", serverSide, Self.serverAddress, workerSide, Self.workerAddress],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], standardInput: .pipe, standardOutput: .pipe)
        let output = relay.standardOutput
        let isReady = await DedicatedThread.run { () -> Bool in
            guard let number = output?.number else { return false }
            var byte: UInt8 = 0
            return read(number, &byte, 1) == 1
        }
        if !isReady {
            await remove()
            throw LabError("the relay between the network namespaces did not start")
        }
    }

    /// How the line is now; what is not said is as on a good line.
    /// - Parameters:
    ///   - delay: milliseconds each way.
    ///   - jitter: milliseconds more or less.
    ///   - loss: the part that is lost, 0 to 1, both ways.
    ///   - toServer: the part of what goes to Redis that is lost.
    ///   - fromServer: the part of what comes from Redis that is lost.
    func set(
        delay: Int = 0, jitter: Int = 0, loss: Double = 0, toServer: Double = 0, fromServer: Double = 0
    ) {
        let line =
            "delay=\(delay) jitter=\(jitter) lossab=\(max(loss, fromServer)) lossba=\(max(loss, toServer))\n"
        guard let number = relay.standardInput?.number else { return }
        _ = Array(line.utf8).withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
    }

    func remove() async {
        _ = await DedicatedThread.run { self.relay.killAndReap() }
        for name in [serverSide, workerSide] { _ = try? await Tool.run("ip", "netns", "del", name) }
    }
}
