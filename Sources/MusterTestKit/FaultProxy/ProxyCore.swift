import MusterLaunch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the proxy's thread and its users share: orders one way, observations the other.
final class ProxyCore: Sendable {
    struct Armed {
        let fault: FaultProxy.Fault
        let target: FaultProxy.Target
        /// How many commands that fit it still lets pass.
        var left: Int
    }

    struct State {
        var armed: [Armed] = []
        var swallowed: Set<FaultProxy.Way> = []
        var heals = false
        var deliversNow = false
        var isStopping = false
        var log: [FaultProxy.Command] = []
        var struck: [FaultProxy.Command] = []
        var count = 0
        var openConnections = 0
    }

    private static let logBound = 4096
    private static let scriptBound = 1024
    /// Scripts by digest. The digest is made of the text, so one table serves the process.
    private static let scripts = Mutex<[String: String]>([:])

    private let state = Mutex(State())
    private let waker: (reading: Descriptor, writing: Descriptor)

    init() throws(LaunchError) {
        waker = try Descriptor.pipe()
        waker.reading.makeNonblocking()
        waker.writing.makeNonblocking()
    }

    var wakeDescriptor: Int32 { waker.reading.number ?? -1 }

    func read<Value: Sendable>(_ value: (State) -> Value) -> Value { state.withLock { value($0) } }

    func order(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
        guard let number = waker.writing.number else { return }
        var byte: UInt8 = 1
        _ = write(number, &byte, 1)
    }

    // MARK: on the proxy's thread

    func drainWakes() {
        guard let number = waker.reading.number else { return }
        var bytes = [UInt8](repeating: 0, count: 64)
        while Self.take(number, &bytes) > 0 {}
    }

    private static func take(_ number: Int32, _ bytes: inout [UInt8]) -> Int {
        #if canImport(Glibc)
            Glibc.read(number, &bytes, bytes.count)
        #else
            Darwin.read(number, &bytes, bytes.count)
        #endif
    }

    /// Takes the order to heal, once.
    func takeHeal() -> Bool {
        state.withLock { state in
            defer { state.heals = false }
            return state.heals
        }
    }

    /// Takes the order to deliver what is late, once.
    func takeDelivery() -> Bool {
        state.withLock { state in
            defer { state.deliversNow = false }
            return state.deliversNow
        }
    }

    func note(openConnections: Int) { state.withLock { $0.openConnections = openConnections } }

    /// Numbers a command and says what happens to it.
    func judge(
        connection: String, name: String, digest: String?
    ) -> (command: FaultProxy.Command, fault: FaultProxy.Fault?) {
        let script = digest.flatMap { digest in Self.scripts.withLock { $0[digest] } }
        return state.withLock { state in
            let command = FaultProxy.Command(index: state.count, connection: connection, name: name, script: script)
            state.count += 1
            if state.log.count == Self.logBound { state.log.removeFirst(Self.logBound / 2) }
            state.log.append(command)
            var fault: FaultProxy.Fault?
            for index in state.armed.indices.reversed() where state.armed[index].target.fits(command) {
                if state.armed[index].left == 0 {
                    fault = state.armed.remove(at: index).fault
                } else {
                    state.armed[index].left -= 1
                }
            }
            if fault != nil { state.struck.append(command) }
            return (command, fault)
        }
    }

    /// Learns what the script with this digest is called: by the word that its head begins with.
    func learn(digest: String, source: [UInt8]) {
        guard let name = Self.name(of: source) else { return }
        Self.scripts.withLock { scripts in
            if scripts.count < Self.scriptBound { scripts[digest] = name }
        }
    }

    /// The word of the last comment that begins `-- word: …`: what a script is composed of stands before it, with heads
    /// of its own.
    static func name(of source: [UInt8]) -> String? {
        var name: String?
        var wasComment = false
        for line in source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let isComment = line.starts(with: "-- ".utf8)
            defer { wasComment = isComment }
            guard isComment, !wasComment else { continue }
            let word = line.dropFirst(3).prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            guard !word.isEmpty, word.endIndex < line.endIndex, line[word.endIndex] == UInt8(ascii: ":") else {
                continue
            }
            name = String(decoding: word, as: UTF8.self)
        }
        return name
    }
}
