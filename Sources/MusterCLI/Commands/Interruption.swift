import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, heard and not yet obeyed; a second one ends the process as usual.
final class Interruption: Sendable {
    private let asked = Mutex(false)

    /// Listens until this process ends.
    init() {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: DispatchQueue(label: "muster-interruption"))
        source.setEventHandler {
            // The handler holds the source, and with it itself.
            _ = source
            self.asked.withLock { $0 = true }
            signal(SIGINT, SIG_DFL)
        }
        source.resume()
    }

    var isAsked: Bool { asked.withLock { $0 } }
}
