import MusterStamp

/// The ledger of builds, and the rules for them.
public struct ReleaseReport: Sendable, Encodable {
    /// One build that was seen.
    public struct Build: Sendable, Encodable {
        public enum State: String, Sendable, Codable {
            /// The newest that works now.
            case current
            /// Works, and a newer one does too, or is waited for.
            case behind
            /// Gets a share of the new jobs, on trial.
            case ramping
            /// The floor keeps it from everything.
            case fenced
            /// Was rolled back.
            case takenBack = "taken-back"
            /// No worker has it now.
            case gone
        }

        public let build: String
        public let firstSeenAt: Timestamp
        public let lastSeenAt: Timestamp
        /// Hosts whose live workers run it.
        public let workers: [String]
        /// Hosts that enqueued with it within the last five minutes.
        public let producers: [String]
        /// Hosts that ever ran it, as far as the ledger remembers.
        public let hosts: [String]
        public let succeeded: Int
        /// Attempts.
        public let failed: Int
        /// How often Redis refused work to it.
        public let refused: Int
        /// Its successes that wait for a person's verdict, because it was fenced meanwhile.
        public let underReview: Int
        public let state: State
        /// When the first worker with it appeared; nothing where none ever did.
        public let firstWorkerAt: Timestamp?
        /// What its workers run, with the fingerprints of the payloads' schemas where they are known.
        public let types: [String: String?]

        /// What its workers run, to be held against another's.
        /// - Throws: where the ledger knows no type of it.
        public func listing() throws(MusterError) -> TypeListing {
            guard let stamp = try? BuildStamp(build), !types.isEmpty else {
                throw MusterError(
                    .invalidValue, "no worker of build \(build) ever said which types it runs")
            }
            return TypeListing(build: stamp, types: types.map { TypeListing.Entry(type: $0.key, schema: $0.value) })
        }

        var sequence: Int { (try? BuildStamp(build))?.sequence ?? 0 }

        private enum CodingKeys: String, CodingKey {
            case build, firstSeenAt, lastSeenAt, workers, producers, hosts, succeeded, failed, refused, underReview,
                state
            case firstWorkerAt, types
        }
    }

    /// The build on trial.
    public struct Ramp: Sendable, Encodable {
        public let build: String
        public let percent: Int
        /// Queues in which it holds itself, because it failed more often than the others there.
        public let heldIn: [String]
        public let newSucceeded: Int
        public let newFailed: Int
        public let oldSucceeded: Int
        public let oldFailed: Int
    }

    /// The build that the floor was set to, or its sequence.
    public let floor: String?
    /// The newest build that live workers run.
    public let current: String?
    public let ramp: Ramp?
    /// `warn` or `refuse`: what an enqueue from below the floor meets.
    public let staleProducers: String
    /// What becomes of a success whose build was fenced meanwhile: by type, `*` for all others.
    public let staleSettles: [String: String]
    /// After how long of working the newest build becomes the floor by itself; nothing where the operator sets it.
    public let autoFloorSeconds: Int?
    /// Successes of all builds that wait for a person's verdict.
    public let underReview: Int
    public let builds: [Build]
}

extension ReleaseReport.Build {
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(build, forKey: .build)
        try values.encode(firstSeenAt, forKey: .firstSeenAt)
        try values.encode(lastSeenAt, forKey: .lastSeenAt)
        try values.encode(workers, forKey: .workers)
        try values.encode(producers, forKey: .producers)
        try values.encode(hosts, forKey: .hosts)
        try values.encode(succeeded, forKey: .succeeded)
        try values.encode(failed, forKey: .failed)
        try values.encode(refused, forKey: .refused)
        try values.encode(underReview, forKey: .underReview)
        try values.encode(state, forKey: .state)
        try values.encode(firstWorkerAt, forKey: .firstWorkerAt)
        try values.encode(types, forKey: .types)
    }
}
