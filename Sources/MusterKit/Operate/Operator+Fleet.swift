import Foundation

extension Operator {
    /// Orders live workers to do something, and waits for their answers.
    ///
    /// If this process dies meanwhile, workers that have heard of it do it all the same.
    /// - Parameters:
    ///   - workers: as the roll call has them.
    ///   - within: how long each may take to begin, at most 30 minutes; afterwards it will not do it any more.
    ///   - onAnswer: told of each answer as it comes.
    /// - Returns: what became of it, worker by worker, in their order.
    /// - Throws: ``MusterError`` where a value is out of its range, or Redis does not answer; the order may stand then,
    ///   and is over after `within`.
    public func order(
        _ order: WorkerOrder, to workers: [FleetReport.Worker], within: Duration = .seconds(10),
        onAnswer: (OrderReport.Worker) -> Void = { _ in }
    ) async throws -> OrderReport {
        try order.check()
        guard within >= .milliseconds(1), within <= WorkerOrder.longestWait else {
            throw MusterError(.invalidValue, "an order can wait for at most 30m")
        }
        let nonce = JobID.make(1, milliseconds: Int(Date().timeIntervalSince1970 * 1000))[0]
        let fleet = FleetStore(client, namespace: server.namespace)
        let start = ContinuousClock.now
        var answered: [String: OrderReport.Worker] = [:]
        var full: Set<String> = []
        // Redis must serve others between two parts of a large fleet.
        for part in stride(from: 0, to: workers.count, by: 200) {
            let sessions = workers[part..<min(part + 200, workers.count)].map(\.session)
            full.formUnion(try await fleet.order(order, nonce: nonce, to: sessions, within: within, by: who))
        }
        // Who began in the last moment still has to say so.
        let deadline = ContinuousClock.now + within + .seconds(1)
        var pause = 10
        while answered.count + full.count < workers.count {
            // A last look when the time is over: this process may have been paused meanwhile.
            let isLast = ContinuousClock.now >= deadline
            let known = Set(try await fleet.whoObeyed(nonce))
            let fresh = workers.filter { known.contains($0.session) && answered[$0.session] == nil }
            for part in stride(from: 0, to: fresh.count, by: 50) {
                let some = fresh[part..<min(part + 50, fresh.count)]
                let texts = try await fleet.answers(to: nonce, of: some.map(\.session))
                for (worker, text) in zip(some, texts) {
                    guard let text else { continue }
                    let entry = OrderReport.Worker(worker, OrderAnswer(text), after: .now - start)
                    answered[worker.session] = entry
                    onAnswer(entry)
                }
            }
            if isLast || answered.count + full.count == workers.count { break }
            try await Task.sleep(for: .milliseconds(pause))
            pause = min(200, pause + 10)
        }
        return OrderReport(
            order: order.verb, nonce: nonce,
            workers: workers.map { worker in
                let busy = full.contains(worker.session)
                return answered[worker.session]
                    ?? OrderReport.Worker(
                        worker, busy ? .refused("100 orders wait for it already") : nil, after: .now - start)
            })
    }
}
