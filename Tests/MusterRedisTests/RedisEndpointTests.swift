import MusterRedis
import Testing

@Suite struct RedisEndpointTests {
    struct Good: Sendable, CustomTestStringConvertible {
        let url: String
        let endpoint: RedisEndpoint
        let shown: String
        var testDescription: String { url }

        init(_ url: String, _ endpoint: RedisEndpoint, shown: String) {
            self.url = url
            self.endpoint = endpoint
            self.shown = shown
        }
    }

    static let good: [Good] = [
        Good("redis://h", .init(address: .tcp(host: "h", port: 6379)), shown: "redis://h:6379"),
        Good("redis://h/", .init(address: .tcp(host: "h", port: 6379)), shown: "redis://h:6379"),
        Good("redis://h:1", .init(address: .tcp(host: "h", port: 1)), shown: "redis://h:1"),
        Good(
            "redis://h:65535/15", .init(address: .tcp(host: "h", port: 65535), database: 15),
            shown: "redis://h:65535/15"),
        Good("redis://[::1]", .init(address: .tcp(host: "::1", port: 6379)), shown: "redis://[::1]:6379"),
        Good(
            "redis://[fe80::2]:7000/3", .init(address: .tcp(host: "fe80::2", port: 7000), database: 3),
            shown: "redis://[fe80::2]:7000/3"),
        Good(
            "redis://:geheim@h", .init(address: .tcp(host: "h", port: 6379), password: "geheim"),
            shown: "redis://:***@h:6379"),
        Good(
            "redis://geheim@h", .init(address: .tcp(host: "h", port: 6379), password: "geheim"),
            shown: "redis://:***@h:6379"),
        Good(
            "redis://ann:geheim@h:7/2",
            .init(address: .tcp(host: "h", port: 7), user: "ann", password: "geheim", database: 2),
            shown: "redis://ann:***@h:7/2"),
        Good(
            "redis://a%3Ann:ge%2Fh%40e%25im@h",
            .init(address: .tcp(host: "h", port: 6379), user: "a:nn", password: "ge/h@e%im"),
            shown: "redis://a:nn:***@h:6379"),
        Good(
            "redis://ann:ge@he:im@h", .init(address: .tcp(host: "h", port: 6379), user: "ann", password: "ge@he:im"),
            shown: "redis://ann:***@h:6379"),
        Good(
            "redis://:gr%C3%BC%C3%9Fe@h", .init(address: .tcp(host: "h", port: 6379), password: "grüße"),
            shown: "redis://:***@h:6379"),
        Good("unix:///run/redis.sock", .init(address: .unix(path: "/run/redis.sock")), shown: "unix:///run/redis.sock"),
        Good(
            "redis+unix:///run/redis.sock", .init(address: .unix(path: "/run/redis.sock")),
            shown: "unix:///run/redis.sock"),
        Good(
            "unix:///run/redis.sock?db=4", .init(address: .unix(path: "/run/redis.sock"), database: 4),
            shown: "unix:///run/redis.sock?db=4"),
        Good(
            "unix://ann:geheim@/r.sock", .init(address: .unix(path: "/r.sock"), user: "ann", password: "geheim"),
            shown: "unix://ann:***@/r.sock"),
        Good("unix:///a%20b%3F.sock", .init(address: .unix(path: "/a b?.sock")), shown: "unix:///a b?.sock"),
        Good(
            "unix:///run/redis-server@main/r.sock", .init(address: .unix(path: "/run/redis-server@main/r.sock")),
            shown: "unix:///run/redis-server@main/r.sock"),
    ]

    @Test(arguments: good)
    func aURLIsReadAndShownWithoutItsPassword(_ good: Good) throws {
        let endpoint = try RedisEndpoint(url: good.url)
        #expect(endpoint == good.endpoint)
        #expect("\(endpoint)" == good.shown)
        #expect(!String(reflecting: [endpoint]).contains("geheim"))
    }

    /// Each with a word that the explanation must hold.
    static let bad: [(url: String, hint: String)] = [
        ("", "redis://"),
        ("localhost:6379", "redis://"),
        ("http://h", "scheme"),
        ("REDIS//h", "redis://"),
        ("rediss://:geheim@h", "TLS"),
        ("redis://", "host"),
        ("redis://:geheim@", "host"),
        ("redis://:6379", "host"),
        ("redis://:geheim@h:", "port"),
        ("redis://h:0", "port"),
        ("redis://h:65536", "port"),
        ("redis://h:+80", "port"),
        ("redis://h:6379x", "port"),
        ("redis://[::1]6379", "port"),
        ("redis://[::1]:", "port"),
        ("redis://h/mail", "database"),
        ("redis://h/-1", "database"),
        ("redis://h/+1", "database"),
        ("redis://h/0/1", "database"),
        ("redis://:geheim%@h", "%"),
        ("redis://:geheim%2@h", "%"),
        ("redis://:geheim%zz@h", "%"),
        ("redis://:geheim%+1@h", "%"),
        ("redis://:geheim%00@h", "%"),
        ("redis://:geheim%ff@h", "UTF-8"),
        ("unix://run/redis.sock", "absolute"),
        ("unix://", "absolute"),
        ("unix:///", "absolute"),
        ("unix://ann:geheim@r.sock", "absolute"),
        ("unix:///r.sock?name=x", "db"),
        ("unix:///r.sock?db=", "database"),
        ("unix:///" + String(repeating: "s", count: 107), "107"),
    ]

    @Test(arguments: bad)
    func aURLThatMakesNoSenseIsRefusedInOneLineWithoutItsPassword(url: String, hint: String) {
        let error = #expect(throws: RedisEndpoint.Malformed.self) { try RedisEndpoint(url: url) }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains(hint))
        #expect(!text.contains("geheim") && !text.contains("\n"))
    }

    @Test func aSocketPathMayHaveExactlyWhatTheSystemHasRoomFor() throws {
        let path = "/" + String(repeating: "s", count: 106)
        #expect(try RedisEndpoint(url: "unix://" + path).address == .unix(path: path))
    }
}
