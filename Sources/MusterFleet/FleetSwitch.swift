public import MusterKit

/// Blue-green: a group takes over from another, and the other sleeps.
///
/// 1. The second is started. Every one of its workers has to claim, on a build that is not older than the first's, from the
///    queues that the first takes jobs from; and then to stay as it is for as long as it is watched.
/// 2. Only then the first is ended; each of its workers has its grace.
/// 3. Where the second is no good it is ended again, and the first is as it was.
/// 4. Whenever this ends in between, the first runs on, and saying it again goes on.
public struct FleetSwitch: Sendable {
    public struct Options: Sendable {
        /// Workers of the second group on each host; nil: what `fleet.yaml` says, and at least as many as the first has.
        public var count: Int?
        /// The oldest build that the second may have; nil: the newest that the first has.
        public var least: BuildStamp?
        /// How long workers of the second may take to begin.
        public var begin = Duration.seconds(60)
        /// How long the second is watched before the first is ended.
        public var watch = Duration.zero

        public init() {}
    }

    /// What is told while it goes on.
    public enum News: Sendable {
        case step(String)
        case waiting(String)
        /// The second works, and is watched for so long.
        case watch(workers: [String], for: Duration)
        /// For so long still.
        case watching(workers: Int, left: Duration)
        case watched(WatchResult)
    }

    let inspector: Inspector
    let from: FleetSide
    let to: FleetSide
    let options: Options
    let mayGoOn: @Sendable () -> Bool
    let tell: @Sendable (News) -> Void

    /// - Parameters:
    ///   - from: works now.
    ///   - to: is to take over.
    ///   - mayGoOn: asked again and again; false ends it.
    ///   - tell: hears how far it is.
    public init(
        inspector: Inspector, from: FleetSide, to: FleetSide, options: Options,
        mayGoOn: @escaping @Sendable () -> Bool = { true }, tell: @escaping @Sendable (News) -> Void
    ) {
        self.inspector = inspector
        self.from = from
        self.to = to
        self.options = options
        self.mayGoOn = mayGoOn
        self.tell = tell
    }

    private var blue: String { from.group.name }
    private var green: String { to.group.name }

    /// Where Redis gives no answer for too long, what stands is as if this had been ended there.
    /// - Throws: where its task is cancelled.
    public func run() async throws -> SwitchAnswer {
        // One after the other: where both are on one host, the second finds there what the first has sent.
        let blueHeard = await from.tell(.look, step)
        let greenHeard = await to.tell(.look, step)
        var answer = SwitchAnswer(from: blue, to: green, state: .kept)
        do {
            try await decide(blueHeard, greenHeard, &answer)
        } catch let error as MusterError {
            answer.error = error
            let stands =
                answer.hasBegun ? "\(green) runs on and \(blue) was not touched: \(again)" : "nothing was changed"
            answer.why = "\(error); \(stands)"
        }
        return await finished(answer)
    }

    private var again: String { "say it again to go on, or `muster fleet scale \(green)=0`" }

    private func decide(
        _ blueHeard: [FleetSide.Heard], _ greenHeard: [FleetSide.Heard], _ answer: inout SwitchAnswer
    ) async throws {
        let blueWanted = blueHeard.reduce(0) { $0 + $1.sum(\.wanted) }
        if let trouble = from.trouble(blueHeard) ?? to.trouble(greenHeard) {
            answer.why = "\(trouble); nothing was changed"
        } else if blueWanted == 0 {
            if greenHeard.allSatisfy({ $0.sum(\.wanted) == 0 }) {
                answer.why = "neither \(blue) nor \(green) runs: begin with `muster fleet up`"
            } else {
                try await standsAlready(blueHeard, &answer)
            }
        } else {
            try await takeOver(blueHeard, greenHeard, &answer)
        }
    }

    private var step: @Sendable (String) -> Void { { [tell] in tell(.waiting($0)) } }

    private func takeOver(
        _ blueHeard: [FleetSide.Heard], _ greenHeard: [FleetSide.Heard], _ answer: inout SwitchAnswer
    ) async throws {
        let start = FailureRates(try await inspector.releases())
        let now = from.workers(blueHeard, in: try await inspector.fleet())
        if now.isEmpty, options.least == nil {
            answer.why =
                "no worker of \(blue) is in the roll call, so nobody knows which build \(green) must not be older than: give --min-build, or bring \(blue) back with `muster fleet up`; nothing was changed"
            return
        }
        let count = count(blueHeard, greenHeard)
        tell(.step("starting \(green): \(count) on \(to.places.map(\.host.name).joined(separator: ", "))"))
        answer.hasBegun = true
        let heard = await to.tell(.scale, count: count, step)
        let entry = SwitchEntry(
            inspector: inspector, side: to, count: count, before: now, least: options.least, mayGoOn: mayGoOn,
            tell: tell)
        var end = try await entry.wait(heard, within: options.begin)
        if case .good(let workers) = end, options.watch > .zero {
            let builds = Set(workers.compactMap(\.build)).subtracting(now.compactMap(\.build))
            let watch = FleetWatch(
                inspector: inspector, workers: workers, builds: builds, start: start, patience: options.begin)
            tell(.watch(workers: workers.map(FleetRoll.name), for: options.watch))
            let seen = try await watch.run(for: options.watch, mayGoOn: mayGoOn) {
                tell(.watching(workers: workers.count, left: $0))
            }
            switch seen {
            case .good(let result):
                answer.watched = result
                tell(.watched(result))
            case .bad(let problem):
                end = .bad("\(problem.why): \(problem.bad.prefix(20).map(FleetRoll.name).joined(separator: ", "))")
            case .ended: end = .ended
            }
        }
        if case .good = end, !mayGoOn() { end = .ended }
        if case .good = end {
            // First of all, so that nobody's `fleet up` ends the one that is about to work alone.
            let marks = to.places.map { _ in Optional(SwitchMark(isAsleep: false, other: blue)) }
            let trouble = to.trouble(await to.tell(.turn, count: count, marks: marks, step))
            if let trouble { end = .bad(trouble) }
        }
        switch end {
        case .good: await retire(&answer)
        case .bad(let why): await takeBack(why, blueHeard, greenHeard, &answer)
        case .ended:
            answer.why = "asked to; \(green) runs on and \(blue) was not touched: \(again)"
        }
    }

