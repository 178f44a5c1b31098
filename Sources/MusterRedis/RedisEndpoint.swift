/// Where a Redis server is and how to enter it, read from a URL.
///
/// `redis://[user:password@]host[:port][/database]` · `unix:///path/to/socket[?db=N]`
/// (`unix://user:password@/path` with credentials). The description never shows the password.
public struct RedisEndpoint: Sendable, Equatable, CustomStringConvertible {
    public enum Address: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    public var address: Address
    public var user: String?
    public var password: String?
    public var database: Int

    public init(address: Address, user: String? = nil, password: String? = nil, database: Int = 0) {
        self.address = address
        self.user = user
        self.password = password
        self.database = database
    }

    /// Why a URL was not understood; `description` is one line for a person, without the URL's secrets.
    public struct Malformed: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Reads a URL.
    /// - Throws: ``Malformed`` with the accepted forms.
    public init(url: String) throws(Malformed) {
        guard let separator = url.firstRange(of: "://") else {
            throw Malformed(description: "a Redis URL looks like redis://host:6379 or unix:///path/to/redis.sock")
        }
        let scheme = url[..<separator.lowerBound]
        var rest = url[separator.upperBound...]
        var user: String?
        var password: String?
        // Where the path of a socket begins at once, an @ in it is its own (`/run/redis-server@main/…`).
        if !rest.hasPrefix("/"), let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at]
            rest = rest[rest.index(after: at)...]
            if let colon = credentials.firstIndex(of: ":") {
                user = try Self.decode(credentials[..<colon])
                password = try Self.decode(credentials[credentials.index(after: colon)...])
            } else {
                password = try Self.decode(credentials)
            }
            if user?.isEmpty == true { user = nil }
        }
        switch scheme {
        case "redis":
            try self.init(tcp: rest, user: user, password: password)
        case "unix", "redis+unix":
            try self.init(unix: rest, user: user, password: password)
        case "rediss":
            throw Malformed(description: "rediss:// (TLS) is not built into this version; use redis:// or unix://")
        default:
            throw Malformed(description: "unknown scheme in the Redis URL; use redis://host:6379 or unix:///path")
        }
    }

    private init(tcp rest: Substring, user: String?, password: String?) throws(Malformed) {
        var rest = rest
        var database = 0
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            if !path.isEmpty { database = try Self.database(path) }
            rest = rest[..<slash]
        }
        var host = String(rest)
        var port = 6379
        if rest.first == "[", let end = rest.firstIndex(of: "]") {
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            let after = rest[rest.index(after: end)...]
            if !after.isEmpty { port = try Self.port(after.first == ":" ? after.dropFirst() : "") }
        } else if let colon = rest.lastIndex(of: ":") {
            host = String(rest[..<colon])
            port = try Self.port(rest[rest.index(after: colon)...])
        }
        if host.isEmpty { throw Malformed(description: "the Redis URL names no host; write redis://host:6379") }
        self.init(address: .tcp(host: host, port: port), user: user, password: password, database: database)
    }

    private init(unix rest: Substring, user: String?, password: String?) throws(Malformed) {
        var rest = rest
        var database = 0
        if let question = rest.firstIndex(of: "?") {
            let query = rest[rest.index(after: question)...]
            guard query.hasPrefix("db=") else {
                throw Malformed(description: "only ?db=N may follow the path of a unix:// Redis URL")
            }
            database = try Self.database(query.dropFirst(3))
            rest = rest[..<question]
        }
        guard rest.hasPrefix("/"), rest.count > 1 else {
            throw Malformed(description: "a unix:// Redis URL needs an absolute path: unix:///run/redis.sock")
        }
        let path = try Self.decode(rest)
        if path.utf8.count > 107 {
            throw Malformed(description: "the socket path in the Redis URL is longer than the system's 107 bytes")
        }
        self.init(address: .unix(path: path), user: user, password: password, database: database)
    }

    private static func port(_ text: Substring) throws(Malformed) -> Int {
        guard let port = Self.number(text), (1...65535).contains(port) else {
            throw Malformed(description: "the port in the Redis URL must be a number from 1 to 65535")
        }
        return port
    }

    private static func database(_ text: Substring) throws(Malformed) -> Int {
        guard let database = Self.number(text) else {
            throw Malformed(description: "the database in the Redis URL must be a number, as in redis://host:6379/0")
        }
        return database
    }

    /// Digits only: `Int` would take a sign, too.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    private static func decode(_ text: Substring) throws(Malformed) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            guard digits.count == 2, digits != [0, 0] else {
                throw Malformed(
                    description: "a % in the Redis URL must be followed by two hexadecimal digits, and not by 00")
            }
            bytes.append(UInt8(digits[0] << 4 | digits[1]))
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw Malformed(description: "what the % signs in the Redis URL stand for is not UTF-8")
        }
        return decoded
    }

    /// The URL without the password.
    public var description: String {
        let who = password == nil ? "" : "\(user ?? ""):***@"
        return switch address {
        case .tcp(let host, let port):
            "redis://\(who)\(host.contains(":") ? "[\(host)]" : host):\(port)" + (database == 0 ? "" : "/\(database)")
        case .unix(let path):
            "unix://\(who)\(path)" + (database == 0 ? "" : "?db=\(database)")
        }
    }
}
