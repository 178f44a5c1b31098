import MusterCommandLine
import Synchronization

/// One line for people: how many hosts are done, and what one of the others is at.
final class FleetProgress: Sendable {
    private let all: Int
    private let state = Mutex((done: 0, steps: [String: String]()))

    init(of all: Int) {
        self.all = all
    }

    func show(_ host: String, _ step: String) {
        state.withLock { $0.steps[host] = step }
        draw()
    }

    func end(_ host: String) {
        state.withLock { state in
            state.steps[host] = nil
            state.done += 1
        }
        draw()
    }

    private func draw() {
        let (done, steps) = state.withLock { $0 }
        guard all > 1 || !steps.isEmpty else { return }
        let others = steps.sorted { $0.key < $1.key }.prefix(3).map { "\($0.key): \($0.value)" }
        Terminal.progress("\(done) of \(all) hosts" + (others.isEmpty ? "" : " · " + others.joined(separator: " · ")))
    }
}
