/// A job that its session ran to success on a build that was fenced meanwhile, and that waits for a person's word.
public struct JobUnderReview: Sendable, Encodable {
    public let id: String
    public let queue: String
    public let type: String?
    /// The build that ran it.
    public let build: String?
    /// The floor below which that build was by then.
    public let fencedBy: Int?
    public let session: String?
    /// How long it ran.
    public let ranMs: Int?
    public let heldSince: Timestamp
    /// What there is of its result; 0 where it was not to be kept.
    public let resultBytes: Int
    /// Its result was too much to keep beside the others, so that it cannot be accepted any more.
    public let resultDropped: Bool

    private enum CodingKeys: String, CodingKey {
        case id, queue, type, build, fencedBy, session, ranMs, heldSince, resultBytes, resultDropped
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(id, forKey: .id)
        try values.encode(queue, forKey: .queue)
        try values.encode(type, forKey: .type)
        try values.encode(build, forKey: .build)
        try values.encode(fencedBy, forKey: .fencedBy)
        try values.encode(session, forKey: .session)
        try values.encode(ranMs, forKey: .ranMs)
        try values.encode(heldSince, forKey: .heldSince)
        try values.encode(resultBytes, forKey: .resultBytes)
        try values.encode(resultDropped, forKey: .resultDropped)
    }
}
