extension FaultProxy {
    /// What happens to one command or its reply.
    ///
    /// A connection is damaged by every fault but ``delay(_:)`` and ``corrupt(_:)``: nothing more passes on it, as on
    /// a real network nothing passes after a hole. Whether the command *ran* is what tells them apart.
    public enum Fault: Sendable, Equatable {
        /// The command reaches the server this much later; what the client sends after it waits behind it.
        case delay(Duration)
        /// The client is cut off at once, and the command reaches the server this much later all the same: after its
        /// repetition, where the client repeats.
        case deliverLate(after: Duration)
        /// It ran; the client never hears so, nor anything else on this connection.
        case dropReply
        /// It ran; so many bytes of the reply arrive, then the connection ends in order.
        case cutReply(after: Int)
        /// The connection is reset and the command never reaches the server.
        case resetBefore
        /// It ran, and the connection is reset in place of the reply. (A unix socket knows no reset; there it is an
        /// end.)
        case resetAfter
        /// It ran; in place of the reply the client reads an end, while its way to the server stays open.
        case halfClose
        /// It ran; one byte of the reply is another one.
        case corrupt(Corruption)
    }

    /// Which byte of a reply changes, and how.
    public enum Corruption: Sendable, Equatable {
        /// The first byte becomes one that no kind of reply begins with.
        case wrongType
        /// The lowest bit of the byte at this offset is flipped; at 0 a list becomes a status line.
        case flipByte(at: Int)
    }

    /// A way through the proxy.
    public enum Way: Sendable, CaseIterable {
        /// From the clients to the server.
        case requests
        /// From the server to the clients.
        case replies
    }

    /// Which command a fault is for: the `nth`, counted from the moment it is armed, of those that fit.
    public struct Target: Sendable, Equatable {
        /// 0 for the first that fits.
        public var nth: Int
        /// Only on connections with this name (`CLIENT SETNAME`); nil for all.
        public var connection: String?
        /// Only commands of this name, in capitals, such as `EVALSHA`; nil for all.
        public var command: String?
        /// Only runs of the script with this name; nil for all. A script is known by name once its `SCRIPT LOAD`
        /// passed through any proxy of this process.
        public var script: String?

        /// - Parameters:
        ///   - nth: See ``nth``; default 0.
        ///   - connection: See ``connection``; default nil.
        ///   - command: See ``command``; default nil.
        ///   - script: See ``script``; default nil.
        public init(nth: Int = 0, connection: String? = nil, command: String? = nil, script: String? = nil) {
            self.nth = nth
            self.connection = connection
            self.command = command
            self.script = script
        }

        func fits(_ seen: Command) -> Bool {
            (connection == nil || connection == seen.connection) && (command == nil || command == seen.name)
                && (script == nil || script == seen.script)
        }
    }

    /// A command that a client sent through the proxy.
    public struct Command: Sendable, Equatable {
        /// Its number among all commands on all connections, from 0, in the order in which they came.
        public let index: Int
        /// The connection's name (`CLIENT SETNAME`); empty before it has one.
        public let connection: String
        /// The command's name, in capitals.
        public let name: String
        /// The script that an `EVALSHA` runs, where its name is known.
        public let script: String?
    }
}
