import Foundation
import MusterRedis
import Synchronization

/// Takes the orders that somebody has for a session, on a thread of its own: no handler can block it, and a dump that
/// takes its time delays no heartbeat.
///
/// 1. It looks when it is told that there is an order; each heartbeat's answer says so too, so that a message that was
///    lost costs no more than a beat.
/// 2. What it is ordered to do it does once, whatever becomes of its answer; the answer is said again until Redis has it,
///    and then Redis gives the order to it no more.
/// 3. It answers before it does what ends the process.
///
/// If the process dies, whoever ordered hears nothing, and is told who did not answer.
final class OrderTaker: Sendable {
    private struct State {
        var isStopping = false
        /// What was done, with the answers that Redis may not have yet.
        var answers: [String: String] = [:]
    }

    private let session: String
    private let fleet: FleetStore
    private let patience: Duration
    private let obey: @Sendable (ReceivedOrder) -> (answer: OrderAnswer, then: (@Sendable () -> Void)?)
    private let wake = SteadySemaphore()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - patience: how long to wait for Redis' answer before it looks again.
    ///   - obey: does what is ordered; `then` is done when the answer is on its way.
    init(
        session: String, fleet: FleetStore, patience: Duration,
        obey: @escaping @Sendable (ReceivedOrder) -> (answer: OrderAnswer, then: (@Sendable () -> Void)?)
    ) {
        self.session = session
        self.fleet = fleet
        self.patience = patience
        self.obey = obey
    }

    func start() {
        let thread = Thread {
            ThreadStacks.nameThisThread("muster-orders")
            self.run()
        }
        thread.start()
    }

    /// Ends the thread when it is done with what it does now; returns at once.
    func stop() {
        state.withLock { $0.isStopping = true }
        wake.signal()
    }

    /// There may be an order.
    func look() { wake.signal() }

    private func run() {
        while true {
            _ = wake.wait(within: .seconds(3600))
            if state.withLock({ $0.isStopping }) { return }
            for order in waiting() { take(order) }
        }
    }

    private func waiting() -> [ReceivedOrder] {
        let found = Mutex<[ReceivedOrder]?>(nil)
        let heard = SteadySemaphore()
        fleet.heed(session: session) { orders in
            found.withLock { $0 = orders }
            heard.signal()
        }
        _ = heard.wait(within: patience)
        guard let orders = found.withLock({ $0 }) else { return [] }
        // What Redis lists no more it has the answer of, or it is over.
        let listed = Set(orders.map(\.nonce))
        state.withLock { state in state.answers = state.answers.filter { listed.contains($0.key) } }
        return orders
    }

    private func take(_ order: ReceivedOrder) {
        if let text = state.withLock({ $0.answers[order.nonce] }) { return say(text, order.nonce) }
        guard ContinuousClock.now < order.until else { return }
        let (answer, then) = obey(order)
        let text = answer.text
        state.withLock { $0.answers[order.nonce] = text }
        say(text, order.nonce)
        then?()
    }

    private func say(_ text: String, _ nonce: String) {
        let heard = SteadySemaphore()
        fleet.obeyed(nonce, session: session, answer: text) { heard.signal() }
        _ = heard.wait(within: patience)
    }
}
