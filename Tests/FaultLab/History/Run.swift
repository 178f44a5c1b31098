/// One run of a job's handler. What never ended was ended by the death of its process.
public struct Run: Sendable, Equatable {
    public let job: String
    public let type: String
    public let attempt: Int
    public let session: String
    public let build: String
    public let process: Int
    public let began: Int
    public var ended: Int?
    public var outcome: String?

    init(_ event: Event, session: String, attempt: Int) {
        job = event.job ?? ""
        type = event.type ?? ""
        self.attempt = attempt
        self.session = session
        build = event.build ?? ""
        process = event.about ?? 0
        began = event.at
    }
}
