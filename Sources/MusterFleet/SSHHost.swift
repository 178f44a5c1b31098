import Foundation
import MusterKit
import Synchronization

/// A host that `ssh` knows.
///
/// 1. It is asked which programs it has; what is missing or differs is copied, each into a folder named by its digest, so
///    that nothing that runs is overwritten.
/// 2. Its own copy of `muster` gets the order, on standard input, and does what ``ThisHost`` does.
public final class SSHHost: FleetHost {
    public let name: String
    /// Each look is a login.
    public let pause = Duration.seconds(2)
    private let call: SSHCall
    private let muster: String
    private let digests: ProgramDigests
    /// What the worker's configuration file is called here, as an absolute path.
    private let configuration: String?
    /// What was found or put there: a look soon after need not ask again.
    private let supplied = Mutex<Supply?>(nil)

    private struct Supply {
        /// By their paths here, what the programs are called there.
        let programs: [String: String]
        /// The folder in which they lie there.
        let folder: String
    }

    /// How long one that answers may need to say which programs it has, and to carry out an order beside what
    /// stopping takes.
    private static let patience = Duration.seconds(60)

    /// - Parameters:
    ///   - target: as ssh knows it, with the user if need be.
    ///   - options: how it is reached.
    ///   - muster: this program, as an absolute path.
    ///   - digests: of programs here; shared by all hosts.
    ///   - configuration: the file that is read here; nil for none.
    public init(
        target: String, options: SSHOptions, muster: String, digests: ProgramDigests, configuration: String? = nil
    ) {
        name = Self.name(of: target)
        call = SSHCall(target: target, options: options)
        self.muster = muster
        self.digests = digests
        self.configuration = configuration
    }

    /// What the roll call shows: the name without the user, in the grammar of names.
    public static func name(of target: String) -> String {
        Name.made(from: target.split(separator: "@").last.map(String.init) ?? target)
    }

    public func carryOut(
        _ order: HostOrder, tell: @escaping @Sendable (String) -> Void
    ) async throws -> HostAnswer {
        let isUp = order.deed.launches
        let sources = Set([muster] + (isUp ? order.items.map(\.group.program) : [])).sorted()
        let known = order.deed == .look ? supplied.withLock { $0 } : nil
        let there = if let known { known } else { try await supply(sources, tell) }
        supplied.withLock { $0 = there }
        var order = order
        order.environment["MUSTER_HOST"] = name
        for index in order.items.indices where isUp {
            let group = order.items[index].group
            guard let program = there.programs[group.program] else { continue }
            order.items[index].release = ShippedRelease(
                files: try ShippedFile.read(group.files, in: group.directory), program: "\(there.folder)/\(program)",
                configuration: Self.place(of: configuration, in: group))
        }
        tell(isUp ? "starting" : order.deed == .down ? "stopping" : "asking")
        return try await apply(order, there.programs[muster] ?? "")
    }

    /// Where a file that is read here lies among those that a group sends; nil where it is none of them.
    static func place(of configuration: String?, in group: FleetGroup) -> String? {
        guard let configuration, configuration.hasPrefix(group.directory + "/") else { return nil }
        let path = String(configuration.dropFirst(group.directory.utf8.count + 1))
        let isSent = group.files.contains { name in
            let name = name.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
            return name.isEmpty || path == name || path.hasPrefix(name + "/")
        }
        return isSent ? path : nil
    }

    private func supply(_ sources: [String], _ tell: @Sendable (String) -> Void) async throws -> Supply {
        tell("asking which programs it has")
        var programs: [String: String] = [:]
        for source in sources {
            programs[source] =
                "\(try await digests.digest(of: source))/\(URL(fileURLWithPath: source).lastPathComponent)"
        }
        let said = try await call.run(
            FarShell.command(FarShell.look, programs.values.sorted()), within: Self.patience)
        let words = said.split(whereSeparator: \.isNewline)
        guard let folder = Self.value("programs", in: words).first else {
            throw FleetError(
                "its shell did not run what it was given, and said: \(SSHCall.lastLine(said) ?? "nothing")")
        }
        let has = Set(Self.value("has", in: words))
        for (source, program) in programs.sorted(by: { $0.key < $1.key }) where !has.contains(program) {
            tell("copying \(URL(fileURLWithPath: source).lastPathComponent)")
            _ = try await call.run(FarShell.command(FarShell.take, [program]), input: .file(source))
        }
        return Supply(programs: programs, folder: folder)
    }

    static func value(_ key: String, in lines: [Substring]) -> [String] {
        lines.filter { $0.hasPrefix("muster: \(key) ") }.map { String($0.dropFirst("muster: \(key) ".count)) }
    }

    private func apply(_ order: HostOrder, _ muster: String) async throws -> HostAnswer {
        let bytes = Array(try JSONEncoder().encode(order))
        let stop = Duration.milliseconds(order.items.map(\.group.stopMilliseconds).max() ?? 0)
        let said = try await call.run(
            FarShell.command(FarShell.apply, [muster]), input: .bytes(bytes), within: Self.patience + stop)
        guard let answer = Self.value("answer", in: said.split(whereSeparator: \.isNewline)).last,
            let decoded = try? JSONDecoder().decode(HostAnswer.self, from: Data(answer.utf8))
        else { throw FleetError("its muster gave no answer, and said: \(SSHCall.lastLine(said) ?? "nothing")") }
        return decoded
    }
}
