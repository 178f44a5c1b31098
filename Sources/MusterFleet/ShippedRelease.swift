/// What a group is started from on another host.
public struct ShippedRelease: Sendable, Equatable, Codable {
    public var files: [ShippedFile]
    /// The worker's program, as an absolute path there.
    public var program: String
    /// Which of the files is the configuration; nil for none.
    public var configuration: String?

    public init(files: [ShippedFile], program: String, configuration: String? = nil) {
        self.files = files
        self.program = program
        self.configuration = configuration
    }
}
