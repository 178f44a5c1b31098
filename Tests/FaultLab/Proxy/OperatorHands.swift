@testable import MusterKit

/// Through what an operator acts.
struct OperatorHands: Sendable {
    let people: Operator
    let scheduler: Scheduler

    init(_ server: MusterServer) throws {
        people = Operator(server: server)
        scheduler = Scheduler(server: server, build: try BuildStamp("5-r5"))
    }

    func close() {
        people.close()
        scheduler.close()
    }
}
