import Foundation

/// What `muster.yaml` says. Everything in it is optional.
///
/// ```yaml
/// redis: unix:///run/redis/redis.sock
/// namespace: muster
/// handlers:
///   digest: ./digest.sh            # the short form: only a program
///   mail:
///     program: /usr/bin/python3    # absolute, or relative to this file's directory
///     arguments: [mail.py, --quiet]
///     timeout: 30s                 # default 15m
///     environment: {SMTP_PORT: 25} # fixed values
///     pass: [SMTP_PASSWORD]        # let through from the worker's environment
///     directory: mailer            # default: this file's directory
/// ```
public struct ConfigurationFile: Sendable, Equatable {
    /// The file's path as it was named.
    public let path: String
    /// Redis' address, as written.
    public let redis: String?
    /// The namespace.
    public let namespace: String?
    /// How the jobs of each type are run.
    public let handlers: [String: HandlerEntry]

    /// Reads the file at `path`, relative to this process's directory or absolute.
    ///
    /// - Throws: ``ConfigurationError`` when the file is missing or is not valid YAML, has a key that it may not have
    ///   or a value of the wrong kind, or names a program or directory that does not exist or may not be executed.
    public init(path: String) throws(ConfigurationError) {
        var redis: String?
        var namespace: String?
        var handlers: [String: HandlerEntry] = [:]
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().standardizedFileURL.path
        if let root = try ConfigurationNode.read(path), !root.isNull {
            for field in try root.fields(of: "the file", known: ["redis", "namespace", "handlers"]) {
                switch field.name {
                case "redis": redis = try field.value.text("`redis`")
                case "namespace": namespace = try Self.namespace(field.value)
                default: handlers = try Self.handlers(field.value, in: directory)
                }
            }
        }
        self.path = path
        self.redis = redis
        self.namespace = namespace
        self.handlers = handlers
    }

    private static func namespace(_ node: ConfigurationNode) throws(ConfigurationError) -> String {
        let name = try node.text("`namespace`")
        guard NameGrammar.allows(name) else {
            throw node.failure("`\(name)` is no namespace: a name has \(NameGrammar.description)")
        }
        return name
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
}
