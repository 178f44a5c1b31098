public import Foundation

/// A file on its way to another host.
public struct ShippedFile: Sendable, Equatable, Codable {
    /// Below the group's directory.
    public let path: String
    public let isExecutable: Bool
    /// Its bytes; nil for a symbolic link.
    public let data: Data?
    /// Where a symbolic link leads.
    public let link: String?

    public init(path: String, data: Data, isExecutable: Bool = false) {
        (self.path, self.data, self.isExecutable, link) = (path, data, isExecutable, nil)
    }

    public init(path: String, link: String) {
        (self.path, self.link, isExecutable, data) = (path, link, false, nil)
    }

    /// They are held in memory and sent whole: this is for handlers and settings, in bytes.
    static let most = 64 << 20

    /// Reads what a group names in `files`: each file, and of each folder what lies in it.
    /// - Throws: ``FleetError`` where one cannot be read, or all are too much.
    static func read(_ names: [String], in directory: String) throws(FleetError) -> [ShippedFile] {
        var paths: Set<String> = []
        for name in names {
            let name = name.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
            guard let type = kind("\(directory)/\(name)") else {
                throw FleetError("\(directory)/\(name) does not exist, and `files` names it")
            }
            guard type == .typeDirectory else {
                paths.insert(name)
                continue
            }
            // The point: a directory that is a link is not gone into otherwise.
            let below = (FileManager.default.enumerator(atPath: "\(directory)/\(name)/.")?.allObjects ?? [])
                .compactMap { $0 as? String }
            for path in below {
                let path = name.isEmpty ? path : "\(name)/\(path)"
                if kind("\(directory)/\(path)") != .typeDirectory { paths.insert(path) }
            }
        }
        var files: [ShippedFile] = []
        var bytes = 0
        for path in paths.sorted() {
            let file = try one(path, in: directory)
            bytes += file.data?.count ?? 0
            guard bytes <= most else {
                throw FleetError(
                    "`files` of \(directory) are more than \(most >> 20) MiB; large ones belong in an image")
            }
            files.append(file)
        }
        return files
    }

    private static func kind(_ path: String) -> FileAttributeType? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
    }

    private static func one(_ path: String, in directory: String) throws(FleetError) -> ShippedFile {
        let place = "\(directory)/\(path)"
        switch kind(place) {
        case .typeSymbolicLink?:
            if let link = try? FileManager.default.destinationOfSymbolicLink(atPath: place) {
                return ShippedFile(path: path, link: link)
            }
        case .typeRegular?:
            if let data = FileManager.default.contents(atPath: place) {
                return ShippedFile(
                    path: path, data: data, isExecutable: FileManager.default.isExecutableFile(atPath: place))
            }
        default: throw FleetError("\(place) is neither a file nor a link, and `files` names it")
        }
        throw FleetError("\(place) cannot be read, and `files` names it")
    }
}
