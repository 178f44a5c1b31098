import Foundation
import MusterKit
import MusterLaunch

extension HandlerEntry {
    /// Reads one entry of `handlers`: a mapping, or only a program.
    init(_ node: ConfigurationNode, type: String, fileDirectory: String) throws(ConfigurationError) {
        let what = "handler `\(type)`"
        guard node.isMapping else {
            let program = try Self.program(node, of: what, in: fileDirectory)
            self.init(program: program, directory: fileDirectory)
            return
        }
        var program: String?
        var entry = HandlerEntry(program: "", directory: fileDirectory)
        let known = [
            "program", "arguments", "timeout", "retries", "backoff", "require", "schema", "private", "environment",
            "pass", "directory",
        ]
        for field in try node.fields(of: what, known: known) {
            let value = field.value
            switch field.name {
            case "program": program = try Self.program(value, of: what, in: fileDirectory)
            case "arguments": entry.arguments = try value.texts("`arguments` of \(what)")
            case "timeout": entry.timeout = try Self.span(value, "timeout", of: what)
            case "retries": entry.retries = try Self.retries(value, of: what)
            case "backoff": entry.backoff = try Self.span(value, "backoff", of: what)
            case "require": entry.requirement = try Self.requirement(value, of: what)
            case "schema": entry.schema = try Self.schema(value, of: what)
            case "private": entry.isPrivate = try Self.truth(value, "private", of: what)
            case "environment": entry.environment = try Self.environment(value, of: what)
            case "pass": entry.pass = try Self.pass(value, of: what)
            default: entry.directory = try Self.directory(value, of: what, in: fileDirectory)
            }
        }
        guard let program else { throw node.failure("\(what) names no `program`") }
        entry.program = program
        self = entry
    }

    private static func program(
        _ node: ConfigurationNode, of what: String, in fileDirectory: String
    ) throws(ConfigurationError) -> String {
        let text = try node.text("the program of \(what)")
        let path = absolute(text, in: fileDirectory)
        if ProgramSearch.isExecutableFile(path) { return path }
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            throw node.failure(
                isDirectory.boolValue
                    ? "the program of \(what), \(path), is a directory"
                    : "the program of \(what), \(path), is not executable; try `chmod +x \(path)`")
        }
        let search = ProcessInfo.processInfo.environment["PATH"] ?? ""
        if !text.contains("/"), let found = ProgramSearch.find([text], in: search) {
            throw node.failure(
                "the program of \(what) is not looked for in PATH; write \(found) instead of \(text)")
        }
        throw node.failure("the program of \(what), \(path), does not exist")
    }

    private static func span(
        _ node: ConfigurationNode, _ name: String, of what: String
    ) throws(ConfigurationError) -> Duration {
        let text = try node.text("`\(name)` of \(what)")
        let span: Duration
        do throws(DurationTextError) {
            span = try DurationText(text).duration
        } catch {
            throw node.failure("`\(name)` of \(what): \(error)")
        }
        guard span > .zero else { throw node.failure("`\(name)` of \(what) must be longer than nothing") }
        return span
    }

    private static func retries(_ node: ConfigurationNode, of what: String) throws(ConfigurationError) -> Int {
        let text = try node.text("`retries` of \(what)")
        guard let retries = Int(text), (0...1000).contains(retries) else {
            throw node.failure("`retries` of \(what) is a number between 0 and 1000, not \(text)")
        }
        return retries
    }

    /// Nil for at least the producer's own build.
    private static func requirement(
        _ node: ConfigurationNode, of what: String
    ) throws(ConfigurationError) -> Requirement? {
        let text = try node.text("`require` of \(what)")
        if text == "at-least" { return nil }
        let requirement: Requirement
        do throws(MusterError) {
            requirement = try Requirement(text)
        } catch {
            throw node.failure("`require` of \(what): \(error)")
        }
        if case .worker = requirement {
            throw node.failure("`require` of \(what) names one session, which ends; use at-least, any or host:NAME")
        }
        return requirement
    }

    private static func schema(
        _ node: ConfigurationNode, of what: String
    ) throws(ConfigurationError) -> SchemaFingerprint {
        let text = try node.text("`schema` of \(what)")
        guard !text.isEmpty else { throw node.failure("`schema` of \(what) is empty; write any text, such as v1") }
        return SchemaFingerprint(declared: text)
    }

    private static func truth(
        _ node: ConfigurationNode, _ name: String, of what: String
    ) throws(ConfigurationError) -> Bool {
        let text = try node.text("`\(name)` of \(what)")
        guard let value = Bool(text) else { throw node.failure("`\(name)` of \(what) is true or false, not \(text)") }
        return value
    }

    private static func environment(
        _ node: ConfigurationNode, of what: String
    ) throws(ConfigurationError) -> [String: String] {
        var variables: [String: String] = [:]
        for field in try node.fields(of: "`environment` of \(what)") {
            try checkVariable(field.name, at: field.key, of: what)
            variables[field.name] = try field.value.text("the variable \(field.name) of \(what)")
        }
        return variables
    }

    private static func pass(_ node: ConfigurationNode, of what: String) throws(ConfigurationError)
        -> [String]
    {
        let names = try node.texts("`pass` of \(what)")
        for name in names { try checkVariable(name, at: node, of: what) }
        return names
    }

    private static func checkVariable(
        _ name: String, at node: ConfigurationNode, of what: String
    ) throws(ConfigurationError) {
        if givenByWorker.contains(name) {
            throw node.failure("\(what) may not set \(name): each run is given its own")
        }
        let isName = name.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"):
                true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
            default: false
            }
        }
        guard isName, !name.isEmpty else {
            throw node.failure(
                "`\(name)`, in \(what), is no variable's name: letters, digits, `_`, no digit first")
        }
    }

    private static func directory(
        _ node: ConfigurationNode, of what: String, in fileDirectory: String
    ) throws(ConfigurationError) -> String {
        let path = absolute(try node.text("`directory` of \(what)"), in: fileDirectory)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue
        else {
            throw node.failure("the directory of \(what), \(path), does not exist")
        }
        return path
    }

    private static func absolute(_ path: String, in directory: String) -> String {
        path.hasPrefix("/") ? path : URL(fileURLWithPath: "\(directory)/\(path)").standardizedFileURL.path
    }
}
