extension Fault {
    static let network = [partition, requestsLost, repliesLost, slowLine, lossyLine, flappingLine]

    private static func line(
        _ name: String, _ body: @escaping @Sendable (Wire, Blow) async throws -> Void
    ) -> Fault {
        Fault(name, endsLeases: true, needs: [.namespaces]) { lab, blow in
            guard let wire = lab.wire else { throw LabError("this lab has no network between its processes") }
            defer { wire.set() }
            try await body(wire, blow)
        }
    }

    /// Nothing passes. A connection that is idle meanwhile is half open when the line is back.
    public static let partition = line("partition") { wire, blow in
        wire.set(loss: 1)
        try await blow.hold()
    }

    /// One way: what workers send is lost.
    public static let requestsLost = line("requests-lost") { wire, blow in
        wire.set(toServer: 1)
        try await blow.hold()
    }

    /// One way: what Redis answers is lost, so it does what it is told and nobody hears of it.
    public static let repliesLost = line("replies-lost") { wire, blow in
        wire.set(fromServer: 1)
        try await blow.hold()
    }

    /// 50 to 500 ms each way.
    public static let slowLine = line("slow-line") { wire, blow in
        wire.set(delay: 50 + Int(blow.choice % 450), jitter: 20)
        try await blow.hold()
    }

    /// 5 to 30 of a hundred packets are lost.
    public static let lossyLine = line("lossy-line") { wire, blow in
        wire.set(delay: 5, loss: 0.05 + Double(blow.choice % 26) / 100)
        try await blow.hold()
    }

    /// The line goes away and comes back, several times a second.
    public static let flappingLine = line("flapping-line") { wire, blow in
        let end = ContinuousClock.now + blow.duration
        while ContinuousClock.now < end {
            wire.set(loss: 1)
            // The fault's own length: gone, and back.
            try await Task.sleep(for: .milliseconds(150))
            wire.set()
            // As long again it is there.
            try await Task.sleep(for: .milliseconds(150))
        }
    }
}
