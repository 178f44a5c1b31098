public import FaultHistory
public import MusterKit

/// Enqueues a job and writes down what the producer was told: before it sends, and when it hears.
public struct LabEnqueue: Sendable {
    private let producer: Producer
    private let journal: Journal

    public init(producer: Producer, journal: Journal) {
        self.producer = producer
        self.journal = journal
    }

    public func send(
        _ kind: JobKind, id: String, queue: String, requirement: Requirement, milliseconds: Int
    ) async {
        let event = Event(.sent).with {
            ($0.job, $0.type, $0.queue, $0.requirement) = (id, kind.rawValue, queue, "\(requirement)")
        }
        journal.write(event)
        var answer = Event.Kind.accepted
        var note: String?
        do {
            try await producer.enqueue(
                type: kind.rawValue, payload: Array(#"{"ms":\#(milliseconds)}"#.utf8),
                options: EnqueueOptions(queue: queue, requirement: requirement, id: id))
        } catch {
            answer = error.outcome == .unknown ? .unknown : .rejected
            note = "\(error)"
        }
        journal.write(event.with { ($0.kind, $0.at, $0.note) = (answer, MonotonicTime.now, note) })
    }
}
