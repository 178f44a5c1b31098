/// The last bytes of an output of any length.
struct OutputTail {
    private let limit: Int
    private var bytes: [UInt8] = []
    private var isCut = false

    init(limit: Int) {
        self.limit = limit
    }

    mutating func append(_ chunk: some Collection<UInt8>) {
        bytes += chunk
        guard bytes.count > limit else { return }
        bytes.removeFirst(bytes.count - limit)
        isCut = true
    }

    /// The kept end as text, from the first whole line on where the beginning was cut off, without white space at
    /// either end. Bytes that are not UTF-8 are replaced.
    var text: String {
        var kept = bytes[...]
        if isCut, let newline = kept.firstIndex(of: UInt8(ascii: "\n")), newline < kept.endIndex - 1 {
            kept = kept[(newline + 1)...]
        } else if isCut {
            kept = kept.drop { $0 & 0b1100_0000 == 0b1000_0000 }
        }
        let isSpace: (UInt8) -> Bool = { $0 == 32 || (9...13).contains($0) }
        kept = kept.drop(while: isSpace)
        while let last = kept.last, isSpace(last) { kept.removeLast() }
        return String(decoding: kept, as: UTF8.self)
    }
}
