/// What was noted of processes: when they were asked to stop, paused, killed, and gone.
struct Processes {
    private(set) var stops: [(process: Int, asked: Int, bound: Int)] = []
    private var asked: [Int: Int] = [:]
    private var killed: [Int: Int] = [:]
    private var gone: [Int: (at: Int, how: String)] = [:]
    private var pauses: [(process: Int, span: Range<Int>)] = []

    init(_ history: History) {
        var pausedSince: [Int: Int] = [:]
        for event in history.events {
            guard let process = event.about else { continue }
            switch event.kind {
            case .stopAsked:
                if asked[process] == nil {
                    asked[process] = event.at
                    stops.append((process, event.at, event.bound ?? 0))
                }
            case .killed: killed[process] = event.at
            case .paused: pausedSince[process] = event.at
            case .resumed:
                if let since = pausedSince.removeValue(forKey: process) { pauses.append((process, since..<event.at)) }
            case .gone: gone[process] = (event.at, event.outcome ?? "unknown")
            default: break
            }
        }
        // Whoever was asked to stop and then killed did not stop within its bound by itself; the note of its end
        // comes later than that bound, or the killing was a fault of its own.
        stops.removeAll { stop in killed[stop.process].map { $0 <= stop.asked + stop.bound * 1_000_000 } ?? false }
    }

    func askedToStop(_ process: Int, before time: Int) -> Bool { asked[process].map { $0 < time } ?? false }

    func died(_ process: Int, before time: Int) -> Bool { deathOf(process, after: 0).map { $0 < time } ?? false }

    func deathOf(_ process: Int, after time: Int) -> Int? {
        [killed[process], gone[process]?.at].compactMap(\.self).filter { $0 >= time }.min()
    }

    func goneAt(_ process: Int) -> Int? { gone[process]?.at }

    var endedUnasked: [(process: Int, ending: String)] {
        gone.filter { asked[$0.key] == nil && killed[$0.key] == nil }.map { ($0.key, $0.value.how) }
            .sorted { $0.process < $1.process }
    }

    /// Nanoseconds within the span in which at least one of the processes was paused; spans of two are added.
    func paused(_ processes: [Int], within span: Range<Int>) -> Int {
        pauses.filter { processes.contains($0.process) }.reduce(0) { $0 + $1.span.clamped(to: span).count }
    }
}
