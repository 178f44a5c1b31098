import MusterRedis

/// The arrows between a job's states: one Lua file each, behind the common fence.
enum Scripts {
    static let enqueue = script("enqueue", PackageResources.enqueue_lua)
    static let claim = script("claim", PackageResources.claim_lua)
    static let beat = script("beat", PackageResources.beat_lua)
    static let handback = script("handback", PackageResources.handback_lua)
    static let maintain = script("maintain", PackageResources.maintain_lua)
    static let progress = script("progress", PackageResources.progress_lua)
    static let job = script("job", PackageResources.job_lua)
    static let queue = script("queue", PackageResources.queue_lua)
    static let fleet = script("fleet", PackageResources.fleet_lua)
    static let queues = script("queues", PackageResources.queues_lua)
    static let prove = script("prove", PackageResources.prove_lua)
    static let rights = script("rights", PackageResources.rights_lua)

    static let all = [
        enqueue, claim, beat, handback, maintain, progress, job, queue, fleet, queues, prove, rights,
    ]

    private static func script(_ name: String, _ body: [UInt8]) -> RedisScript {
        let fence = String(decoding: PackageResources.fence_lua, as: UTF8.self)
        return RedisScript(name: name, source: fence + String(decoding: body, as: UTF8.self))
    }
}
