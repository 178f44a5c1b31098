import FaultHistory
import FaultKit
import Foundation
import Synchronization

/// Where this process kills itself, as a power cut would: at a named point of its Nth job.
final class DeathPoint: Sendable {
    enum Place: String { case begin, middle, end }

    private let place: Place
    private let left: Mutex<Int>

    /// - Parameter text: `begin:20`.
    init(_ text: String) throws {
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count == 2, let place = Place(rawValue: parts[0]), let count = Int(parts[1]) else {
            throw LabError("\"\(text)\" names no point to die at; write begin:20, middle:20 or end:20")
        }
        self.place = place
        left = Mutex(count)
    }

    func pass(_ here: Place, _ journal: Journal) {
        guard here == place else { return }
        let isOver = left.withLock { left in
            left -= 1
            return left == 0
        }
        guard isOver else { return }
        journal.write(.killed) { $0.about = Int(getpid()) }
        kill(getpid(), SIGKILL)
        // Until the signal arrives.
        while true { sleep(1) }
    }
}
