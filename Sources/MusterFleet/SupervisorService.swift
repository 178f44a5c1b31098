import Foundation

/// A group's supervisor as a unit in the systemd of this host.
///
/// 1. The unit runs `muster` through a link in the group's folder: an upgrade changes where it leads, not the unit.
/// 2. Whoever was the supervisor before is killed when the unit takes the group over, and the unit's is when it is given
///    up. Workers outlive that, and the next supervisor finds them.
/// 3. While the unit's file is there, nobody else starts the group's supervisor.
struct SupervisorService {
    let folder: GroupFolder

    /// With a sign between the two names that neither may have: `a-b` of `c` is not `b` of `c-a`.
    var name: String {
        let parts = folder.path.split(separator: "/").suffix(2).joined(separator: ":")
        return "muster-\(parts).service"
    }

    private var path: String { "\(ServiceManager.units)/\(name)" }
    private var text: String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether there is a unit for this very folder: two users' groups, or two `MUSTER_STATE`, may have one name.
    var isInstalled: Bool { text?.contains(SupervisorUnit.quoted(folder.path)) ?? false }

    /// Has the group begin with the machine. The unit is not started here.
    /// - Parameters:
    ///   - supervise: the program that is a supervisor, as an absolute path, and what it is given before the folder.
    /// - Throws: ``FleetError``, or what the file system says.
    func install(_ group: FleetGroup, supervise: [String]) throws {
        guard text == nil || isInstalled else {
            throw FleetError("\(path) keeps another folder's group of this name, not \(folder.path); remove it first")
        }
        let manager = try ServiceManager()
        try link(to: supervise[0])
        let unit = SupervisorUnit(
            group, supervise: [folder.supervisorPath] + supervise.dropFirst(), folder: folder,
            isOfSystem: ServiceManager.isOfSystem)
        if text != unit.text {
            try FileManager.default.createDirectory(atPath: ServiceManager.units, withIntermediateDirectories: true)
            try unit.text.write(toFile: path, atomically: true, encoding: .utf8)
            try manager.order("daemon-reload")
        }
        try manager.order("enable", "--quiet", name)
        if let pid = folder.state?.supervisor.pid, pid != (try mainProcess(manager)) { try relieve() }
    }

    func start() throws(FleetError) {
        do throws(FleetError) {
            try ServiceManager().order("start", name)
        } catch {
            throw FleetError("\(error); `supervisor: background` in fleet.yaml does without systemd")
        }
    }

    /// Takes the unit away. Workers that run go on, without a supervisor.
    /// - Throws: ``FleetError``, or what the file system says.
    func remove() throws {
        let manager = try ServiceManager()
        if try mainProcess(manager) != 0 { try relieve() }
        // It would start the next one in a moment. Nothing but the supervisor is the unit's to stop.
        try manager.order("stop", name)
        try manager.order("disable", "--quiet", name)
        try FileManager.default.removeItem(atPath: path)
        try manager.order("daemon-reload")
    }

    /// Zero where the unit has none.
    private func mainProcess(_ manager: ServiceManager) throws(FleetError) -> Int32 {
        let said = try manager.order("show", "--property=MainPID", "--value", name)
        return Int32(said.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    /// Ends the supervisor that lives, and waits until it has let go of the group.
    private func relieve() throws {
        guard let supervisor = folder.state?.supervisor, supervisor.isAlive else { return }
        kill(supervisor.pid, SIGKILL)
        _ = try FolderLock.taken(folder.lockPath, within: .seconds(2))
    }

    private func link(to program: String) throws {
        let fresh = "\(folder.supervisorPath).\(getpid())"
        try? FileManager.default.removeItem(atPath: fresh)
        try FileManager.default.createSymbolicLink(atPath: fresh, withDestinationPath: program)
        guard rename(fresh, folder.supervisorPath) == 0 else {
            throw FleetError("\(folder.supervisorPath) cannot be set: \(String(cString: strerror(errno)))")
        }
    }
}
