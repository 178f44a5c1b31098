import ArgumentParser
import Dispatch
import Foundation
import MusterCommandLine
import MusterFleet

/// What `muster fleet up` leaves running for each group.
struct FleetSuperviseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise", abstract: "Keeps a group's workers running, in the foreground; `fleet up` starts it.",
        discussion: """
            TERM and INT stop the workers and then this. HUP: look at once at what is
            wanted. Killed, it leaves its workers alone, and the next one finds them.
            """, shouldDisplay: false)

    @Argument(help: "The group's folder.") var folder: String

    func run() async throws {
        // Whoever started it may end, and its terminal with it. Fails where this leads a group already, and needs not.
        _ = setsid()
        let supervisor: Supervisor
        do {
            supervisor = try Supervisor(GroupFolder(path: folder)) { line in
                Terminal.say("\(Date.now.formatted(.iso8601)) \(line)")
            }
        } catch let error as FleetError {
            throw CommandFailure(.failed, "\(error)")
        }
        let queue = DispatchQueue(label: "muster-supervise")
        let deeds: [(Int32, @Sendable () -> Void)] = [
            (SIGHUP, supervisor.wake), (SIGTERM, supervisor.stop), (SIGINT, supervisor.stop),
        ]
        let sources = deeds.map { number, deed in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler(handler: deed)
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        await supervisor.run()
    }
}
