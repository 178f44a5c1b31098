import Testing

@testable import MusterKit

/// `INFO` as servers of several versions and makers write it.
@Suite struct ServerInfoTests {
    @Test func fieldsAreReadAndSectionsAreNot() {
        let info = ServerInfo(
            "# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1 x86:64\r\n\r\n# Memory\r\nused_memory:12\r\n")
        #expect(info["redis_version"] == "7.0.15")
        #expect(info["os"] == "Linux 6.1 x86:64", "only the first colon ends the name")
        #expect(info.number("used_memory") == 12)
        #expect(info["# Server"] == nil)
    }

    @Test func whatIsMissingOrNoNumberIsNil() {
        let info = ServerInfo("a:\nb:x\nflag:1\noff:0\nnonsense\n")
        #expect(info["a"] == "")
        #expect(info.number("a") == nil)
        #expect(info.number("b") == nil)
        #expect(info["c"] == nil)
        #expect(info.flag("flag") == true)
        #expect(info.flag("off") == false)
        #expect(info.flag("c") == nil)
        #expect(ServerInfo("").replicas == [])
    }

    @Test func replicasAreReadInTheirOrder() {
        let info = ServerInfo(
            """
            role:master
            connected_slaves:3
            slave0:ip=10.0.0.7,port=6379,state=online,offset=42,lag=1
            slave1:ip=::1,port=6380,state=wait_bgsave,offset=0,lag=0
            slave2:ip=10.0.0.9,port=6379,state=online,offset=42,lag=30,type=replica
            """)
        #expect(
            info.replicas == [
                .init(address: "10.0.0.7:6379", state: "online", lag: 1),
                .init(address: "::1:6380", state: "wait_bgsave", lag: 0),
                .init(address: "10.0.0.9:6379", state: "online", lag: 30),
            ])
        #expect(info.replicas.map(\.isOnline) == [true, false, true])
    }

    @Test(arguments: [
        ("redis_version:6.0.16", "Redis 6.0.16", false), ("redis_version:6.2.0", "Redis 6.2.0", true),
        ("redis_version:7.0.15", "Redis 7.0.15", true), ("redis_version:10.1", "Redis 10.1.0", true),
        ("redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.1.1", "Valkey 8.1.1", true),
    ]) func theVersionIsTheServersOwn(_ text: String, _ description: String, _ isSupported: Bool) throws {
        let version = try #require(ServerVersion(ServerInfo(text)))
        #expect(version.description == description)
        #expect(version.isSupported == isSupported)
    }

    @Test func aServerThatSaysNoVersionHasNone() {
        #expect(ServerVersion(ServerInfo("role:master")) == nil)
        #expect(ServerVersion(ServerInfo("redis_version:unstable")) == nil)
    }

    @Test(arguments: [
        ("7.0.14", ServerVersion.Patches.behind("7.2.11")), ("7.0.15", .unclear), ("7.2.10", .behind("7.2.11")),
        ("7.2.11", .good), ("8.0.2", .unclear), ("8.0.3", .behind("8.0.4")), ("8.0.4", .good), ("9.9.9", .good),
    ]) func aPatchLevelIsGoodBehindOrUnclear(_ number: String, _ patches: ServerVersion.Patches) throws {
        #expect(try #require(ServerVersion(ServerInfo("redis_version:\(number)"))).patches == patches)
    }
}
