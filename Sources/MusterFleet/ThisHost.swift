import Foundation
import MusterKit

/// Carries out orders on the machine on which it runs: for `muster fleet up` here, and for one that came over ssh.
public struct ThisHost: FleetHost {
    public let name: String
    public let pause = Duration.milliseconds(500)
    private let supervise: [String]
    /// How long supervisors may take to say that they have seen a change.
    private static let patience = Duration.seconds(15)

    /// - Parameters:
    ///   - name: what it is called.
    ///   - supervise: the program that is a supervisor, as an absolute path, and what it is given before the folder.
    public init(name: String, supervise: [String]) {
        self.name = name
        self.supervise = supervise
    }

    public func carryOut(
        _ order: HostOrder, tell: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> HostAnswer {
        let launcher = LocalLauncher(
            namespace: order.namespace, supervise: supervise, environment: order.environment)
        switch order.deed {
        case .look: return HostAnswer(groups: order.items.map { look($0, launcher) })
        case .up, .scale: return await up(order, launcher)
        case .turn: return await turn(order, launcher)
        case .down: return await down(order, launcher)
        }
    }

    private func up(_ order: HostOrder, _ launcher: LocalLauncher) async -> HostAnswer {
        let isOfFile = order.deed == .up
        var notes: [String: String] = [:]
        var answer = await change(order, launcher) { item in
            notes[item.group.name] = try up(item, order.victims, launcher, isOfFile: isOfFile)
            return true
        }
        for index in answer.groups.indices { answer.groups[index].note = notes[answer.groups[index].name] }
        if isOfFile {
            answer.others = launcher.living().filter { name in !order.items.contains { $0.group.name == name } }
        }
        return answer
    }

    private func turn(_ order: HostOrder, _ launcher: LocalLauncher) async -> HostAnswer {
        await change(order, launcher) { try launcher.turn($0.group.name, count: $0.group.count, mark: $0.mark) }
    }

    /// - Parameter body: says what is wanted of a group, and whether there is one.
    private func change(
        _ order: HostOrder, _ launcher: LocalLauncher, _ body: (HostOrder.Item) throws -> Bool
    ) async -> HostAnswer {
        var errors: [String: String] = [:]
        var began: [HostOrder.Item] = []
        for item in order.items {
            do {
                if try body(item) { began.append(item) }
            } catch {
                errors[item.group.name] = "\(error)"
            }
        }
        await wait(Self.patience, began, launcher) { hasSeen(launcher.folder($0.group.name)) }
        return HostAnswer(
            groups: order.items.map { item in
                var answer = look(item, launcher)
                answer.error = errors[item.group.name]
                return answer
            })
    }

    /// - Returns: what a person should know, though nothing failed.
    private func up(
        _ item: HostOrder.Item, _ victims: [Int], _ launcher: LocalLauncher, isOfFile: Bool
    ) throws -> String? {
        var group = item.group
        let folder = launcher.folder(group.name)
        // Before its files are put in place, too.
        if isOfFile { try launcher.check(group) }
        let note = try launcher.settle(group, isFar: item.release != nil)
        if let release = item.release {
            try folder.create()
            let place = ReleaseFolder(group: folder)
            try place.put(release)
            group.program = place.program(of: release)
            group.directory = place.current
            ProgramFolder(of: release.program)?.tidy()
            if let configuration = release.configuration, group.environment["MUSTER_CONFIG"] == nil {
                group.environment["MUSTER_CONFIG"] = "\(place.current)/\(configuration)"
            }
        }
        let places = folder.state?.places ?? []
        let slots = victims.compactMap { pid in places.first { $0.pid == Int32(pid) }?.slot }
        _ = try launcher.up(group, victims: slots, isOfFile: isOfFile)
        return note
    }

    private func down(_ order: HostOrder, _ launcher: LocalLauncher) async -> HostAnswer {
        var leaving: [HostOrder.Item] = []
        var errors: [String: String] = [:]
        for item in order.items {
            do {
                if try launcher.down(item.group.name) { leaving.append(item) }
            } catch {
                errors[item.group.name] = "\(error)"
            }
        }
        // As they were launched: the order may be for a group that no file knows any more.
        let stops = leaving.compactMap { launcher.folder($0.group.name).wanted?.group.stopMilliseconds }
        let bound = Duration.milliseconds(stops.max() ?? 0) + .seconds(10)
        await wait(bound, leaving, launcher) { !launcher.isThere(launcher.folder($0.group.name)) }
        for item in order.items where errors[item.group.name] == nil {
            do {
                try launcher.forget(item.group.name)
            } catch {
                errors[item.group.name] = "\(error)"
            }
        }
        let told = order.items.filter { leaving.contains($0) || errors[$0.group.name] != nil }
        return HostAnswer(
            groups: told.map { item in
                var answer = look(item, launcher)
                answer.error = errors[item.group.name]
                return answer
            })
    }

    /// Until all are as they should be, or the time is over. A supervisor that was just leaving may have missed a change:
    /// those that lag are asked again.
    private func wait(
        _ bound: Duration, _ items: [HostOrder.Item], _ launcher: LocalLauncher,
        until isDone: (HostOrder.Item) -> Bool
    ) async {
        let deadline = ContinuousClock.now + bound
        var nextKnock = ContinuousClock.now + .seconds(2)
        while !Task.isCancelled, ContinuousClock.now < deadline {
            let rest = items.filter { !isDone($0) }
            if rest.isEmpty { return }
            if ContinuousClock.now > nextKnock {
                nextKnock = .now + .seconds(2)
                for item in rest { try? launcher.attend(launcher.folder(item.group.name)) }
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    private func hasSeen(_ folder: GroupFolder) -> Bool {
        guard let wanted = folder.wanted, let state = folder.state, state.supervisor.isAlive else { return false }
        return state.number >= wanted.number
    }

    private func look(_ item: HostOrder.Item, _ launcher: LocalLauncher) -> HostAnswer.Group {
        let folder = launcher.folder(item.group.name)
        var answer = HostAnswer.Group(name: item.group.name)
        answer.folder = folder.path
        guard let wanted = folder.wanted else {
            answer.isStopped = true
            return answer
        }
        answer.wanted = wanted.isLeaving ? 0 : wanted.slots.count
        answer.mark = wanted.mark
        answer.isStopped = !launcher.isThere(folder)
        answer.isSeen = hasSeen(folder)
        let release = ReleaseFolder(group: folder)
        guard answer.isSeen, let state = folder.state else {
            // Workers outlive their supervisor.
            let found = PlaceMark.processes(in: folder)
            let places = found.filter { wanted.slots.contains($0.mark.slot) }
            answer.running = found.count
            answer.processes = places.map(\.process.pid)
            answer.outdated = places.count {
                $0.mark.digest != wanted.group.startDigest || release.isOutdated($0.process.pid)
            }
            return answer
        }
        let places = state.places.filter { wanted.slots.contains($0.slot) }
        answer.running = state.places.count { $0.pid != nil }
        answer.processes = places.compactMap(\.pid)
        answer.outdated = places.count { place in
            place.pid.map { place.isOutdated || release.isOutdated($0) } ?? false
        }
        // Of those that are not there now, or that came back more than once.
        answer.lastEnd = places.filter { $0.pid == nil || $0.starts > 2 }.compactMap(\.lastEnd).first
        return answer
    }
}
