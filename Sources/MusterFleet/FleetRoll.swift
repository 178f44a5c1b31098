public import MusterKit

/// Starts a fleet's workers anew, batch by batch, whatever launched them: each is ordered to finish and end, and whoever
/// looks after it starts it from what is on its disk.
///
/// 1. Those go first that are missed least: stale, then idle. Before all of them goes the canary, a group, and is watched.
/// 2. A batch is good when each of its workers is followed by one of the same host and name that has claimed, on a build
///    that will do, and when that build fails no more often than the others since the roll began.
/// 3. The first bad batch ends the roll; what was not begun goes on as it was. So does a canary that turns bad later.
/// 4. If this ends in between, the workers that were ordered finish and come back all the same.
public struct FleetRoll: Sendable {
    /// A group that goes first.
    public struct Canary: Sendable {
        public var group: String
        /// How long its workers are watched before the others are begun.
        public var watch = Duration.seconds(60)

        public init(group: String) { self.group = group }
    }

    public struct Options: Sendable {
        public var batch = RollBatch.count(1)
        /// The oldest build that a worker may come back with; nil: no older one than it had.
        public var least: BuildStamp?
        /// How long a worker may take to finish what it has before it is ordered to stop within its grace.
        public var finish = Duration.seconds(300)
        /// How long a worker may take to come back and claim, once it is gone.
        public var comeBack = Duration.seconds(60)
        /// Who is rolled first, and watched; nil for nobody.
        public var canary: Canary?

        public init() {}
    }

    /// What became of the roll.
    public struct Answer: Sendable, Encodable {
        public var rolled = 0
        public var of: Int
        public var batches = 0
        /// They had ended, or were ending, before it was their turn.
        public var passedOver = 0
        /// Why it ended before all were rolled.
        public var stoppedBy: String?
        /// Those of the bad batch, `HOST/NAME`.
        public var bad: [String] = []
        /// Those that came back with the build they had, though a newer one lies on their disk: `HOST/NAME`.
        public var unchanged: [String] = []
        /// What was seen of the canary; nothing where there was none, or it was bad.
        public var canary: WatchResult?
        /// How the new builds stood beside the others, batch by batch.
        public var compared: [Comparison] = []
        /// What Redis said where it ended the roll.
        public var error: MusterError?

        private enum CodingKeys: CodingKey {
            case rolled, of, batches, passedOver, stoppedBy, bad, unchanged, canary, compared
        }
    }

    /// The builds that came with a batch, as they stood when it was back, since the roll began.
    public struct Comparison: Sendable, Encodable {
        public let batch: Int
        public let builds: [WatchResult.Build]
    }

    /// What is told while it goes on.
    public enum News: Sendable {
        case began(batch: Int, of: Int, workers: [String])
        case compared(Comparison)
        case waiting(String)
        /// The canary is back, and is watched for so long.
        case watch(workers: [String], for: Duration)
        /// For so long still.
        case watching(workers: Int, left: Duration)
        case watched(WatchResult)
    }

    private let inspector: Inspector
    private let people: Operator
    private let options: Options

    public init(inspector: Inspector, people: Operator, options: Options) {
        self.inspector = inspector
        self.people = people
        self.options = options
    }

    /// - Parameters:
    ///   - choose: whom, of the roll call.
    ///   - mayGoOn: asked before each batch, and while a canary is watched; false ends the roll.
    ///   - tell: hears how far it is.
    /// - Throws: ``MusterError`` where Redis does not answer before anything has begun.
    public func run(
        _ choose: (FleetReport) -> [FleetReport.Worker], mayGoOn: () -> Bool = { true }, tell: (News) -> Void
    ) async throws -> Answer {
        let chosen = FleetVictims.order(choose(try await inspector.fleet()))
        let start = FailureRates(try await inspector.releases())
        var progress = Progress(answer: Answer(of: chosen.count), all: 0)
        do {
            try await roll(chosen, since: start, &progress, mayGoOn, tell)
        } catch let error as MusterError {
            progress.answer.error = error
            stop(&progress, error.mayPass ? "Redis gave no answer: \(error)" : "\(error)", progress.batch)
        }
        return progress.answer
    }

    /// All of them, those of the canary first where there is one.
    private func roll(
        _ chosen: [FleetReport.Worker], since start: FailureRates, _ progress: inout Progress, _ mayGoOn: () -> Bool,
        _ tell: (News) -> Void
    ) async throws {
        guard let canary = options.canary else {
            progress.all = count(chosen)
            try await roll(chosen, since: start, canary: nil, &progress, mayGoOn, tell)
            return
        }
        let first = chosen.filter { $0.group == canary.group }
        let rest = chosen.filter { $0.group != canary.group }
        progress.all = count(first) + count(rest)
        if try await roll(first, since: start, canary: nil, &progress, mayGoOn, tell) {
            let watch = try await watch(canary, beside: rest, since: start, &progress, mayGoOn, tell)
            if let watch { try await roll(rest, since: start, canary: watch, &progress, mayGoOn, tell) }
        }
    }

