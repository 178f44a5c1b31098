/// Makes job ids: ULIDs (26 characters of Crockford's base 32, in lower case), which sort by the producer's
/// clock and carry 80 random bits.
enum JobID {
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    static func make(milliseconds: Int, random: inout some RandomNumberGenerator) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(26)
        for index in (0..<10).reversed() { text.append(alphabet[(milliseconds >> (index * 5)) & 31]) }
        for _ in 0..<2 {
            let bits = random.next()
            for index in 0..<8 { text.append(alphabet[Int((bits >> (UInt64(index) * 5)) & 31)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
