import Foundation
import MusterKit
import MusterTestKit

extension Fault {
    static let disk = [fullDataDisk, fullLogDisk]

    /// The disk below the append-only file is full: Redis answers every write with MISCONF.
    public static let fullDataDisk = Fault("full-data-disk", endsLeases: true, needs: [.smallDisks]) { lab, blow in
        guard let disk = lab.dataDisk else { throw LabError("this lab has no small disks") }
        // With `always` a Redis that cannot write ends itself; with `everysec` it refuses writes.
        _ = try await lab.redisAsk("CONFIG", "SET", "appendfsync", "everysec")
        disk.fill()
        try await blow.hold()
        disk.free()
        let writesAgain = try await eventually(every: .milliseconds(100)) {
            try await lab.redisAsk("INFO", "persistence").text?.contains("aof_last_write_status:ok") == true
        }
        if !writesAgain { throw LabError("Redis does not write again, though its disk has room") }
        // A write that the disk took half of stays in the middle of the file, where no later start reads past it.
        _ = try await lab.redisAsk("BGREWRITEAOF")
        let wholeAgain = try await eventually(within: .seconds(60), every: .milliseconds(100)) {
            let persistence = try await lab.redisAsk("INFO", "persistence").text ?? ""
            return ["aof_rewrite_scheduled:0", "aof_rewrite_in_progress:0", "aof_last_bgrewrite_status:ok"]
                .allSatisfy(persistence.contains)
        }
        if !wholeAgain { throw LabError("Redis did not write its append-only file anew, though its disk has room") }
        _ = try await lab.redisAsk("CONFIG", "SET", "appendfsync", "always")
    }

    /// The disk that the workers log to is full.
    public static let fullLogDisk = Fault("full-log-disk", endsLeases: false, needs: [.smallDisks]) { lab, blow in
        guard let disk = lab.logDisk else { throw LabError("this lab has no small disks") }
        disk.fill()
        defer { disk.free() }
        // Something to log.
        _ = try await lab.redisAsk("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try await blow.hold()
    }
}
