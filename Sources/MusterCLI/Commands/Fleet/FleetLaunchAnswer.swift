/// How a launch went, group by group and host by host.
struct FleetLaunchAnswer: Encodable {
    struct Group: Encodable {
        let group: String
        let host: String
        let wanted: Int
        /// Processes.
        var running = 0
        /// Of those: sessions in the roll call that have asked for work.
        var claiming = 0
        /// Sessions that ask for work and get none, because their build is below the floor.
        var refused = 0
        /// They were started with other settings; `muster fleet roll` starts them anew.
        var outdated = 0
        /// How a process ended that should run, or why it could not be started.
        var lastEnd: String?
        /// Where its logs are, on its host.
        var folder: String?
        var error: String?
        /// What a person should know, though nothing failed.
        var note: String?
        /// Its supervisor lives, and has seen what is wanted.
        var isSeen = false
        /// How long those that are too many may take to stop.
        var stop = Duration.zero

        private enum CodingKeys: CodingKey {
            case group, host, wanted, running, claiming, refused, outdated, lastEnd, folder, error, note
        }

        var isDone: Bool { isSeen && claiming >= wanted && running == wanted }

        /// Whether nothing has failed yet: more time might help.
        var mayCome: Bool { folder != nil && lastEnd == nil && isSeen && running >= wanted && refused == 0 }

        func finished(isKnown: Bool) -> Group {
            guard !isDone, error == nil else { return self }
            var group = self
            let logs = "see \(folder ?? "")/*.log"
            group.error =
                if !isSeen {
                    "their supervisor says nothing; see \(folder ?? "")/supervisor.log"
                } else if refused > 0 {
                    "\(claiming) of \(wanted) claim, \(refused) are refused: their build is below the floor; \(logs)"
                } else if running > wanted {
                    "\(running - wanted) more than wanted still stop; \(logs)"
                } else if let lastEnd {
                    "\(claiming) of \(wanted) claim; the last process: \(lastEnd); \(logs)"
                } else if running != wanted {
                    "\(running) of \(wanted) processes run; \(logs)"
                } else if !isKnown {
                    "Redis did not answer, so nobody knows whether they claim"
                } else {
                    "\(claiming) of \(wanted) claim; \(logs)"
                }
            return group
        }
    }

    /// A group that runs on a host, and that the file does not put there.
    struct Other: Encodable {
        let group: String
        /// As the file has it: `local`, or as ssh knows it.
        let host: String
        let isFar: Bool

        private enum CodingKeys: CodingKey { case group, host }
    }

    var groups: [Group]
    var others: [Other] = []
}
