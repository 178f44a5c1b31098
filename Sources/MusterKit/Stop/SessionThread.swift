import Dispatch

/// The thread that a worker's sessions, or a reporter's sending, run on: handlers that block every thread of Swift's
/// pool keep nobody from claiming, stopping or handing back.
///
/// A serial queue of Dispatch's own has a thread even then.
final class SessionThread: TaskExecutor {
    private let queue: DispatchQueue

    init(_ label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
