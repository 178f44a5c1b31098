import Foundation
import MusterCommandLine
import MusterKit
import MusterStamp
import Testing

@Suite struct ConfigurationFileTests {
    private let directory = TemporaryDirectory()

    private func load(_ yaml: String) throws -> ConfigurationFile {
        try ConfigurationFile(path: directory.write("muster.yaml", yaml))
    }

    @Test func everyKeyIsRead() throws {
        let script = try directory.write("digest.sh", "#!/bin/sh\n", mode: 0o755)
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/sub", withIntermediateDirectories: false)
        let file = try load(
            """
            redis: unix:///run/redis.sock
            namespace: shop
            stamp:
              paths: [Sources, ../shared, muster.yaml]
            handlers:
              digest: ./digest.sh
              mail.send:
                program: /bin/sh
                arguments: [-c, 8080, "two words"]
                timeout: 30s
                require: any
                schema: v2
                private: true
                environment: {PORT: 25, FLAG: yes, EMPTY: ""}
                pass: [TOKEN, SMTP_PASSWORD]
                directory: sub
            """)
        #expect(file.redis == "unix:///run/redis.sock")
        #expect(file.namespace == "shop")
        #expect(file.stampPaths == ["Sources", "../shared", "muster.yaml"])
        #expect(
            file.handlers == [
                "digest": HandlerEntry(program: script, directory: directory.path),
                "mail.send": HandlerEntry(
                    program: "/bin/sh", arguments: ["-c", "8080", "two words"], timeout: .seconds(30),
                    requirement: .any, schema: SchemaFingerprint(declared: "v2"), isPrivate: true,
                    environment: ["PORT": "25", "FLAG": "yes", "EMPTY": ""],
                    pass: ["TOKEN", "SMTP_PASSWORD"],
                    directory: "\(directory.path)/sub"),
            ])
        #expect(file.handlers["digest"]?.timeout == .seconds(900))
    }

    @Test func reportersAreRead() throws {
        let reporters = try load(
            """
            reporters:
              webhook: {url: "https://example.org/failures"}
              honeybadger:
                url: http://127.0.0.1:1
                flush: 250ms
            """
        ).reporters
        #expect(reporters.webhook.url == "https://example.org/failures")
        #expect(reporters.webhook.flush == .seconds(1))
        #expect(reporters.honeybadger.url == "http://127.0.0.1:1")
        #expect(reporters.honeybadger.flush == .milliseconds(250))
        #expect(try load("handlers:\n").reporters == ReporterSettings())
        let wrong = try #require(throws: ConfigurationError.self) {
            try load("reporters:\n  webhook: {flush: soon}\n")
        }
        #expect(wrong.description.contains("`flush` of `webhook`"), "\(wrong)")
        #expect(throws: ConfigurationError.self) { try load("reporters:\n  webhook: {key: secret}\n") }
    }

    @Test func schedulesAreReadInTheOrderOfTheirNames() throws {
        let file = try load(
            """
            schedules:
              nightly:
                cron: 0 3 * * *
                zone: Europe/Zurich
                type: report
                payload: '{"all": true}'
                queue: mail
                catch-up: all:7
                require: any
                priority: high
                retries: 2
                timeout: 30s
                retain: 1h
              hourly: {cron: "@hourly", type: clean}
            """)
        #expect(
            try file.schedules == [
                Schedule("hourly", cron: "@hourly", type: "clean"),
                Schedule(
                    "nightly", cron: "0 3 * * *", zone: "Europe/Zurich", type: "report",
                    payload: Array("{\"all\": true}".utf8), queue: "mail", catchUp: .all(cap: 7), requirement: .any,
                    priority: .high, retries: 2, timeout: .seconds(30), retain: .seconds(3600)),
            ])
    }

    @Test(arguments: ["", "# nothing yet\n", "handlers:\n", "schedules:\n", "---\n"])
    func aFileThatSaysNothingIsFine(yaml: String) throws {
        let file = try load(yaml)
        #expect(file.redis == nil && file.namespace == nil && file.handlers.isEmpty && file.stampPaths.isEmpty)
    }

    @Test func aTypeMayRequireWhatAJobMay() throws {
        func requirement(_ text: String) throws -> Requirement? {
            try load("handlers: {a: {program: /bin/sh, require: '\(text)'}}").handlers["a"]?.requirement
        }
        #expect(try requirement("any") == .any)
        #expect(try requirement("at-least") == nil)
        #expect(try requirement("at-least:1763700000-9f3c2ab") == .atLeast(sequence: 1_763_700_000))
        #expect(try requirement("exactly:9f3c2ab") == .exactly(revision: "9f3c2ab"))
        #expect(try requirement("host:web-1") == .host("web-1"))
    }

    @Test func aScheduleAsksForWhatItsTypeSaysUnlessItSaysItself() throws {
        let schedules = try load(
            """
            schedules:
              a: {cron: "@daily", type: sweep}
              b: {cron: "@daily", type: sweep, require: "host:web-1"}
              c: {cron: "@daily", type: sweep, require: at-least}
              d: {cron: "@daily", type: other}
            handlers:
              sweep: {program: /bin/sh, require: any, schema: v1}
            """
        ).schedules
        #expect(schedules.map(\.requirement) == [.any, .host("web-1"), nil, nil])
        let fingerprint = SchemaFingerprint(declared: "v1")
        #expect(schedules.map(\.schema) == [fingerprint, fingerprint, fingerprint, nil])
    }

    /// The plugin reads the paths without a YAML library. What it accepts, it must read as this reader does.
    @Test(arguments: [
        "stamp:\n  paths: [a, b/c, 'd e']\n", "stamp:\n  paths:\n    - Sources\n    - \"x y\"\nredis: x\n",
        "# c\nredis: x\r\nstamp: # c\r\n  paths: # c\r\n  - a # c\r\n  - ../b\r\n", "redis: x\n", "stamp:\n",
        "---\nstamp:\n  paths: [1, true]\n",
        "handlers:\n  stamp: /bin/sh\n", "stamp: {paths: [a]}\n", "{\"stamp\": {\"paths\": [\"a\"]}}\n",
        "stamp:\n  paths:\n    - a\n      - b\n", "stamp:\n  paths: [a,\n  b]\n", "stamp:\n  paths: [a#b, c]\n",
        "stamp:\n  paths:\n    - 'it''s'\n", "stamp:\n  paths: [\"a\\x41\"]\n", "stamp:\n  paths:\n  - a\n\n\n  - b\n",
        "stamp:\n\n  # why\n  paths:\n\n    - a\n  # end\nhandlers:\n", "'stamp':\n  paths: [a]\n",
        "stamp:\n  \"paths\": [a]\n",
        "stamp:\n  paths:\n    - a\n    -  b\n", "stamp:\n  paths: [a]\n...\n", "stamp:\n  paths: [ ]\n",
        "stamp:\n  paths: [a, ]\n", "stamp:\n  paths:\n    - - a\n", "stamp:\n  paths:\n    - !!str a\n",
        "\u{FEFF}stamp:\n  paths: [a]\n",
    ])
    func thePluginReadsThePathsAsThisDoesOrRefuses(yaml: String) throws {
        let path = try directory.write("muster.yaml", yaml)
        guard let read = try? StampPaths.read(directory: directory.path) else {
            _ = #expect(throws: StampError.self) { try StampPaths.read(directory: directory.path) }
            return
        }
        #expect(try ConfigurationFile(path: path).stampPaths == read)
    }

    @Test func aRelativePathIsRelativeToTheFileAndNotToTheProcess() throws {
        try directory.write("run", "#!/bin/sh\n", mode: 0o755)
        #expect(try load("handlers: {a: run}").handlers["a"]?.program == "\(directory.path)/run")
    }

    @Test(arguments: [
        ("redis: [a]", 1, "`redis` must be a text"),
        ("namespace: shop\nredis:\n", 2, "`redis` must be a text"),
        ("namespace: a:b", 1, "`a:b` is no namespace"),
        (
            "redis: x\ncolour: red", 2,
            "the file has no key `colour`; it may have redis, namespace, stamp, handlers, schedules, reporters"
        ),
        ("stamp: [a]", 1, "`stamp` must be a mapping"),
        ("stamp:\n  path: [a]", 2, "`stamp` has no key `path`; it may have paths"),
        ("stamp:\n  paths: Sources", 2, "`paths` of `stamp` must be a list"),
        ("stamp:\n  paths: []", 2, "names nothing"),
        ("stamp:\n  paths: [a, /etc]", 2, "`/etc`, in `paths` of `stamp`, must be a path relative to this file"),
        ("stamp:\n  paths: ['']", 2, "must be a path relative to this file"),
        ("handlers:\n  a:\n    program: /bin/sh\n    require: newest", 4, "`require` of handler `a`"),
        ("handlers:\n  a:\n    program: /bin/sh\n    require: worker:h.1.2", 4, "names one session, which ends"),
        ("handlers:\n  a:\n    program: /bin/sh\n    require: [any]", 4, "`require` of handler `a` must be a text"),
        (
            "handlers:\n  a:\n    program: /bin/sh\n    private: perhaps", 4,
            "`private` of handler `a` is true or false, not perhaps"
        ),
        ("handlers:\n  a:\n    program: /bin/sh\n    schema: ''", 4, "`schema` of handler `a` is empty"),
        ("handlers:\n  a:\n    program: /bin/sh\n    schema: {a: b}", 4, "`schema` of handler `a` must be a text"),
        ("- a\n- b", 1, "the file must be a mapping"),
        ("handlers: [a]", 1, "`handlers` must be a mapping"),
        ("handlers:\n  Mail: /bin/sh", 2, "`Mail` is no job type"),
        ("handlers:\n  a:\n    program: /bin/sh\n    timeuot: 5s", 4, "handler `a` has no key `timeuot`"),
        ("handlers:\n  a:\n    timeout: 5s", 3, "handler `a` names no `program`"),
        ("handlers:\n  a:", 2, "the program of handler `a` must be a text"),
        ("handlers:\n  a:\n    program: /bin/sh\n    timeout: 5", 4, "`5` is no duration"),
        ("handlers:\n  a:\n    program: /bin/sh\n    timeout: 0s", 4, "must be longer than nothing"),
        (
            "handlers:\n  a:\n    program: /bin/sh\n    arguments: -c", 4,
            "`arguments` of handler `a` must be a list"
        ),
        ("handlers:\n  a:\n    program: /bin/sh\n    arguments: [[x]]", 4, "each of `arguments`"),
        ("handlers:\n  a:\n    program: /bin/sh\n    arguments: [\"a\\0b\"]", 4, "contains a NUL byte"),
        ("handlers:\n  a:\n    program: /bin/sh\n    environment: [A]", 4, "must be a mapping"),
        (
            "handlers:\n  a:\n    program: /bin/sh\n    environment: {A-B: c}", 4,
            "`A-B`, in handler `a`, is no variable"
        ),
        ("handlers:\n  a:\n    program: /bin/sh\n    pass: [MUSTER_JOB_ID]", 4, "may not set MUSTER_JOB_ID"),
        ("handlers:\n  a:\n    program: /bin/sh\n    directory: none", 4, "the directory of handler `a`"),
        ("handlers:\n  a: ./none.sh", 2, "none.sh, does not exist"),
        ("handlers:\n  a: sh", 2, "is not looked for in PATH; write /"),
        ("handlers:\n  a: /", 2, "is a directory"),
        ("handlers:\n  a: ./plain", 2, "try `chmod +x "),
        ("schedules: [a]", 1, "`schedules` must be a mapping"),
        ("schedules:\n  a:\n    type: t", 3, "schedule `a` says nothing of when: it needs a `cron`"),
        ("schedules:\n  a:\n    cron: '@daily'", 3, "schedule `a` names no job `type`"),
        ("schedules:\n  a: {type: t, cron: '@daily', colour: red}", 2, "schedule `a` has no key `colour`"),
        ("schedules:\n  a:\n    type: t\n    cron: 0 25 * * *", 4, "the hour 25 is not between 0 and 23"),
        ("schedules:\n  a:\n    type: t\n    cron: 0 0 30 2 *", 4, "never comes"),
        ("schedules:\n  a:\n    cron: '@daily'\n    zone: Nowhere\n    type: t", 3, "no time zone \"Nowhere\""),
        ("schedules:\n  A b: {type: t, cron: '@daily'}", 2, "schedule \"A b\" is not a name"),
        ("schedules:\n  a:\n    cron: '@daily'\n    payload: '{'\n    type: t", 4, "it is not JSON"),
        ("schedules:\n  a: {type: t, cron: '@daily', catch-up: some}", 2, "`catch-up` of schedule `a`"),
        ("schedules:\n  a: {type: t, cron: '@daily', require: newest}", 2, "`require` of schedule `a`"),
        ("schedules:\n  a: {type: t, cron: '@daily', priority: urgent}", 2, "none of high, normal and low"),
        ("schedules:\n  a: {type: t, cron: '@daily', retries: many}", 2, "`many` is no number"),
        ("schedules:\n  a: {type: t, cron: '@daily', timeout: 5}", 2, "`5` is no duration"),
        ("redis: [a\nnamespace: b", 2, "not valid YAML"),
        ("redis: a\n\tnamespace: b", 2, "not valid YAML"),
        ("redis: a\nredis: b", 1, "`redis` stands twice"),
        ("redis: a\n---\nredis: b", 2, "not valid YAML"),
    ])
    func eachMistakeIsNamedWithItsLine(yaml: String, line: Int, expected: String) throws {
        try directory.write("plain", "#!/bin/sh\n")
        let error = #expect(throws: ConfigurationError.self) { try load(yaml) }
        let text = try #require(error).description
        #expect(text.hasPrefix("\(directory.path)/muster.yaml:\(line): "), "\(text)")
        #expect(text.contains(expected), "\(text)")
        #expect(!text.contains("\n"))
    }

    @Test func aMissingFileAndOneThatIsNoTextAreNamed() throws {
        let missing = #expect(throws: ConfigurationError.self) {
            try ConfigurationFile(path: "/no/such/muster.yaml")
        }
        #expect(
            missing?.description == "/no/such/muster.yaml: no such file; name an existing one with --config")
        let folder = #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: directory.path) }
        #expect(folder?.description.contains("cannot be read") == true)
        let path = "\(directory.path)/binary.yaml"
        try Data([0x72, 0xff, 0xfe]).write(to: URL(fileURLWithPath: path))
        let binary = #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: path) }
        #expect(binary?.description == "\(path): is not UTF-8 text")
    }
}
