public import ArgumentParser
import Foundation
import MusterCommandLine
public import MusterKit

struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue", abstract: "Enqueues jobs, and says at once who could run them.",
        discussion: """
            The job asks for this folder's build or a newer one, unless --require,
            or its type in muster.yaml, says otherwise. Answers with the job's id.
            A full Redis refuses jobs (exit 3). Where it becomes full in the middle of
            --file or --count, the rest waits until it has taken none for 10 s; then
            the message says which payloads are enqueued.

            EXAMPLES
              muster enqueue report '{"month":"2026-10"}'
              muster enqueue report @payload.json --queue mail --priority high
              muster enqueue report '{}' --wait --within 30s
              muster enqueue digest --file jobs.ndjson     one payload a line
              muster enqueue invoice --durability disk     returns once it is on disk
              muster enqueue muster.fail --require host:web-7
              muster enqueue sync '{"user":42}' --unique sync-42
              muster enqueue fetch '{"url":"…"}' --then parse --then store
              muster enqueue digest --file jobs.ndjson --on-done mail-the-digest
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The job type.") var type: String
    @Argument(help: "JSON text, @file, or - for standard input; default {}.") var payload: String?
    @Option(help: "The queue; default default.") var queue: String?
    @OptionGroup var builds: RequirementOptions
    @Option(help: "high, normal or low; default normal.") var priority: Priority?
    @Option(
        help: ArgumentHelp("Ready after this long, e.g. 250ms, 30s, 5m, 2h, 7d.", valueName: "duration"),
        transform: DurationText.option)
    var delay: DurationText?
    @Option(help: ArgumentHelp("Ready at this time, e.g. 2026-11-21T18:00:00Z.", valueName: "time")) var at: String?
    @Option(help: "Attempts after the first; default what its type says, or 25.") var retries: Int?
    @Option(
        help: ArgumentHelp("Wait after the first failure; it doubles with each further one.", valueName: "duration"),
        transform: DurationText.option) var backoff: DurationText?
    @Option(
        help: ArgumentHelp("Expire unless a worker begins it within this time.", valueName: "duration"),
        transform: DurationText.option) var startWithin: DurationText?
    @Option(help: ArgumentHelp("Only one job of the queue has this key at a time.", valueName: "key"))
    var unique: String?
    @Option(
        help: ArgumentHelp("With --unique: for this long, whatever becomes of the job.", valueName: "duration"),
        transform: DurationText.option) var uniqueFor: DurationText?
    @Option(help: ArgumentHelp("With --unique: started or done; default done.", valueName: "state"))
    var uniqueUntil: UniqueEnd?
    @Option(help: ArgumentHelp("Counts against the queue's limits per key.", valueName: "key")) var limitKey: String?
    @Option(
        help: ArgumentHelp(
            "Run this type afterwards, with the result as its payload; again for further steps.", valueName: "type"))
    var then: [String] = []
    @Option(help: ArgumentHelp("Add to this open batch, or open it with --on-done.", valueName: "id"))
    var batch: String?
    @Option(help: ArgumentHelp("Run this type when all of these jobs are over.", valueName: "type"))
    var onDone: String?
    @Option(
        help: ArgumentHelp("Cancel the handler after this long.", valueName: "duration"), transform: DurationText.option
    ) var timeout: DurationText?
    @Option(help: "The job's id; repeating the call with it changes nothing.") var id: String?
    @Option(help: ArgumentHelp("Keep the result this long.", valueName: "duration"), transform: DurationText.option)
    var retain: DurationText?
    @Flag(name: .customLong("private"), help: "Its payload is for its handler only: copies for debugging are redacted.")
    var isPrivate = false
    @Option(
        help: ArgumentHelp(
            "memory, disk, replicated:N or all: what to prove before this returns; default memory. Exit 4 where the server cannot give it, 5 where it is not proven in 10 s.",
            valueName: "level"), transform: Durability.option)
    var durability: Durability?
    @Flag(help: "Wait until the job has ended and answer with its result.") var wait = false
    @Option(
        help: ArgumentHelp("With --wait: how long; default for ever.", valueName: "duration"),
        transform: DurationText.option) var within: DurationText?
    @Flag(help: "With --wait: show what the job says of its progress.") var progress = false
    @Option(
        help: ArgumentHelp("Bulk: a file with one payload a line, or - for standard input.", valueName: "jobs.ndjson"))
    var file: String?
    @Option(help: "Bulk: this many jobs with the same payload.") var count: Int?

    func validate() throws {
        if file != nil, payload != nil { throw ValidationError("give either a payload or --file, not both") }
        if file != nil, count != nil { throw ValidationError("give either --file or --count, not both") }
        if file != nil || count != nil, id != nil {
            throw ValidationError("--id names one job; it does not go with --file or --count")
        }
        if file != nil || count != nil, wait {
            throw ValidationError("--wait waits for one job; it does not go with --file or --count")
        }
        if uniqueFor != nil || uniqueUntil != nil, unique == nil {
            throw ValidationError("--unique-for and --unique-until go with --unique")
        }
        if uniqueFor != nil, uniqueUntil != nil {
            throw ValidationError("give either --unique-for or --unique-until, not both")
        }
        if unique != nil, file != nil || count != nil {
            throw ValidationError("--unique is for one job; it does not go with --file or --count")
        }
        if delay != nil, at != nil { throw ValidationError("give either --delay or --at, not both") }
        if within != nil || progress, !wait { throw ValidationError("--within and --progress go with --wait") }
        if let count, !(1...10_000_000).contains(count) {
            throw ValidationError("--count must be between 1 and 10000000")
        }
    }

    func run() async throws {
        let server = try common.server()
        try Name.checked(type, "job type")
        var options = try options()
        let payloads = try Payloads(payload: payload, file: file, count: count).read()
        let handlers = try common.configuration()?.handlers ?? [:]
        let (build, asked) = try builds.resolve(
            common, types: [type] + then + (onDone.map { [$0] } ?? []))
        options.requirement = asked[type] ?? nil
        options.schema = handlers[type]?.schema
        options.isPrivate = options.isPrivate || handlers[type]?.isPrivate ?? false
        func step(_ type: String) -> ChainStep {
            ChainStep(type, requirement: asked[type] ?? nil, schema: handlers[type]?.schema)
        }
        options.then = then.map(step)
        let producer = Producer(server: server, build: build)
        let inspector = Inspector(server: server)
        defer {
            producer.close()
            inspector.close()
        }
        let start = ContinuousClock.now
        let receipts: [Receipt]
        do {
            if let onDone {
                options.batch = try await producer.openBatch(
                    batch, queue: options.queue,
                    callback: Producer.BatchCallback(step(onDone)))
            }
            receipts = try await producer.enqueue(
                type: type, payloads: payloads, ids: id.map { [$0] }, options: options,
                onProgress: { Terminal.progress("enqueued \($0) of \(payloads.count)") })
            Terminal.endProgress()
            if onDone != nil, let batch = options.batch {
                try await producer.closeBatch(batch, queue: options.queue)
            }
        } catch {
            Terminal.endProgress()
            let failure = EnqueueAnswer.Failure(error, isBulk: isBulk)
            if common.json { try JSONOutput.print(failure) }
            let isUnknown = error.outcome == .unknown && error.code != .durabilityUnproven
            if isBulk, isUnknown || !error.accepted.isEmpty {
                throw CommandFailure(CommandFailure(error).status, failure.text(of: payloads.count))
            }
            throw isUnknown
                ? CommandFailure(
                    .redis, "\(error.message); whether it was enqueued is unknown: repeat it with --id to be safe")
                : CommandFailure(error)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let runnable = try await inspector.runnable(receipts[0].requirement, type: type, queue: options.queue)
        let answer = EnqueueAnswer(
            receipts: receipts, type: type, build: build, runnable: runnable, seconds: seconds,
            isBulk: isBulk, batch: options.batch, uniqueKey: unique)
        if !common.json || wait { Terminal.say(answer.advice(build: build, queue: options.queue)) }
        if !common.json, !wait { print(answer.plain) }
        if wait {
            try await JobWait(inspector: inspector, common: common, showsProgress: progress)
                .wait(for: receipts[0].id, queue: options.queue, within: within?.duration)
        } else if common.json {
            try JSONOutput.print(answer)
        }
    }

    private var isBulk: Bool { file != nil || count != nil }

    private func options() throws -> EnqueueOptions {
        var options = EnqueueOptions()
        if let queue { options.queue = try Name.checked(queue, "queue") }
        if let id { try Name.checkedID(id) }
        if let priority { options.priority = priority }
        if let delay { options.schedule = .after(delay.duration) }
        if let at {
            guard let date = Self.date(at) else {
                throw CommandFailure(.usage, "--at \(at) is not a time; write it like 2026-11-21T18:00:00Z")
            }
            options.schedule = .at(milliseconds: Int(date.timeIntervalSince1970 * 1000))
        }
        options.retries = retries
        options.backoff = backoff?.duration
        if let durability { options.durability = durability }
        options.timeout = timeout?.duration
        options.startWithin = startWithin?.duration
        if let unique {
            options.unique = try UniqueKey(
                unique,
                uniqueFor.map { .lasting($0.duration) } ?? (uniqueUntil == .started ? .untilStarted : .untilDone))
        }
        options.limitKey = limitKey
        options.isPrivate = isPrivate
        options.batch = batch
        options.retain = retain?.duration ?? (wait ? .seconds(600) : nil)
        return options
    }

    private static func date(_ text: String) -> Date? {
        let formatter = ISO8601DateFormatter()
        if let date = formatter.date(from: text) { return date }
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return formatter.date(from: text)
    }
}

extension Priority: ExpressibleByArgument {}

/// When a unique key is free again.
enum UniqueEnd: String, ExpressibleByArgument, CaseIterable {
    case started, done
}

extension Durability {
    static func option(_ text: String) throws -> Durability {
        do throws(MusterError) { return try Durability(text) } catch { throw ValidationError(error.message) }
    }
}
