/// A machine on which workers run.
public protocol FleetHost: Sendable {
    /// What the roll call shows for its workers, and people call it.
    var name: String { get }
    /// Between two looks at it.
    var pause: Duration { get }
    /// Does what the order says; done twice, it changes nothing more.
    /// - Parameters:
    ///   - order: for this host.
    ///   - tell: hears, in a few words, what goes on.
    /// - Throws: ``FleetError``, in one line, where the host could not be asked.
    func carryOut(_ order: HostOrder, tell: @escaping @Sendable (String) -> Void) async throws -> HostAnswer
}
