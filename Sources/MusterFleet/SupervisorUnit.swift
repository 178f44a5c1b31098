import Foundation

/// A systemd unit that keeps a group's supervisor running, also after a boot.
///
/// 1. systemd looks after the supervisor, and the supervisor after the workers: they outlive its death, and the next one
///    finds them, so systemd must not end what is left of the unit (`KillMode=process`).
/// 2. Stopping the unit stops the workers, each within its grace.
/// 3. While another supervisor has the group this one cannot begin; it tries again until that one is gone.
/// 4. The kernel may kill a worker that takes too much memory: that is one worker's end, and not the unit's.
/// 5. After `muster fleet down` it ends with 0, and is not started again.
public struct SupervisorUnit: Sendable {
    /// The file's text.
    public let text: String

    /// - Parameters:
    ///   - group: whose supervisor; for the description and for how long a stop may take.
    ///   - supervise: the supervisor's program, as an absolute path, and what it is given before the folder.
    ///   - folder: the group's.
    ///   - isOfSystem: whether it is a unit of the system, and not of one user.
    public init(_ group: FleetGroup, supervise: [String], folder: GroupFolder, isOfSystem: Bool) {
        let log = folder.log("supervisor").replacingOccurrences(of: "%", with: "%%")
        let command = (supervise + [folder.path]).map(Self.quoted).joined(separator: " ")
        text = """
            [Unit]
            Description=Muster workers of group \(group.name)
            StartLimitIntervalSec=0
            \(isOfSystem ? "After=network-online.target\nWants=network-online.target\n" : "")
            [Service]
            Type=exec
            \(isOfSystem ? "User=root\n" : "")ExecStart=\(command)
            StandardOutput=append:\(log)
            StandardError=inherit
            KillMode=process
            OOMPolicy=continue
            TasksMax=infinity
            Restart=on-failure
            RestartSec=5
            TimeoutStopSec=\(group.stopMilliseconds / 1000 + 10)

            [Install]
            WantedBy=\(isOfSystem ? "multi-user" : "default").target
            """
    }

    /// One word of a command, in which systemd finds neither a specifier nor a variable.
    static func quoted(_ word: String) -> String {
        var text = ""
        for character in word {
            switch character {
            case "\\", "\"": text += "\\\(character)"
            case "%", "$": text += "\(character)\(character)"
            default: text.append(character)
            }
        }
        return "\"\(text)\""
    }
}
