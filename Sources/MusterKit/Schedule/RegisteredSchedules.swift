import Synchronization

/// Which schedules this worker has registered in any of its sessions: one that must be added a second time was lost.
final class RegisteredSchedules: Sendable {
    private let names = Mutex<Set<String>>([])

    /// - Returns: whether it had been registered before.
    func note(_ schedule: Schedule) -> Bool {
        names.withLock { !$0.insert("\(schedule.queue):\(schedule.name)").inserted }
    }
}
