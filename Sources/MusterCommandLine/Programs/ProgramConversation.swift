import MusterLaunch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Feeds a running program, listens to it, and ends it; on one thread that waits in poll(2).
///
/// 1. *running*: the payload goes out as the program takes it, its three outputs come in. Timeout, cancellation
///    and a result beyond the limit lead to 2, the program's own end to 3.
/// 2. *stopping*: SIGTERM goes to the whole group, SIGKILL after ``termBound``.
/// 3. *draining*: the program is gone; what its children still write is awaited for ``drainBound``.
/// 4. Whatever is left of the group is killed, and only then the program's status is collected: until then its
///    process id, dead or not, keeps the group's number from meaning another group.
struct ProgramConversation {
    /// Why the program was stopped from here.
    enum StopReason {
        case timeout, cancelled, resultTooLarge
    }

    /// What came of it.
    struct Ending {
        let termination: Termination
        let stopReason: StopReason?
        let result: [UInt8]
        let messages: String
    }

    private static let termBound = Duration.seconds(2)
    private static let drainBound = Duration.seconds(1)
    private static let messageLimit = 4 * 1024
    private static let progressLineLimit = 1024

    private let child: ChildProcess
    private let bell: ConversationBell
    private let resultLimit: Int
    private let progress: (String) -> Void
    private var payload: ArraySlice<UInt8>
    private var result: [UInt8] = []
    private var messages = OutputTail(limit: messageLimit)
    private var lines = ProgressLines(limit: progressLineLimit)
    private var chunk = [UInt8](repeating: 0, count: 65_536)

    private var stopReason: StopReason?
    private var hasExited = false
    // When the next step is due of itself: the timeout, then SIGKILL, then the end of draining; nil after SIGKILL.
    private var due: ContinuousClock.Instant?

    init(
        child: ChildProcess, bell: ConversationBell, payload: [UInt8], timeout: Duration, resultLimit: Int,
        progress: @escaping (String) -> Void
    ) {
        self.child = child
        self.bell = bell
        self.payload = payload[...]
        self.resultLimit = resultLimit
        self.progress = progress
        due = .now + timeout
        for descriptor in [child.standardInput] + outputs { descriptor?.makeNonblocking() }
    }

    private var outputs: [Descriptor?] {
        [child.standardOutput, child.standardError, child.descriptor3]
    }

    /// Runs to the end. Blocks the calling thread, which must have SIGPIPE blocked.
    mutating func run() -> Ending {
        child.whenExited { [bell] in bell.ring(.exited) }
        while !hasExited || outputs.contains(where: { $0?.number != nil }) {
            waitForEvents()
            hearBell()
            send()
            receive()
            if let due, due <= .now, !stepWhenDue() { break }
        }
        child.sendToGroup(SIGKILL)
        for descriptor in [child.standardInput] + outputs { descriptor?.close() }
        if let line = lines.end() { progress(line) }
        return Ending(
            termination: child.waitOnThisThread() ?? .unknown, stopReason: stopReason, result: result,
            messages: messages.text)
    }

    private func waitForEvents() {
        var set = ([bell.listening] + outputs).compactMap { descriptor in
            descriptor?.number.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        }
        if let input = child.standardInput?.number {
            set.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0))
        }
        let patience = due.map { ContinuousClock.now.duration(to: $0) / .milliseconds(1) } ?? 60_000
        _ = poll(&set, nfds_t(set.count), Int32(max(0, min(60_000, patience.rounded(.up)))))
    }

    private mutating func hearBell() {
        while let ring = readByte(bell.listening).flatMap(ConversationBell.Ring.init) {
            switch ring {
            case .cancelled:
                stop(for: .cancelled)
            case .exited:
                hasExited = true
                child.standardInput?.close()
                due = min(due ?? .now + Self.drainBound, .now + Self.drainBound)
            }
        }
    }

    /// False when nothing more is to be waited for.
    private mutating func stepWhenDue() -> Bool {
        if hasExited { return false }
        if stopReason == nil {
            stop(for: .timeout)
        } else {
            child.sendToGroup(SIGKILL)
            due = nil
        }
        return true
    }

    private mutating func stop(for reason: StopReason) {
        guard stopReason == nil, !hasExited else { return }
        stopReason = reason
        due = .now + Self.termBound
        child.sendToGroup(SIGTERM)
        // A stopped process sees SIGTERM only when it goes on.
        child.sendToGroup(SIGCONT)
    }

    private mutating func send() {
        guard let input = child.standardInput, let number = input.number else { return }
        while !payload.isEmpty {
            let count = payload.withUnsafeBytes { write(number, $0.baseAddress, min($0.count, 65_536)) }
            if count > 0 {
                payload.removeFirst(count)
            } else if errno == EAGAIN || errno == EINTR {
                return
            } else {
                // The program closed its input: what it did not want is not sent.
                break
            }
        }
        input.close()
    }

    private mutating func receive() {
        receive(child.standardOutput) { conversation, count in
            let room = conversation.resultLimit - conversation.result.count
            conversation.result += conversation.chunk[..<min(count, room)]
            if count > room { conversation.stop(for: .resultTooLarge) }
        }
        receive(child.standardError) { conversation, count in
            conversation.messages.append(conversation.chunk[..<count])
        }
        receive(child.descriptor3) { conversation, count in
            for line in conversation.lines.append(conversation.chunk[..<count]) {
                conversation.progress(line)
            }
        }
    }

    private mutating func receive(_ descriptor: Descriptor?, take: (inout Self, Int) -> Void) {
        guard let descriptor, let number = descriptor.number else { return }
        let count = read(number, &chunk, chunk.count)
        if count > 0 {
            take(&self, count)
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            descriptor.close()
        }
    }

    private func readByte(_ descriptor: Descriptor) -> UInt8? {
        guard let number = descriptor.number else { return nil }
        var byte: UInt8 = 0
        return read(number, &byte, 1) == 1 ? byte : nil
    }
}
