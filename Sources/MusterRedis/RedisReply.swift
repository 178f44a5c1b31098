/// One reply of the server, with its bytes copied out of the C library.
///
/// A `nil` bulk string or array is ``null``. A connection that is gone is never a reply: it is a
/// ``RedisError`` whose ``RedisError/execution`` says what may have happened.
public enum RedisReply: Sendable, Equatable {
    case status(String)
    case bytes([UInt8])
    case integer(Int)
    case array([RedisReply])
    case null
    /// An error inside an array (a script's list of results); an error on top is thrown.
    case error(RedisError)

    /// The bulk string's bytes, or nil for any other kind of reply.
    public var bytes: [UInt8]? {
        if case .bytes(let value) = self { return value }
        return nil
    }

    /// The text of a bulk or status string (repaired where it is not UTF-8), or nil for any other kind.
    public var text: String? {
        switch self {
        case .bytes(let value): String(decoding: value, as: UTF8.self)
        case .status(let value): value
        default: nil
        }
    }

    /// An integer reply, or a bulk string that spells one.
    public var integer: Int? {
        switch self {
        case .integer(let value): value
        case .bytes, .status: text.flatMap { Int($0) }
        default: nil
        }
    }

    /// The elements of an array, or nil for any other kind of reply.
    public var array: [RedisReply]? {
        if case .array(let value) = self { return value }
        return nil
    }
}
