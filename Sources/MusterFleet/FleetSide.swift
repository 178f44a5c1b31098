import MusterKit

/// One group on all of its hosts, as it is told and asked.
public struct FleetSide: Sendable {
    public struct Place: Sendable {
        public let host: any FleetHost
        /// What workers there are told beside the group's own environment.
        public let environment: [String: String]

        public init(host: any FleetHost, environment: [String: String]) {
            self.host = host
            self.environment = environment
        }
    }

    /// What a host says of the group, or why it could not be asked or do what it was told.
    typealias Heard = Result<HostAnswer.Group, FleetError>

    public let group: FleetGroup
    let places: [Place]
    private let namespace: String
    private let parallel: Int

    /// - Parameters:
    ///   - group: as `fleet.yaml` has it.
    ///   - places: its hosts.
    ///   - namespace: in Redis.
    ///   - parallel: hosts that are worked on at once.
    public init(_ group: FleetGroup, places: [Place], namespace: String, parallel: Int) {
        self.group = group
        self.places = places
        self.namespace = namespace
        self.parallel = parallel
    }

    /// Between two looks at all of its hosts.
    var pause: Duration { places.map(\.host.pause).max() ?? .milliseconds(500) }

    /// - Parameters:
    ///   - count: workers on each host; nil for what the group has.
    ///   - marks: what each host is to remember, in the order of the hosts.
    ///   - step: hears, by a host's name, what goes on.
    /// - Returns: in the order of the hosts.
    func tell(
        _ deed: HostOrder.Deed, count: Int? = nil, marks: [SwitchMark?] = [],
        _ step: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> [Heard] {
        var group = group
        group.count = count ?? group.count
        return await LimitedRound.run(Array(places.indices), atOnce: parallel) { [group] index in
            let place = places[index]
            let mark = marks.indices.contains(index) ? marks[index] : nil
            let order = HostOrder(
                deed: deed, namespace: namespace, environment: place.environment,
                items: [HostOrder.Item(group: group, mark: mark)])
            do {
                let answer = try await place.host.carryOut(order) { step("\(place.host.name): \($0)") }
                guard let said = answer.groups.first else { return .success(HostAnswer.Group(name: group.name)) }
                return said.error.map { .failure(FleetError($0)) } ?? .success(said)
            } catch {
                return .failure(FleetError("\(error)"))
            }
        }
    }

    /// The first host that failed, and why; nil for none.
    func trouble(_ heard: [Heard]) -> String? {
        for (place, heard) in zip(places, heard) {
            if case .failure(let error) = heard { return "\(group.name) on \(place.host.name): \(error)" }
        }
        return nil
    }

    /// The sessions of its workers that the roll call has.
    func workers(_ heard: [Heard], in report: FleetReport) -> [FleetReport.Worker] {
        zip(places, heard).flatMap { workers($0, $1, in: report) }
    }

    func workers(_ place: Place, _ heard: Heard, in report: FleetReport) -> [FleetReport.Worker] {
        guard case .success(let said) = heard else { return [] }
        let host = group.environment["MUSTER_HOST"].map { Name.made(from: $0) } ?? place.host.name
        let pids = Set(said.processes.map(Int.init))
        return report.workers.filter { $0.isLive && $0.host == host && pids.contains($0.pid) }
    }

    /// - Parameter count: workers on each host; nil for what each is told, and at least one.
    /// - Returns: what is missing on the first host on which something is; nil where everyone claims.
    func missing(_ heard: [Heard], in report: FleetReport, count: Int?) -> String? {
        for (place, heard) in zip(places, heard) {
            switch heard {
            case .failure(let error): return "\(place.host.name): \(error)"
            case .success(let said):
                let count = count ?? max(1, said.wanted)
                let claiming = workers(place, heard, in: report).count(where: \.isClaiming)
                guard claiming < count || said.running != count || !said.isSeen else { continue }
                let end = said.lastEnd.map { "; the last process: \($0)" } ?? ""
                let supervisor = said.isSeen ? "" : " and their supervisor says nothing"
                return
                    "\(claiming) of \(count) on \(place.host.name) claim\(supervisor)\(end); see \(said.folder)/*.log"
            }
        }
        return nil
    }
}

extension FleetSide.Heard {
    /// What was said; nothing of a host that failed.
    func sum(_ value: (HostAnswer.Group) -> Int) -> Int { (try? get()).map(value) ?? 0 }
}
