/// Who should go first when a fleet shrinks.
public enum FleetVictims {
    /// Live workers, those first that are missed least: stale ones before current ones, then those that run the fewest
    /// jobs, then the youngest.
    public static func order(_ workers: [FleetReport.Worker]) -> [FleetReport.Worker] {
        workers.filter { $0.state != .stopped && $0.state != .lost }.sorted { left, right in
            let (stale, other) = (isStale(left), isStale(right))
            if stale != other { return stale }
            if left.running != right.running { return left.running < right.running }
            let (began, otherBegan) = (left.startedAt?.milliseconds ?? 0, right.startedAt?.milliseconds ?? 0)
            return (began, left.session) > (otherBegan, right.session)
        }
    }

    private static func isStale(_ worker: FleetReport.Worker) -> Bool {
        [.behind, .needsRestart, .needsDeploy, .wedged].contains(worker.verdict)
    }
}
