/// Makes job ids: ULIDs (26 characters of Crockford's base 32, in lower case), which sort by the producer's
/// clock and carry 80 random bits. Ids of one batch count up from one random number, as the ULID
/// specification has it for one millisecond, so they also sort in the order of enqueueing.
enum JobID {
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    static func make(_ count: Int, milliseconds: Int) -> [String] {
        // 79 bits, so that counting up cannot carry out of the 80.
        let high = UInt64.random(in: 0..<(1 << 39))
        let low = UInt64.random(in: 0..<(1 << 40))
        return (0..<count).map { index in
            let sum = low + UInt64(index)
            return text(UInt64(milliseconds), high + sum >> 40, sum & (1 << 40 - 1))
        }
    }

    /// When an id of this kind was made, by its producer's clock, in ms; nil for an id of another kind.
    static func milliseconds(of id: String) -> Int? {
        // A chain's later jobs and a batch's callback have a suffix.
        let core = id.prefix { $0 != "." }.utf8
        guard core.count == 26 else { return nil }
        var time = 0
        for (index, byte) in core.enumerated() {
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            if index < 10 { time = time << 5 | digit }
        }
        return time
    }

    private static func text(_ time: UInt64, _ high: UInt64, _ low: UInt64) -> String {
        String(unsafeUninitializedCapacity: 26) { buffer in
            for index in 0..<10 { buffer[index] = digit(time, 9 - index) }
            for index in 0..<8 { buffer[10 + index] = digit(high, 7 - index) }
            for index in 0..<8 { buffer[18 + index] = digit(low, 7 - index) }
            return 26
        }
    }

    private static func digit(_ bits: UInt64, _ place: Int) -> UInt8 {
        alphabet[Int(truncatingIfNeeded: bits >> UInt64(place * 5)) & 31]
    }
}
