import ArgumentParser
import Foundation
import MusterCommandLine
import MusterFleet
import MusterKit

struct FleetUnitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unit", abstract: "Prints a systemd unit that keeps a group's supervisor here running.",
        discussion: """
            For a group that `fleet up` has launched on this machine: with the unit its
            workers come back after a boot. It is a unit of the system for root, and of the
            user for anybody else. `supervisor: systemd` in fleet.yaml has `fleet up`
            install one and `fleet down` take it away.

            EXAMPLES
              muster fleet unit mail > ~/.config/systemd/user/muster-mail.service
              systemctl --user enable --now muster-mail && loginctl enable-linger
            """)

    @OptionGroup var connection: ServerOptions
    @Argument(help: "The group.") var group: String

    func run() async throws {
        try Name.checked(group, "group")
        let folder = GroupFolder.usual(namespace: try connection.server().namespace, group: group)
        guard let wanted = folder.wanted, !wanted.isLeaving else {
            throw CommandFailure(.failed, "no group \(group) was launched here; begin with `muster fleet up`")
        }
        let unit = SupervisorUnit(
            wanted.group, supervise: [WorkerProgram.muster, "fleet", "supervise"], folder: folder,
            isOfSystem: geteuid() == 0)
        print(unit.text)
    }
}
