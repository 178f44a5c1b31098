/// What a server says of itself in `INFO`: lines of `name:value`. A field that is missing is nil, because servers of
/// other versions and makers have others.
struct ServerInfo: Sendable, Equatable {
    /// One replica as its primary sees it.
    struct Replica: Sendable, Equatable {
        let address: String
        let state: String
        /// Seconds since it last said how far it is.
        let lag: Int

        /// Online: it has a copy, and gets every write.
        var isOnline: Bool { state == "online" }
    }

    private let fields: [String: String]

    init(_ text: String) {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        self.fields = fields
    }

    subscript(_ name: String) -> String? { fields[name] }

    func number(_ name: String) -> Int? { fields[name].flatMap { Int($0) } }

    /// A field that is written `0` or `1`.
    func flag(_ name: String) -> Bool? { number(name).map { $0 != 0 } }

    /// The replicas in the order in which the server numbers them.
    var replicas: [Replica] {
        var replicas: [Replica] = []
        while let entry = fields["slave\(replicas.count)"] {
            var parts: [String: String] = [:]
            for part in entry.split(separator: ",") {
                let pair = part.split(separator: "=", maxSplits: 1)
                if pair.count == 2 { parts[String(pair[0])] = String(pair[1]) }
            }
            replicas.append(
                Replica(
                    address: "\(parts["ip"] ?? "?"):\(parts["port"] ?? "?")", state: parts["state"] ?? "?",
                    lag: parts["lag"].flatMap { Int($0) } ?? 0))
        }
        return replicas
    }
}
