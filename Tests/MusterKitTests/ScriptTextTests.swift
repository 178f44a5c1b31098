import MusterRedis
import Testing

@testable import MusterKit

@Suite struct ScriptTextTests {
    static let parts = [
        Scripts.over, Scripts.settle, Scripts.squeeze, Scripts.leave, Scripts.place, Scripts.ledger,
    ].map {
        String(decoding: $0, as: UTF8.self)
    }

    /// A script's own text, behind the common fence and what it shares with others.
    static func body(_ script: RedisScript) -> Substring {
        var body = script.source.dropFirst(PackageResources.fence_lua.count)
        for part in parts where body.hasPrefix(part) { body = body.dropFirst(part.count) }
        return body
    }

    static func header(_ script: RedisScript) -> [Substring] {
        Array(body(script).split(separator: "\n").prefix { $0.hasPrefix("--") })
    }

    /// `1 meta (hash) 2 jobs (hash)`: number, name and type as the header lists them.
    static func keys(_ script: RedisScript) -> [(number: Int, name: String, type: String)] {
        let lines = header(script)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("-- KEYS:") }) else { return [] }
        let end = lines[(start + 1)...].firstIndex { !$0.hasPrefix("--   ") } ?? lines.endIndex
        return lines[start..<end].joined(separator: " ").matches(
            of: /(\d+) ([^()]+?) \((hash|zset|set|list|any)[^)]*\)/
        )
        .map { (Int($0.1) ?? 0, String($0.2), String($0.3)) }
    }

    /// The keys that shared parts find by their names, and their types.
    static let found = parts.prefix(3).flatMap { part in
        part.split(separator: "\n").prefix { $0.hasPrefix("--") }.joined(separator: " ")
            .matches(of: /([a-z-]+) \((hash|zset|set|list)\)/).map { (String($0.1), String($0.2)) }
    }

    @Test(arguments: Scripts.all.map(\.name)) func everyScriptOpensTheSameWay(_ name: String) throws {
        let script = try #require(Scripts.all.first { $0.name == name })
        let fence = String(decoding: PackageResources.fence_lua, as: UTF8.self)
        #expect(script.source.hasPrefix(fence))
        let header = Self.header(script)
        #expect(header.first?.hasPrefix("-- \(name): ") == true)
        let isReader = header.contains { $0.contains("Reads only") }
        #expect(header.contains { $0.hasPrefix("-- KEYS: ") })
        #expect(header.contains { $0.hasPrefix("-- Answers {'ok'") || $0.hasPrefix("-- Answers {state") })
        #expect(isReader || header.contains { $0.hasPrefix("-- Run twice: ") })
        let takesArguments = Self.body(script).split(separator: "\n").contains {
            !$0.hasPrefix("--") && $0.contains("ARGV")
        }
        #expect(takesArguments == header.contains { $0.hasPrefix("-- ARGV: ") })
    }

    @Test(arguments: Scripts.all.map(\.name)) func theKeysInAHeaderAreAllThatTheScriptTouches(_ name: String) throws {
        let script = try #require(Scripts.all.first { $0.name == name })
        let keys = Self.keys(script)
        try #require(!keys.isEmpty)
        #expect(keys.map(\.number) == Array(1...keys.count))
        #expect(keys.first?.name.hasPrefix("meta") == true)
        let code = Self.body(script).split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "\n")
        let used = Set(code.matches(of: /KEYS\[(\d+)\]/).compactMap { Int($0.1) })
        // The first is the fence's.
        #expect(used.union([1]) == Set(1...keys.count))
    }

    @Test func aKeyHasOneTypeInAllHeaders() {
        var types: [String: String] = [:]
        for script in Scripts.all {
            for (_, name, type) in Self.keys(script) {
                let short = name.replacing(" of the fleet", with: "")
                let isFleets = Self.keys(script).first?.name == "meta of the fleet"
                if type == "any" { continue }
                #expect(types[short, default: type] == type || isFleets, "\(name) in \(script.name)")
                if !isFleets { types[short] = type }
            }
        }
        #expect(types["jobs"] == "hash")
        #expect(types["held:<session>"] == "set")
    }
}
