/// Who is told of jobs that fail, as `reporters` in `muster.yaml` says.
public struct ReporterSettings: Sendable, Equatable {
    /// One receiver.
    public struct Receiver: Sendable, Equatable {
        /// Where it is; nil where the file does not say.
        public var url: String?
        /// How long a stop waits for what is not sent.
        public var flush = Duration.seconds(1)

        public init() {}
    }

    public var webhook = Receiver()
    public var honeybadger = Receiver()

    public init() {}

    init(_ node: ConfigurationNode) throws(ConfigurationError) {
        if node.isNull { return }
        for field in try node.fields(of: "`reporters`", known: ["webhook", "honeybadger"]) {
            var receiver = Receiver()
            for entry in try field.value.fields(of: "`\(field.name)` of `reporters`", known: ["url", "flush"]) {
                let what = "`\(entry.name)` of `\(field.name)`"
                let text = try entry.value.text(what)
                if entry.name == "url" {
                    receiver.url = text
                } else {
                    do { receiver.flush = try DurationText(text).duration } catch {
                        throw entry.value.failure("\(what): \(error)")
                    }
                }
            }
            if field.name == "webhook" { webhook = receiver } else { honeybadger = receiver }
        }
    }
}
