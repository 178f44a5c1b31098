import Synchronization

/// A producer's connections for durable enqueues: one for each durability, made when it is first asked for.
final class DurableConnections: Sendable {
    private let server: MusterServer
    private let patience: Duration
    private let state = Mutex(State())

    private struct State {
        var connections: [Durability: DurableConnection] = [:]
        var isClosed = false
    }

    init(_ server: MusterServer, patience: Duration) {
        self.server = server
        self.patience = patience
    }

    /// The connection to enqueue on, or nil for ``Durability/memory``, which needs none of its own.
    func connection(for durability: Durability) -> DurableConnection? {
        if durability == .memory { return nil }
        return state.withLock { state in
            if let known = state.connections[durability] { return known }
            let new = DurableConnection(server, durability, patience: patience)
            if state.isClosed { new.client.close() }
            state.connections[durability] = new
            return new
        }
    }

    func close() {
        state.withLock { state in
            state.isClosed = true
            for connection in state.connections.values { connection.client.close() }
        }
    }
}
