import MusterRedis

/// The arrows between a job's states: one Lua file each, behind the common fence and the parts it shares with others.
enum Scripts {
    static let enqueue = script("enqueue", PackageResources.enqueue_lua)
    static let claim = script("claim", PackageResources.claim_lua, over, settle)
    static let beat = script("beat", PackageResources.beat_lua)
    static let handback = script("handback", PackageResources.handback_lua, over)
    static let maintain = script("maintain", PackageResources.maintain_lua, over, squeeze)
    static let forgive = script("forgive", PackageResources.forgive_lua, over)
    static let progress = script("progress", PackageResources.progress_lua)
    static let cancel = script("cancel", PackageResources.cancel_lua, over, leave, place)
    static let discard = script("discard", PackageResources.discard_lua, over, leave, place)
    static let revive = script("revive", PackageResources.revive_lua)
    static let clear = script("clear", PackageResources.clear_lua, over)
    static let batch = script("batch", PackageResources.batch_lua, over)
    static let watch = script("watch", PackageResources.watch_lua)
    static let seen = script("seen", PackageResources.seen_lua)
    static let settings = script("settings", PackageResources.settings_lua)
    static let audit = script("audit", PackageResources.audit_lua, over, leave)
    static let survey = script("survey", PackageResources.survey_lua)
    static let recount = script("recount", PackageResources.recount_lua)
    static let setaside = script("setaside", PackageResources.setaside_lua)
    static let job = script("job", PackageResources.job_lua, place)
    static let dead = script("dead", PackageResources.dead_lua)
    static let queue = script("queue", PackageResources.queue_lua)
    static let fleet = script("fleet", PackageResources.fleet_lua, ledger)
    static let announce = script("announce", PackageResources.announce_lua, ledger)
    static let rules = script("rules", PackageResources.rules_lua, ledger)
    static let returned = script("returned", PackageResources.returned_lua)
    static let adopt = script("adopt", PackageResources.adopt_lua)
    static let restamp = script("restamp", PackageResources.restamp_lua)
    static let relabel = script("relabel", PackageResources.relabel_lua, place)
    static let inventory = script("inventory", PackageResources.inventory_lua)
    static let coming = script("coming", PackageResources.coming_lua)
    static let review = script("review", PackageResources.review_lua, over, settle, leave)
    static let reviews = script("reviews", PackageResources.reviews_lua)
    static let schedule = script("schedule", PackageResources.schedule_lua)
    static let unschedule = script("unschedule", PackageResources.unschedule_lua)
    static let schedules = script("schedules", PackageResources.schedules_lua)
    static let fire = script("fire", PackageResources.fire_lua)

    static let order = script("order", PackageResources.order_lua)
    static let heed = script("heed", PackageResources.heed_lua)
    static let obeyed = script("obeyed", PackageResources.obeyed_lua)
    static let sample = script("sample", PackageResources.sample_lua)

    static let prove = script("prove", PackageResources.prove_lua)
    static let rights = script("rights", PackageResources.rights_lua)

    static let all = [
        enqueue, claim, beat, handback, maintain, forgive, progress, cancel, discard, revive, clear, batch, watch,
        seen, settings, audit, survey, recount, setaside, job, dead, queue, fleet, announce, rules, returned, adopt,
        restamp, relabel, inventory, coming, review, reviews, schedule, unschedule, schedules, fire, order, heed,
        obeyed,
        sample, prove, rights,
    ]

    /// What several scripts share, by file name.
    static let over = PackageResources.over_lua
    static let place = PackageResources.place_lua
    static let leave = PackageResources.leave_lua
    static let settle = PackageResources.settle_lua
    static let squeeze = PackageResources.squeeze_lua
    static let ledger = PackageResources.ledger_lua

    private static func script(_ name: String, _ body: [UInt8], _ parts: [UInt8]...) -> RedisScript {
        let text = [PackageResources.fence_lua] + parts + [body]
        return RedisScript(name: name, source: String(decoding: text.joined(), as: UTF8.self))
    }
}
