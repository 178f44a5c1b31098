import Foundation
public import MusterKit

/// What `muster.yaml` says. Everything in it is optional.
///
/// ```yaml
/// redis: unix:///run/redis/redis.sock
/// namespace: muster
/// stamp:
///   paths: [Sources, muster.yaml]  # what git's build stamp is made from; default the whole repository
/// handlers:
///   digest: ./digest.sh            # the short form: only a program
///   mail:
///     program: /usr/bin/python3    # absolute, or relative to this file's directory
///     arguments: [mail.py, --quiet]
///     timeout: 30s                 # default 15m
///     require: any                 # where the enqueue does not say; default at-least the producer's build
///     schema: v2                   # names the payload's shape; another text, another fingerprint
///     environment: {SMTP_PORT: 25} # fixed values
///     pass: [SMTP_PASSWORD]        # let through from the worker's environment
///     directory: mailer            # default: this file's directory
/// schedules:                       # registered by muster-worker
///   nightly:
///     cron: 0 3 * * *
///     zone: Europe/Zurich          # default UTC
///     type: digest
///     payload: '{"all":true}'      # JSON; default {}
///     catch-up: latest             # none, latest, all, all:50
/// reporters:                       # who is told of jobs that fail; secrets stand in the environment
///   webhook:
///     url: https://example.org/failures
///     flush: 1s                    # how long a stop waits for what is not sent
///   honeybadger:                   # only with MUSTER_HONEYBADGER_KEY
///     url: https://api.honeybadger.io
/// ```
public struct ConfigurationFile: Sendable, Equatable {
    /// The file's path as it was named.
    public let path: String
    /// Redis' address, as written.
    public let redis: String?
    /// The namespace.
    public let namespace: String?
    /// The files and directories that git's build stamp is made from, relative to this file; none for the whole
    /// repository.
    public let stampPaths: [String]
    /// How the jobs of each type are run.
    public let handlers: [String: HandlerEntry]
    /// Recurring jobs, in the order of their names.
    public let schedules: [Schedule]
    /// Who is told of jobs that fail.
    public let reporters: ReporterSettings

    /// Reads the file at `path`, relative to this process's directory or absolute.
    ///
    /// - Throws: ``ConfigurationError`` when the file is missing or is not valid YAML, has a key that it may not have
    ///   or a value of the wrong kind, has a schedule that can never come, or names a program or directory that does not exist or may not be executed.
    public init(path: String) throws(ConfigurationError) {
        var redis: String?
        var namespace: String?
        var stampPaths: [String] = []
        var handlers: [String: HandlerEntry] = [:]
        var schedules: ConfigurationNode?
        var reporters = ReporterSettings()
        // Where a deploy moves a link, a worker keeps to the programs of the release with which it began.
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath().path
        if let root = try ConfigurationNode.read(path), !root.isNull {
            let known = ["redis", "namespace", "stamp", "handlers", "schedules", "reporters"]
            for field in try root.fields(of: "the file", known: known) {
                switch field.name {
                case "redis": redis = try field.value.text("`redis`")
                case "namespace": namespace = try Self.namespace(field.value)
                case "stamp": stampPaths = try Self.stampPaths(field.value)
                case "schedules": schedules = field.value
                case "reporters": reporters = try ReporterSettings(field.value)
                default: handlers = try Self.handlers(field.value, in: directory)
                }
            }
        }
        self.path = path
        self.redis = redis
        self.namespace = namespace
        self.stampPaths = stampPaths
        self.handlers = handlers
        self.reporters = reporters
        // They ask for what the handlers of their types say, wherever those stand in the file.
        self.schedules =
            try schedules.map { node throws(ConfigurationError) in try Self.schedules(node, handlers) } ?? []
    }

    private static func namespace(_ node: ConfigurationNode) throws(ConfigurationError) -> String {
        let name = try node.text("`namespace`")
        guard NameGrammar.allows(name) else {
            throw node.failure("`\(name)` is no namespace: a name has \(NameGrammar.description)")
        }
        return name
    }

    private static func stampPaths(_ node: ConfigurationNode) throws(ConfigurationError) -> [String] {
        if node.isNull { return [] }
        var paths: [String] = []
        for field in try node.fields(of: "`stamp`", known: ["paths"]) {
            paths = try field.value.texts("`paths` of `stamp`")
            guard !paths.isEmpty else {
                throw field.key.failure("`paths` of `stamp` names nothing; name what the build is made from")
            }
            for path in paths where path.isEmpty || path.hasPrefix("/") {
                throw field.value.failure("`\(path)`, in `paths` of `stamp`, must be a path relative to this file")
            }
        }
        return paths
    }

    private static func handlers(
        _ node: ConfigurationNode, in directory: String
    ) throws(ConfigurationError) -> [String: HandlerEntry] {
        // A file whose entries are all commented out is a file without handlers.
        if node.isNull { return [:] }
        var handlers: [String: HandlerEntry] = [:]
        for field in try node.fields(of: "`handlers`") {
            guard NameGrammar.allows(field.name) else {
                throw field.key.failure(
                    "`\(field.name)` is no job type: a name has \(NameGrammar.description)")
            }
            handlers[field.name] = try HandlerEntry(field.value, type: field.name, fileDirectory: directory)
        }
        return handlers
    }

    private static func schedules(
        _ node: ConfigurationNode, _ handlers: [String: HandlerEntry]
    ) throws(ConfigurationError) -> [Schedule] {
        if node.isNull { return [] }
        var schedules: [Schedule] = []
        for field in try node.fields(of: "`schedules`") {
            schedules.append(try Schedule(field.value, name: field.name, handlers: handlers))
        }
        return schedules.sorted { $0.name < $1.name }
    }
}
