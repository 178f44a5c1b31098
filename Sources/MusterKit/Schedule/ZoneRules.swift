import Foundation

/// A time zone as Foundation knows it: what its clocks show at any instant, and which instant they mean. Instants
/// and local times are whole seconds since 1970.
struct ZoneRules: Sendable {
    let name: String
    private let zone: TimeZone

    /// No zone is farther from Greenwich, and no zone changes twice within two of these.
    private static let farthest = 16 * 3600

    /// - Parameter name: as in the tz database, e.g. `Europe/Zurich`, `UTC`.
    /// - Throws: ``MusterError`` with code `invalidValue` where there is no such zone here.
    init(_ name: String) throws(MusterError) {
        // Foundation also reads GMT+5, which is no zone of the database and has the opposite sign of Etc/GMT+5.
        let isOffset = name.hasPrefix("GMT") && !["GMT", "GMT0", "GMT+0", "GMT-0"].contains(name)
        let isName = name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "/"):
                true
            default: false
            }
        }
        guard isName, name.utf8.count <= 64, !isOffset, let zone = TimeZone(identifier: name)
        else {
            throw MusterError(
                .invalidValue, "no time zone \(Name.quoted(name)) is known here; write it like Europe/Zurich or UTC")
        }
        self.name = name
        self.zone = zone
    }

    /// Seconds to add to an instant for the local time.
    func offset(at instant: Int) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
    }

    /// The first instant in `low + 1 ... high` whose offset is another than that at `low`; the one at `high` must be.
    func change(after low: Int, upTo high: Int) -> Int {
        let before = offset(at: low)
        var (low, high) = (low, high)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: middle) == before { low = middle } else { high = middle }
        }
        return high
    }

    /// The instant that a local time means: its first occurrence where clocks show it twice, and the first instant
    /// after the gap where they leave it out.
    func instant(ofLocal local: Int) -> Int {
        let (low, high) = (local - Self.farthest, local + Self.farthest)
        let before = offset(at: low)
        let after = offset(at: high)
        let first = local - before
        if before == after || offset(at: first) == before { return first }
        return offset(at: local - after) == after ? local - after : change(after: low, upTo: high)
    }
}
