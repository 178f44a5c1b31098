import MusterCommandLine
import MusterKit

/// Queues and their lanes for people.
struct QueueText {
    private let queues: [QueueReport]

    init(_ queues: [QueueReport]) { self.queues = queues }

    var text: String {
        var table = Table(
            "QUEUE", "READY", "HELD", "PARKED", "SCHEDULED", "DEAD", "REVIEW", "OLDEST", "SUCCEEDED", "FAILED", "STATE")
        for queue in queues {
            table.add(
                queue.name, "\(queue.ready)", "\(queue.held)", "\(queue.parked)", "\(queue.scheduled)",
                "\(queue.dead)", "\(queue.review)", queue.oldestAgeMs.map { ageText(milliseconds: $0) } ?? "-",
                "\(queue.succeeded)",
                "\(queue.failed)", queue.paused ? Terminal.coloured("paused", .yellow) : "open")
        }
        var lanes = Table("QUEUE", "PRIORITY", "REQUIRES", "COUNT", "RUNNABLE BY")
        for queue in queues {
            for lane in queue.lanes {
                let requirement = lane.requirement + (lane.knows.map { ", knowing \($0)" } ?? "")
                let workers = lane.runnableBy == 1 ? "1 worker" : "\(lane.runnableBy) workers"
                lanes.add(
                    queue.name, lane.priority, requirement, "\(lane.count)",
                    lane.runnableBy == 0 ? Terminal.coloured("nobody", .red) : workers)
            }
        }
        return table.text + (lanes.isEmpty ? "" : "\n\n" + lanes.text)
    }
}
