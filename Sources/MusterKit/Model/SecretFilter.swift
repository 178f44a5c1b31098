/// Leaves secrets out of a text, in one pass and without regular expressions: an error's text is a stranger's, and an
/// expression that goes back over a long word would hold a worker's thread for minutes.
struct SecretFilter {
    private static let names = [
        "password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "api-key", "private_key",
        "private-key", "credential",
    ].map { Array($0.utf8) }
    private static let schemes = ["bearer", "basic"].map { Array($0.utf8) }
    private static let stars = Array("***".utf8)

    private let text: [UInt8]
    private var place = 0
    private var output: [UInt8] = []

    private init(_ text: [UInt8]) { self.text = text }

    static func filtered(_ text: [UInt8]) -> [UInt8] {
        var filter = SecretFilter(text)
        filter.run()
        return filter.output
    }

    private mutating func run() {
        output.reserveCapacity(text.count)
        while place < text.count {
            if Self.isWord(text[place]) {
                let word = text[place..<end(from: place, while: Self.isWord)].map(Self.lower)
                keep(until: place + word.count)
                if Self.schemes.contains(word) {
                    leaveOutCredential()
                } else if Self.namesSecret(word) {
                    leaveOutValue()
                }
            } else if text[place...].starts(with: "://".utf8) {
                keep(until: place + 3)
                leaveOutUser()
            } else {
                keep(until: place + 1)
            }
        }
    }

    private mutating func keep(until end: Int) {
        output += text[place..<end]
        place = end
    }

    private mutating func leaveOut(until end: Int) {
        output += Self.stars
        place = end
    }

    private func end(from start: Int, while isPart: (UInt8) -> Bool) -> Int {
        text[start...].firstIndex { !isPart($0) } ?? text.count
    }

    /// Where the credential ends that follows its scheme; nil where none does.
    private func endOfCredential() -> Int? {
        let start = end(from: place, while: Self.isSpace)
        let stop = end(from: start) { Self.isWord($0) || "+/=.".utf8.contains($0) }
        return start > place && stop - start >= 8 ? stop : nil
    }

    private mutating func leaveOutCredential() {
        guard let stop = endOfCredential() else { return }
        keep(until: end(from: place, while: Self.isSpace))
        leaveOut(until: stop)
    }

    /// What follows a secret's name, where it is a value; one whose quotes do not end goes on to the text's end.
    private mutating func leaveOutValue() {
        var sign = place
        if sign < text.count, Self.isQuote(text[sign]) { sign += 1 }
        sign = end(from: sign, while: Self.isSpace)
        guard sign < text.count, text[sign] == UInt8(ascii: "=") || text[sign] == UInt8(ascii: ":") else { return }
        let start = end(from: sign + 1, while: Self.isSpace)
        guard start < text.count else { return }
        var stop = start
        if Self.isQuote(text[start]) {
            stop += 1
            while stop < text.count, text[stop] != text[start] { stop += text[stop] == UInt8(ascii: "\\") ? 2 : 1 }
            stop = min(stop + 1, text.count)
        } else {
            stop = end(from: start) { !Self.isSpace($0) && !Self.isQuote($0) && !",;&}".utf8.contains($0) }
        }
        guard stop > start else { return }
        keep(until: start)
        let isScheme = Self.schemes.contains(text[start..<stop].map(Self.lower))
        leaveOut(until: stop)
        if isScheme, let stop = endOfCredential() { place = stop }
    }

    /// User and password of an address; a password may hold an `@` itself.
    private mutating func leaveOutUser() {
        let stop = end(from: place) { !Self.isSpace($0) && $0 != UInt8(ascii: "/") }
        guard let sign = text[place..<stop].lastIndex(of: UInt8(ascii: "@")) else { return }
        leaveOut(until: sign)
    }

    /// Whether a name is a secret's: `DB_PASSWORD`, `api-keys`, `AWS_SECRET_ACCESS_KEY`; a `tokenizer` is none.
    private static func namesSecret(_ word: [UInt8]) -> Bool {
        names.contains { name in
            guard word.count >= name.count else { return false }
            return (0...(word.count - name.count)).contains { start in
                guard word[start...].starts(with: name) else { return false }
                var rest = word[(start + name.count)...]
                if rest.first == UInt8(ascii: "s") { rest = rest.dropFirst() }
                return rest.isEmpty || rest.first == UInt8(ascii: "_") || rest.first == UInt8(ascii: "-")
            }
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        let byte = lower(byte)
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
