/// A command and its arguments, laid out in one buffer so that a command of many arguments costs two
/// allocations however many they are.
public struct RedisCommand: Sendable {
    var storage: [UInt8] = []
    var lengths: [Int] = []

    /// Starts a command, e.g. `RedisCommand("HGET")`.
    /// - Parameters:
    ///   - name: the command's name.
    ///   - capacity: the bytes that the arguments are expected to take, to allocate once.
    ///   - arguments: how many arguments are expected.
    public init(_ name: StaticString, capacity: Int = 0, arguments: Int = 0) {
        storage.reserveCapacity(capacity + name.utf8CodeUnitCount)
        lengths.reserveCapacity(arguments + 1)
        append(name.description)
    }

    /// A whole command of text arguments, e.g. `RedisCommand("HGET", key, field)`.
    public init(_ name: StaticString, _ first: String, _ others: String...) {
        self.init(name, arguments: others.count + 1)
        append(first)
        for argument in others { append(argument) }
    }

    /// Adds an argument.
    public mutating func append(_ text: String) {
        let before = storage.count
        storage.append(contentsOf: text.utf8)
        lengths.append(storage.count - before)
    }

    /// Adds an argument of arbitrary bytes.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        storage.append(contentsOf: bytes)
        lengths.append(bytes.count)
    }

    /// Adds an argument made of two parts, without building it first.
    public mutating func append(_ text: String, followedBy bytes: some Collection<UInt8>) {
        append(text)
        storage.append(contentsOf: bytes)
        lengths[lengths.count - 1] += bytes.count
    }

    /// Adds a number as its decimal text.
    public mutating func append(_ number: Int) {
        append(String(number))
    }

    /// How many bytes the command takes on the wire (RESP).
    var wireBytes: Int {
        func digits(_ number: Int) -> Int { number < 10 ? 1 : 1 + digits(number / 10) }
        return lengths.reduce(3 + digits(lengths.count)) { $0 + 5 + digits($1) + $1 }
    }
}
