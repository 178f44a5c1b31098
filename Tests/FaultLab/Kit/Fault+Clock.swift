extension Fault {
    static let clock = [serverClockBack, serverClockAhead, workerClockBack, workerClockAhead]

    private static func serverClock(_ name: String, _ seconds: Int) -> Fault {
        Fault(name, endsLeases: true, needs: [.movableClocks]) { lab, blow in
            guard let clock = lab.serverClock else { throw LabError("this lab has no movable clocks") }
            try clock.move(by: seconds)
            try await blow.hold()
            try clock.move(by: 0)
        }
    }

    private static func workerClock(_ name: String, _ seconds: Int) -> Fault {
        Fault(name, endsLeases: false, needs: [.movableClocks]) { lab, blow in
            guard let clock = lab.workerClock else { throw LabError("this lab has no movable clocks") }
            try clock.move(by: seconds)
            try await blow.hold()
            try clock.move(by: 0)
        }
    }

    /// Redis' wall clock steps back a minute, and forward again.
    public static let serverClockBack = serverClock("redis-clock-back", -60)
    /// It steps ahead a minute: every lease is over at once.
    public static let serverClockAhead = serverClock("redis-clock-ahead", 60)
    public static let workerClockBack = workerClock("worker-clock-back", -3600)
    public static let workerClockAhead = workerClock("worker-clock-ahead", 3600)
}