    public static func name(_ worker: FleetReport.Worker) -> String {
        "\(worker.host)/\(worker.name ?? "\(worker.pid)")"
    }

    private struct Progress {
        var answer: Answer
        /// Batches that there are to be.
        var all: Int
        var last = RollStep.Good()
        /// Those that are ordered to go and not followed yet.
        var batch: [FleetReport.Worker] = []
    }

    private func count(_ workers: [FleetReport.Worker]) -> Int {
        let size = options.batch.size(of: workers.count)
        return (workers.count + size - 1) / size
    }

    /// - Parameter canary: has to be good still before each batch.
    /// - Returns: whether all went well.
    @discardableResult private func roll(
        _ workers: [FleetReport.Worker], since start: FailureRates, canary: FleetWatch?, _ progress: inout Progress,
        _ mayGoOn: () -> Bool, _ tell: (News) -> Void
    ) async throws -> Bool {
        let size = options.batch.size(of: workers.count)
        let step = RollStep(inspector: inspector, people: people, options: options, start: start)
        progress.last = RollStep.Good()
        for first in stride(from: 0, to: workers.count, by: size) {
            guard mayGoOn() else {
                progress.answer.stoppedBy = "asked to"
                return false
            }
            if let problem = try await canary?.look() {
                stop(&progress, "the canary turned bad: \(problem.why)", problem.bad)
                return false
            }
            let batch = try await present(Array(workers[first..<min(first + size, workers.count)]), &progress.answer)
            progress.answer.batches += 1
            if batch.isEmpty { continue }
            tell(.began(batch: progress.answer.batches, of: progress.all, workers: batch.map(Self.name)))
            progress.batch = batch
            switch try await step.run(batch, tell) {
            case .bad(let problem):
                stop(&progress, problem.why, problem.bad)
                return false
            case .good(let good):
                progress.answer.rolled += batch.count
                progress.answer.unchanged += good.unchanged.map(Self.name)
                progress.last.followers += good.followers
                progress.last.builds.formUnion(good.builds)
                progress.batch = []
                if good.compared.isEmpty { continue }
                let comparison = Comparison(batch: progress.answer.batches, builds: good.compared)
                progress.answer.compared.append(comparison)
                tell(.compared(comparison))
            }
        }
        return true
    }

    private func stop(_ progress: inout Progress, _ why: String, _ bad: [FleetReport.Worker]) {
        progress.answer.stoppedBy = why
        progress.answer.bad = bad.map(Self.name)
    }

    /// - Returns: what the rest of the roll holds the canary to; nil where the roll is over.
    private func watch(
        _ canary: Canary, beside rest: [FleetReport.Worker], since start: FailureRates, _ progress: inout Progress,
        _ mayGoOn: () -> Bool, _ tell: (News) -> Void
    ) async throws -> FleetWatch? {
        let followers = progress.last.followers
        guard !followers.isEmpty else {
            stop(&progress, "no live worker belongs to the canary, group \(canary.group)", [])
            return nil
        }
        // Also one that had the new build before this roll: the others have not.
        let builds = Set(followers.compactMap(\.build)).subtracting(rest.compactMap(\.build))
        let watch = FleetWatch(
            inspector: inspector, workers: followers, builds: builds.union(progress.last.builds), start: start,
            patience: options.comeBack)
        tell(.watch(workers: followers.map(Self.name), for: canary.watch))
        let end = try await watch.run(for: canary.watch, mayGoOn: mayGoOn) {
            tell(.watching(workers: followers.count, left: $0))
        }
        switch end {
        case .good(let result):
            progress.answer.canary = result
            tell(.watched(result))
            return watch
        case .bad(let problem): stop(&progress, "the canary is bad: \(problem.why)", problem.bad)
        case .ended: progress.answer.stoppedBy = "asked to"
        }
        return nil
    }

    /// Those of a batch that are there still: a fleet goes on living during a roll. Who lost its lease has another session by
    /// now. Who has ended, or is about to, runs what is on disk when it comes back, without any order.
    private func present(
        _ batch: [FleetReport.Worker], _ answer: inout Answer
    ) async throws -> [FleetReport.Worker] {
        let live = try await inspector.fleet(within: options.comeBack).workers.filter(\.isLive)
        let there = batch.compactMap { worker in
            live.first { $0.session == worker.session } ?? live.first { worker.isSameProcess(as: $0) }
        }.filter { $0.state != .stopping }
        answer.passedOver += batch.count - there.count
        return there
    }
}
