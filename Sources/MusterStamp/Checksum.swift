/// FNV-1a over a list of byte strings, folded to 32 bits.
///
/// It tells one change from the next. What reaches it is git's hashes, or a text that no stranger chose, so nothing
/// stronger is needed.
package struct Checksum {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    /// Each part ends in a length, so that moving a byte from one to the next gives another sum.
    package mutating func add(_ parts: any Sequence<UInt8>...) {
        for part in parts {
            var length: UInt64 = 0
            for byte in part {
                mix(byte)
                length += 1
            }
            for shift in stride(from: 0, to: UInt64.bitWidth, by: 8) {
                mix(UInt8(truncatingIfNeeded: length >> shift))
            }
        }
    }

    /// Eight hexadecimal digits.
    package var text: String {
        let folded = String(UInt32(truncatingIfNeeded: state ^ (state >> 32)), radix: 16)
        return String(repeating: "0", count: 8 - folded.count) + folded
    }

    private mutating func mix(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }
}
