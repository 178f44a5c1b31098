import MusterLaunch
import MusterRedis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The proxy's one thread: sleeps until a socket is ready, an order came or a delay is over.
final class ProxyLoop {
    /// More clients wait outside.
    private static let mostLinks = 512
    private static let starvedPause = Duration.milliseconds(50)

    private let core: ProxyCore
    private let listener: ProxyListener
    private let server: RedisEndpoint.Address
    private var links: [ProxyLink] = []
    private var mayAccept: ContinuousClock.Instant = .now

    init(core: ProxyCore, listener: ProxyListener, server: RedisEndpoint.Address) {
        self.core = core
        self.listener = listener
        self.server = server
    }

    func run() {
        while !core.read({ $0.isStopping }) {
            if core.takeHeal() {
                for link in links where link.isDamaged { link.end() }
            }
            if core.takeDelivery() {
                for link in links { link.deliverNow() }
            }
            let swallowed = core.read { $0.swallowed }
            for link in links { link.tick(swallowed) }
            links.removeAll { $0.isOver }
            core.note(openConnections: links.count)
            sleepAndServe()
        }
        for link in links { link.end() }
        listener.descriptor.close()
        core.note(openConnections: 0)
    }

    private func sleepAndServe() {
        let isOpen = links.count < Self.mostLinks && mayAccept <= .now
        var entries = [
            pollfd(fd: core.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isOpen ? listener.descriptor.number ?? -1 : -1, events: Int16(POLLIN), revents: 0),
        ]
        for link in links { entries += link.interests }
        guard poll(&entries, nfds_t(entries.count), timeout) > 0 else { return }
        if entries[0].revents != 0 { core.drainWakes() }
        // An order that came while this thread slept is obeyed before what came with it.
        let swallowed = core.read { $0.swallowed }
        for (index, link) in links.enumerated() {
            link.serve(client: entries[2 + 2 * index].revents, server: entries[3 + 2 * index].revents, swallowed)
        }
        if entries[1].revents != 0 { letIn() }
    }

    private var timeout: Int32 {
        let until = links.compactMap(\.wakesAt) + (mayAccept > .now ? [mayAccept] : [])
        guard let first = until.min() else { return -1 }
        return Int32(min(1e9, max(0, ((first - .now) / .milliseconds(1)).rounded(.up))))
    }

    private func letIn() {
        while links.count < Self.mostLinks {
            let (client, isStarved) = listener.accept()
            if isStarved { mayAccept = .now + Self.starvedPause }
            guard let client else { return }
            guard let behind = server.connect() else {
                ProxySocket.reset(client)
                continue
            }
            links.append(ProxyLink(client: client, server: behind, core: core))
        }
    }
}
