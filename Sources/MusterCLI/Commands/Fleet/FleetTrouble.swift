/// Which hosts failed and why, in one line: a host that cannot be reached is named once, however many groups it has.
struct FleetTrouble {
    let text: String

    init(_ bad: [(host: String, group: String, error: String)]) {
        var told: [(error: String, host: String, groups: [String])] = []
        for one in bad {
            if let index = told.firstIndex(where: { $0.host == one.host && $0.error == one.error }) {
                told[index].groups.append(one.group)
            } else {
                told.append((one.error, one.host, [one.group]))
            }
        }
        let lines = told.prefix(5).map { "\($0.groups.joined(separator: ", ")) on \($0.host): \($0.error)" }
        text = lines.joined(separator: "; ") + (told.count > 5 ? "; and \(told.count - 5) more" : "")
    }
}
