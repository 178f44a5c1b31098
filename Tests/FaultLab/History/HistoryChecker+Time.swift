extension HistoryChecker {
    mutating func checkProcesses() {
        for (process, asked, bound) in processes.stops {
            let gone = processes.goneAt(process)
            if gone.map({ $0 - asked > bound * 1_000_000 }) ?? true {
                let how =
                    gone.map { "took \(Duration.nanoseconds($0 - asked)) to stop" }
                    ?? "was asked to stop and never ended"
                report(.stuckExit, nil, "process \(process) \(how); its bound is \(bound) ms")
            }
        }
        let trapped = trappedProcesses
        for (process, ending) in processes.endedUnasked where !trapped.contains(process) {
            report(.died, nil, "process \(process) ended by itself: \(ending)")
        }
    }

    /// Work that is there and moves nowhere, though nothing hinders it. A fault that begins or ends starts the
    /// count anew.
    mutating func checkMovement() {
        var moved: Int?
        var faults = 0
        for event in history.events {
            switch event.kind {
            case .began, .ended: moved = event.at
            case .faultBegan: faults += 1
            case .faultEnded:
                faults -= 1
                moved = event.at
            case .sample where event.waiting == 0 || faults > 0:
                moved = event.at
            case .sample:
                let since = moved ?? event.at
                moved = since
                let stillness = Duration.nanoseconds(event.at - since)
                if stillness > bounds.wedge {
                    report(.wedge, nil, "\(event.waiting ?? 0) jobs waited for \(stillness) and nothing moved")
                    moved = event.at
                }
            default: break
            }
        }
        let left = audit.places.keys.filter { !audit.isDead($0) }.sorted()
        if let first = left.first {
            report(
                .wedge, first,
                "still in \(audit.places[first]?.joined(separator: ", ") ?? "") at the end, with \(left.count - 1) others"
            )
        }
    }
}
