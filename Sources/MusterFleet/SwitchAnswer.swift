public import MusterKit

/// What became of a switch between two groups, and what stands now.
public struct SwitchAnswer: Sendable, Encodable {
    public enum State: String, Sendable, Encodable {
        /// The second works, and the first is gone.
        case switched
        /// It was like that before; nothing was changed.
        case already
        /// The first was not touched.
        case kept
        /// The second works; some of the first are not gone yet.
        case partly
    }

    /// One group on one host.
    public struct Line: Sendable, Encodable {
        public let group: String
        public let host: String
        public var wanted = 0
        public var running = 0
        /// Nil where Redis does not say.
        public var claiming: Int?
        public var error: String?
    }

    public let from: String
    public let to: String
    public var state: State
    /// Why it is not switched.
    public var why: String?
    /// Only time ran out.
    public var isLate = false
    /// What Redis said where it ended the switch.
    public var error: MusterError?
    /// The second has been told to start.
    var hasBegun = false
    /// What was seen of the second while it was watched.
    public var watched: WatchResult?
    public var groups: [Line] = []

    private enum CodingKeys: CodingKey {
        case from, to, state, why, watched, groups
    }
}
