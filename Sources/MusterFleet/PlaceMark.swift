import Foundation

/// What a worker's process carries in its environment, by which a later supervisor knows it again: no record of ours
/// can be lost between the start of a process and its being written down.
struct PlaceMark: Sendable, Equatable {
    static let variable = "MUSTER_PLACE"

    let slot: Int
    /// ``FleetGroup/startDigest`` of what it was started by.
    let digest: String

    func text(in folder: GroupFolder) -> String { "\(folder.path)#\(slot)#\(digest)" }

    private init?(_ text: String, in folder: GroupFolder) {
        let parts = text.split(separator: "#", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts.dropLast(2).joined(separator: "#") == folder.path,
            let slot = Int(parts[parts.count - 2])
        else { return nil }
        self.slot = slot
        digest = String(parts[parts.count - 1])
    }

    init(slot: Int, digest: String) {
        self.slot = slot
        self.digest = digest
    }

    /// The processes of a group that live on this host, one for each place: what a worker itself started may carry its
    /// mark too, and is younger.
    static func processes(in folder: GroupFolder) -> [(mark: PlaceMark, process: ProcessIdentity)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let found = names.compactMap { Int32($0) }.compactMap { pid -> (PlaceMark, ProcessIdentity)? in
            // The identity first: of a process whose id is given to another meanwhile, nothing is taken.
            guard let process = ProcessIdentity(of: pid),
                let mark = ProcessIdentity.variable(variable, of: pid).flatMap({ PlaceMark($0, in: folder) }),
                process.isAlive
            else { return nil }
            return (mark, process)
        }
        var places: Set<Int> = []
        return found.sorted { ProcessIdentity.isOlder($0.1, $1.1) }.filter { places.insert($0.0.slot).inserted }
    }
}
