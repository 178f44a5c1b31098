/// The end of a group that a switch has scaled to 0: each worker has its grace.
struct SwitchExit: Sendable {
    enum End {
        case gone
        /// Why not.
        case late(String)
        case ended
    }

    let side: FleetSide
    let mayGoOn: @Sendable () -> Bool
    let tell: @Sendable (FleetSwitch.News) -> Void

    /// Until no worker is left on any host; no longer than a stop may take, and ten seconds.
    func wait() async -> End {
        let deadline = ContinuousClock.now + .milliseconds(side.group.stopMilliseconds) + .seconds(10)
        while true {
            let isLast = ContinuousClock.now > deadline
            let heard = await side.tell(.look)
            let left = heard.reduce(0) { $0 + $1.sum(\.running) }
            let trouble = side.trouble(heard)
            if heard.allSatisfy({ (try? $0.get())?.isEmpty ?? false }) { return .gone }
            if isLast {
                let name = side.group.name
                if left == 0 { return .late(trouble ?? "the supervisor of \(name) says nothing") }
                return .late(trouble ?? "\(left) workers of \(name) still stop")
            }
            guard mayGoOn() else { return .ended }
            tell(.waiting("\(left) workers of \(side.group.name) still finish"))
            try? await Task.sleep(for: side.pause)
        }
    }
}
