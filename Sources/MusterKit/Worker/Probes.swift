import Foundation

extension Handlers {
    /// Adds the probe types, which try out a fleet and how it stops: `muster.noop`, `muster.echo`,
    /// `muster.sleep {"seconds":n}`, `muster.fail {"message":m}`, `muster.crash`, `muster.spin {"seconds":n}`.
    public mutating func registerProbes() {
        register(type: "muster.noop") { _ in nil }
        register(type: "muster.echo") { Array($0.payload) }
        register(type: "muster.sleep") { context in
            try await Task.sleep(for: .seconds(try ProbePayload(context).seconds ?? 1))
            return nil
        }
        register(type: "muster.fail") { context in
            throw ProbeFailure(description: try ProbePayload(context).message ?? "asked to fail")
        }
        register(type: "muster.crash") { _ in abort() }
        register(type: "muster.spin") { context in
            let end = ContinuousClock.now + .seconds(try ProbePayload(context).seconds ?? 1)
            while ContinuousClock.now < end {}
            return nil
        }
    }
}

private struct ProbePayload: Decodable {
    var seconds: Double?
    var message: String?

    init(_ context: JobContext) throws {
        self = try JSONDecoder().decode(ProbePayload.self, from: Data(context.payload))
    }
}

private struct ProbeFailure: Error, CustomStringConvertible {
    let description: String
}
