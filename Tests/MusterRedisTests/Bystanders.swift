import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Other parts of the process, which open and close descriptors of their own and notice when somebody else
/// closes them, or reads from them.
final class Bystanders: Sendable {
    struct Seen: Sendable {
        var passes = 0
        var disturbances: Set<String> = []
    }

    private let over = Flag()
    private let state = Mutex(Seen())

    var seen: Seen { state.withLock { $0 } }

    func stop() {
        over.raise()
    }

    /// Opens pipes, leaves a token in each for a moment, and looks whether it is still there. Blocks until
    /// ``stop()``.
    func passBy() {
        while !over.isRaised {
            let pipes = (0..<8).compactMap { _ in Pipe() }
            for pipe in pipes { note(pipe.leaveToken()) }
            // How long each token lies there for others to disturb.
            usleep(500)
            for pipe in pipes { note(pipe.takeToken()) }
            for pipe in pipes { note(pipe.close()) }
            state.withLock { $0.passes += 1 }
        }
    }

    private func note(_ disturbance: String?) {
        guard let disturbance else { return }
        state.withLock { _ = $0.disturbances.insert(disturbance) }
    }

    private struct Pipe {
        let ends: [Int32]
        let token = UInt64.random(in: .min ... .max)

        init?() {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { return nil }
            for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
            self.ends = ends
        }

        func leaveToken() -> String? {
            var token = token
            return write(ends[1], &token, 8) == 8 ? nil : "a pipe was closed by somebody else: errno \(errno)"
        }

        func takeToken() -> String? {
            var found: UInt64 = 0
            guard read(ends[0], &found, 8) == 8 else { return "a token was read by somebody else: errno \(errno)" }
            return found == token ? nil : "a pipe holds what somebody else wrote"
        }

        func close() -> String? {
            for end in ends {
                #if canImport(Glibc)
                    let status = Glibc.close(end)
                #else
                    let status = Darwin.close(end)
                #endif
                if status != 0 { return "a pipe was closed by somebody else before its owner did" }
            }
            return nil
        }
    }
}
