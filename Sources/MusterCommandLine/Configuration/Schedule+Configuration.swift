import Foundation
import MusterKit

extension Schedule {
    /// Reads one entry of `schedules`.
    /// - Parameter handlers: what the file says of its type, where the schedule itself says nothing.
    init(_ node: ConfigurationNode, name: String, handlers: [String: HandlerEntry]) throws(ConfigurationError) {
        let what = "schedule `\(name)`"
        let known = [
            "cron", "zone", "type", "payload", "queue", "catch-up", "require", "priority", "retries", "timeout",
            "retain",
        ]
        var texts: [String: (text: String, node: ConfigurationNode)] = [:]
        for field in try node.fields(of: what, known: known) {
            texts[field.name] = (try field.value.text("`\(field.name)` of \(what)"), field.value)
        }
        func read<Value>(
            _ key: String, _ parse: (String) throws -> Value
        ) throws(ConfigurationError) -> Value? {
            guard let (text, node) = texts[key] else { return nil }
            do { return try parse(text) } catch { throw node.failure("`\(key)` of \(what): \(error)") }
        }
        guard let cron = texts["cron"] else { throw node.failure("\(what) says nothing of when: it needs a `cron`") }
        guard let type = texts["type"]?.text else { throw node.failure("\(what) names no job `type`") }
        let payload = try read("payload") { text in
            guard (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil else {
                throw ScheduleTextError(description: "it is not JSON; write it like '{\"key\":\"value\"}'")
            }
            return Array(text.utf8)
        }
        let catchUp = try read("catch-up") { try CatchUp($0) }
        let ofType = handlers[type]
        let requirement = try read("require") { $0 == "at-least" ? nil : try Requirement($0) } ?? ofType?.requirement
        let priority = try read("priority") { text in
            guard let priority = Priority(rawValue: text) else {
                throw ScheduleTextError(description: "`\(text)` is none of high, normal and low")
            }
            return priority
        }
        let retries = try read("retries") { text in
            guard let retries = Int(text) else { throw ScheduleTextError(description: "`\(text)` is no number") }
            return retries
        }
        let timeout = try read("timeout") { try DurationText($0).duration }
        let retain = try read("retain") { try DurationText($0).duration }
        do throws(MusterError) {
            try self.init(
                name, cron: cron.text, zone: texts["zone"]?.text ?? "UTC", type: type,
                payload: payload ?? Array("{}".utf8), queue: texts["queue"]?.text ?? "default",
                catchUp: catchUp ?? .latest, requirement: requirement, priority: priority ?? .normal,
                retries: retries, timeout: timeout, retain: retain, schema: ofType?.schema)
        } catch {
            throw cron.node.failure("\(what): \(error)")
        }
    }
}

/// What is wrong with one value of a schedule.
private struct ScheduleTextError: Error, CustomStringConvertible {
    let description: String
}
