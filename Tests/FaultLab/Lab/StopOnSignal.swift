import Dispatch
import Foundation
import MusterKit

/// Hears SIGTERM on a thread that no handler can block, asks the worker to stop, and ends the process when that
/// takes longer than its bound.
final class StopOnSignal {
    private let source: any DispatchSourceSignal

    init(worker: Worker, bound: Duration) {
        signal(SIGTERM, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: DispatchQueue(label: "stop"))
        source.setEventHandler {
            worker.stop()
            let thread = Thread {
                // The bound itself.
                Thread.sleep(forTimeInterval: bound / .seconds(1))
                _exit(1)
            }
            thread.start()
        }
        source.resume()
    }

    func end() { source.cancel() }
}
