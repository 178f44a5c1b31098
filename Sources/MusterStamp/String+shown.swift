extension String {
    /// A stranger's text inside a message: its first 80 characters, and none that a terminal or a reader takes for
    /// more than a character.
    package var shown: String { shown(atMost: 80) }

    package func shown(atMost bound: Int) -> String {
        let head = unicodeScalars.prefix(bound).map { $0.isTrick ? "\u{FFFD}" : String($0) }.joined()
        return unicodeScalars.count > bound ? head + "…" : head
    }
}

extension Unicode.Scalar {
    /// Controls, line ends of every kind, and marks that turn the direction of text.
    package var isTrick: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
