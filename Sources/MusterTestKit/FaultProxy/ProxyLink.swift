import MusterLaunch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One client's connection and the one behind it to the server. Belongs to the proxy's thread.
///
/// 1. A command's bytes are kept until it is whole, or until enough is known of it; then the core says what happens
///    to it, and it goes on, or waits, or the connection ends.
/// 2. Commands that went on wait in line for their replies; the first one's fault is done to the reply that comes.
final class ProxyLink {
    private static let bufferBound = 262_144
    private static let waitingBound = 10_000
    private static let lateBound = Duration.seconds(5)

    private let core: ProxyCore
    private let server: Descriptor
    private var client: Descriptor?
    private var toServer: [UInt8] = []
    private var toClient: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 65_536)

    private var requests = RequestReader()
    private var name = ""
    /// The bytes of a command that nothing is decided about yet, or that waits.
    private var frame: [UInt8] = []
    private var isJudged = false
    private var holdsUntil: ContinuousClock.Instant?
    /// What came behind a command that waits.
    private var behind: ArraySlice<UInt8> = []

    private var replies = ReplyReader()
    private var waiting = ReplyLine()
    private var replyOffset = 0
    private var replyHead: [UInt8] = []

    private var hasLeft = false
    private var isDeaf = false
    private var isMute = false
    private var endsWriting = false
    private var lateUntil: ContinuousClock.Instant?
    private(set) var isDamaged = false
    private(set) var isOver = false

    init(client: Descriptor, server: Descriptor, core: ProxyCore) {
        self.client = client
        self.server = server
        self.core = core
    }

    /// When it must be looked at even if no socket is ready.
    var wakesAt: ContinuousClock.Instant? { holdsUntil ?? lateUntil }

    /// What to poll: the client's socket, then the server's. One of which nothing is wanted is left out, because
    /// poll(2) would report its end again and again.
    var interests: [pollfd] {
        var client: Int32 = toClient.isEmpty ? 0 : Int32(POLLOUT)
        if !hasLeft, holdsUntil == nil, toServer.count < Self.bufferBound, waiting.count < Self.waitingBound {
            client |= Int32(POLLIN)
        }
        var server: Int32 = toServer.isEmpty ? 0 : Int32(POLLOUT)
        if toClient.count < Self.bufferBound, !isDeaf { server |= Int32(POLLIN) }
        return [
            pollfd(fd: client == 0 ? -1 : self.client?.number ?? -1, events: Int16(client), revents: 0),
            pollfd(fd: server == 0 ? -1 : self.server.number ?? -1, events: Int16(server), revents: 0),
        ]
    }

    func serve(client: Int16, server: Int16, _ swallowed: Set<FaultProxy.Way>) {
        if Int32(client) & ~Int32(POLLOUT) != 0, let socket = self.client, !isOver {
            switch ProxySocket.read(socket, into: &chunk) {
            case .bytes(let count): heard(chunk[..<count], swallowed)
            case .nothingYet: break
            case .end: hasLeft = true
            }
        }
        if Int32(server) & ~Int32(POLLOUT) != 0, !isOver {
            switch ProxySocket.read(self.server, into: &chunk) {
            case .bytes(let count): answered(chunk[..<count], swallowed)
            case .nothingYet: break
            case .end: endInOrder()
            }
        }
        flush()
    }

    /// Ends the wait of a command whose sender has gone.
    func deliverNow() {
        if client == nil, holdsUntil != nil { holdsUntil = .now }
    }

    /// Lets go on what has waited for long enough.
    func tick(_ swallowed: Set<FaultProxy.Way>) {
        if let until = holdsUntil, until <= .now {
            holdsUntil = nil
            toServer += frame
            frame = []
            if client == nil { lateUntil = .now + Self.lateBound }
            let rest = behind
            behind = []
            heard(rest, swallowed)
        }
        if client == nil, holdsUntil == nil, waiting.isEmpty || (lateUntil ?? .now) <= .now { end() }
        flush()
    }

    /// Ends both connections at once; the client's with a reset where its kind of socket knows one.
    func end() {
        isOver = true
        if let client { ProxySocket.reset(client) }
        server.close()
    }

    // MARK: requests

    private func heard(_ bytes: ArraySlice<UInt8>, _ swallowed: Set<FaultProxy.Way>) {
        if isDeaf || bytes.isEmpty { return }
        if swallowed.contains(.requests) {
            isDamaged = true
            return
        }
        var rest = bytes
        while !rest.isEmpty, !isOver {
            if requests.isBroken {
                toServer += frame + rest
                frame = []
                return
            }
            let (end, isWhole) = requests.advance(rest)
            if isJudged { toServer += rest[..<end] } else { frame += rest[..<end] }
            rest = rest[end...]
            if requests.isBroken { continue }
            if !isJudged, isWhole || frame.count > Self.bufferBound { judge(isWhole) }
            if isWhole { isJudged = false }
            if holdsUntil != nil {
                behind = rest
                return
            }
        }
    }

    private func judge(_ isWhole: Bool) {
        isJudged = true
        let words = requests.words.map { String(decoding: $0.prefix(64), as: UTF8.self) }
        let command = words.first?.uppercased() ?? ""
        let second = words.count > 1 ? words[1] : ""
        if command == "CLIENT", second.uppercased() == "SETNAME", words.count > 2 { name = words[2] }
        let (_, fault) = core.judge(connection: name, name: command, digest: command == "EVALSHA" ? second : nil)
        let loads = command == "SCRIPT" && second.uppercased() == "LOAD" && words.count > 2
        waiting.append(ReplyLine.Entry(fault: fault, source: loads ? requests.words[2] : nil))
        switch fault {
        case .resetBefore:
            end()
        case .delay(let delay):
            holdsUntil = .now + delay
        case .deliverLate(let delay) where isWhole:
            holdsUntil = .now + delay
            if let client { ProxySocket.reset(client) }
            client = nil
            hasLeft = true
        case .deliverLate:
            end()
        default:
            toServer += frame
            frame = []
        }
    }

    // MARK: replies

    private func answered(_ bytes: ArraySlice<UInt8>, _ swallowed: Set<FaultProxy.Way>) {
        if swallowed.contains(.replies) {
            isDamaged = true
            isMute = true
        }
        if isMute { return }
        var rest = bytes
        while !rest.isEmpty, !isOver, !isMute {
            if replies.isBroken { return emit(rest) }
            let (end, isWhole) = replies.advance(rest)
            deliver(rest[..<end], isWhole)
            rest = rest[end...]
        }
    }

    private func deliver(_ piece: ArraySlice<UInt8>, _ isWhole: Bool) {
        switch waiting.first?.fault {
        case nil, .delay, .deliverLate, .resetBefore:
            emit(piece)
        case .dropReply:
            isMute = true
            isDamaged = true
        case .cutReply(let count):
            emit(piece.prefix(max(0, count - replyOffset)))
            if isWhole || replyOffset + piece.count >= count { endInOrder() }
        case .resetAfter:
            flush()
            end()
        case .halfClose:
            isMute = true
            isDamaged = true
            endsWriting = true
        case .corrupt(let corruption):
            emit(corrupted(piece, corruption)[...])
        }
        if waiting.first?.source != nil { replyHead += piece.prefix(64) }
        replyOffset += piece.count
        if isWhole { finishReply() }
    }

    private func finishReply() {
        replyOffset = 0
        // What comes to a subscriber unasked belongs to no command.
        if let source = waiting.takeFirst()?.source {
            let lines = replyHead.split(whereSeparator: { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") })
            if lines.count == 2 { core.learn(digest: String(decoding: lines[1], as: UTF8.self), source: source) }
            replyHead = []
        }
    }

    private func corrupted(_ piece: ArraySlice<UInt8>, _ corruption: FaultProxy.Corruption) -> [UInt8] {
        var bytes = Array(piece)
        switch corruption {
        case .wrongType where replyOffset == 0: bytes[0] = UInt8(ascii: "!")
        case .flipByte(let offset) where (0..<bytes.count).contains(offset - replyOffset):
            bytes[offset - replyOffset] ^= 1
        default: break
        }
        return bytes
    }

    private func emit(_ bytes: ArraySlice<UInt8>) {
        if client != nil, !isMute { toClient += bytes }
    }

    // MARK: ends

    /// The client reads what was passed on, then an end.
    private func endInOrder() {
        isMute = true
        isDeaf = true
        isDamaged = true
        endsWriting = true
        if client == nil { isOver = true }
    }

    private func flush() {
        if isOver { return }
        if !toServer.isEmpty, !ProxySocket.write(&toServer, to: server) {
            toServer = []
            endInOrder()
        }
        if let client, !toClient.isEmpty, !ProxySocket.write(&toClient, to: client) {
            toClient = []
            hasLeft = true
        }
        if let client, endsWriting, toClient.isEmpty {
            endsWriting = false
            ProxySocket.endWriting(client)
        }
        // What the client had sent before it left still reaches the server.
        if hasLeft, client != nil, toServer.isEmpty || isDeaf, holdsUntil == nil { end() }
    }
}
