/// Waits until a condition holds, looking again and again, for at most `deadline`.
///
/// A test says `#expect(try await eventually { … })`: it goes on as soon as the condition holds, and fails
/// instead of hanging where it never does. The deadline is no expectation of speed; leave it generous.
///
/// - Parameters:
///   - deadline: How long at most; default 20 s.
///   - pause: How long between two looks; default 3 ms. Leave more where looking is work.
///   - condition: What to wait for.
/// - Returns: Whether the condition came to hold.
/// - Throws: What `condition` throws, and `CancellationError` when the task is cancelled.
public func eventually(
    within deadline: Duration = .seconds(20),
    every pause: Duration = .milliseconds(3),
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + deadline
    while try await !condition() {
        if ContinuousClock.now > end { return false }
        // The poll interval.
        try await Task.sleep(for: pause)
    }
    return true
}
