import ArgumentParser
import FaultKit
import Foundation

/// Carries packets between two network namespaces; see ``Relay``.
struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "Joins two network namespaces by a line that can be slow, lossy or cut.",
        discussion: "On standard input: delay=50 jitter=10 lossab=0.05 lossba=0 (milliseconds, parts of one).")

    @Argument var firstNamespace: String
    @Argument var firstAddress: String
    @Argument var secondNamespace: String
    @Argument var secondAddress: String

    func run() async throws {
        let first = try await TunDevice(
            name: "mulab\(getpid())a", namespace: firstNamespace, address: firstAddress, peer: secondAddress)
        let second = try await TunDevice(
            name: "mulab\(getpid())b", namespace: secondNamespace, address: secondAddress, peer: firstAddress)
        // Not `print`: what it writes to a pipe waits in a buffer.
        FileHandle.standardOutput.write(Data("ready\n".utf8))
        Relay(first, second).run()
    }
}