    /// The first was told to end before; the second has to work all the same.
    private func standsAlready(_ blueHeard: [FleetSide.Heard], _ answer: inout SwitchAnswer) async throws {
        let deadline = ContinuousClock.now + options.begin
        while true {
            let isLast = ContinuousClock.now > deadline
            let heard = await to.tell(.look)
            let report = try await inspector.fleet(within: options.begin)
            guard let missing = to.missing(heard, in: report, count: nil) else { break }
            if isLast || !mayGoOn() {
                answer.why = "\(blue) sleeps already, and \(green) does not work: \(missing)"
                return
            }
            tell(.waiting(missing))
            try await Task.sleep(for: to.pause)
        }
        if blueHeard.allSatisfy({ (try? $0.get())?.isEmpty ?? false }) {
            answer.state = .already
        } else {
            // Somebody has to look after those that are left.
            let marks = blueHeard.map { (try? $0.get())?.mark }
            _ = await from.tell(.turn, count: 0, marks: marks, step)
            await watchLeave(&answer)
        }
    }

    /// Nobody loses workers by not having said how many.
    private func count(_ blueHeard: [FleetSide.Heard], _ greenHeard: [FleetSide.Heard]) -> Int {
        if let count = options.count { return count }
        let blueWanted = blueHeard.reduce(0) { $0 + $1.sum(\.wanted) }
        let share = (blueWanted + to.places.count - 1) / to.places.count
        return max(to.group.count, share, greenHeard.map { $0.sum(\.wanted) }.max() ?? 0)
    }

    private func retire(_ answer: inout SwitchAnswer) async {
        tell(.step("\(green) works; ending \(blue), each worker within its grace"))
        let marks = from.places.map { _ in Optional(SwitchMark(isAsleep: true, other: green)) }
        let heard = await from.tell(.turn, count: 0, marks: marks, step)
        if let trouble = from.trouble(heard) {
            (answer.state, answer.why) = (.partly, "\(trouble); say it again when that is mended")
        } else {
            await watchLeave(&answer)
        }
    }

    private func watchLeave(_ answer: inout SwitchAnswer) async {
        switch await leave(of: from) {
        case .gone: answer.state = .switched
        case .late(let why): (answer.state, answer.why, answer.isLate) = (.partly, why, true)
        case .ended:
            (answer.state, answer.why) = (.partly, "asked to; \(green) works, and \(blue) ends without this, too")
        }
    }

    private func takeBack(
        _ why: String, _ blueHeard: [FleetSide.Heard], _ greenHeard: [FleetSide.Heard], _ answer: inout SwitchAnswer
    ) async {
        let why = "\(green) is no good: \(why)"
        if blueHeard.contains(where: { $0.sum(\.wanted) == 0 }) {
            // An earlier switch got halfway: without the second there might be too few.
            answer.why = "\(why); it was left as it is, because \(blue) does not run everywhere"
            return
        }
        tell(.step("\(green) is no good; ending it"))
        let marks = greenHeard.map { (try? $0.get())?.mark }
        let heard = await to.tell(.turn, count: 0, marks: marks, step)
        if let trouble = to.trouble(heard) {
            answer.why = "\(why); \(blue) was not touched; not ended: \(trouble)"
            return
        }
        switch await leave(of: to) {
        case .gone: answer.why = "\(why); it was ended again, and \(blue) was not touched"
        case .late(let late): answer.why = "\(why); \(blue) was not touched; \(late)"
        case .ended: answer.why = "\(why); it ends without this, too, and \(blue) was not touched"
        }
    }

    private func leave(of side: FleetSide) async -> SwitchExit.End {
        await SwitchExit(side: side, mayGoOn: mayGoOn, tell: tell).wait()
    }

    /// With what stands now.
    private func finished(_ answer: SwitchAnswer) async -> SwitchAnswer {
        var answer = answer
        let report = try? await inspector.fleet()
        for side in [from, to] {
            for (place, heard) in zip(side.places, await side.tell(.look)) {
                var line = SwitchAnswer.Line(group: side.group.name, host: place.host.name)
                switch heard {
                case .success(let said): (line.wanted, line.running) = (said.wanted, said.running)
                case .failure(let error): line.error = "\(error)"
                }
                line.claiming = report.map { side.workers(place, heard, in: $0).count(where: \.isClaiming) }
                answer.groups.append(line)
            }
        }
        return answer
    }
}
