import ArgumentParser
import FaultHistory
import FaultKit
import MusterKit

/// Enqueues at a rate and writes down, honestly, what it was told of each job.
struct ProduceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "produce", abstract: "Enqueues jobs, and writes down what it was told.")

    @Option var redis: String
    @Option(help: "The folder of the journals.") var events: String
    @Option var count: Int
    @Option(help: "In a second.") var rate: Int
    @Option var mix: String
    @Option var seed: UInt64
    @Option(help: "What the ids begin with.") var tag: String

    func run() async throws {
        let journal = try Journal(folder: events, name: "producer")
        let producer = Producer(server: try MusterServer(redis), build: try BuildStamp(LabOptions.builds[1]))
        defer { producer.close() }
        let enqueue = LabEnqueue(producer: producer, journal: journal)
        let mix = try JobMix(mix)
        var random = Seeded(seed)
        let clock = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            var underWay = 0
            for number in 0..<count {
                // The rate itself.
                try? await Task.sleep(until: clock + .seconds(Double(number) / Double(rate)))
                // Bounded: behind a frozen server calls would pile up.
                if underWay == 64 {
                    await group.next()
                    underWay -= 1
                }
                let kind = mix.pick(&random)
                let requirement = Self.requirement(&random)
                let queue = LabOptions.queues[Int(random.next() % UInt64(LabOptions.queues.count))]
                let length = 20 + Int(random.next() % 180)
                group.addTask {
                    await enqueue.send(
                        kind, id: "\(tag)-\(number)", queue: queue, requirement: requirement, milliseconds: length)
                }
                underWay += 1
            }
        }
    }

    /// Half of them for either build, four tenths for the newer one only.
    private static func requirement(_ random: inout Seeded) -> Requirement {
        switch random.next() % 10 {
        case 0: .any
        case 1...5: .atLeast(sequence: 1_763_700_000)
        default: .atLeast(sequence: 1_763_700_312)
        }
    }
}
