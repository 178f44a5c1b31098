import MusterLaunch
import MusterTestKit
import Testing

@testable import MusterRedis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A peer that vanishes without a word cannot be had without a network of one's own; that the kernel was told
/// to look for it can be seen on the socket.
@Suite(.timeLimit(.minutes(1))) struct DeadPeerTests {
    private func option(_ descriptor: Int32, _ level: Int32, _ name: Int32) -> Int {
        var value: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, level, name, &value, &length) == 0 ? Int(value) : -1
    }

    #if os(Linux)
        @Test(arguments: [10, 4, 60])
        func theKernelLooksForADeadPeerOnTCP(seconds: Int) async throws {
            try await withRedis(.init(listensOnLoopback: true)) { redis in
                let options = RedisOptions(deadPeerTimeout: .seconds(seconds))
                let context = try HiredisContext.connect(try redis.loopbackEndpoint, options)
                let socket = context.descriptor
                let tcp = Int32(IPPROTO_TCP)
                #expect(option(socket, SOL_SOCKET, SO_KEEPALIVE) == 1)
                #expect(option(socket, tcp, TCP_NODELAY) == 1)
                #expect(option(socket, tcp, TCP_USER_TIMEOUT) == seconds * 1000)
                let idle = option(socket, tcp, TCP_KEEPIDLE)
                let interval = option(socket, tcp, TCP_KEEPINTVL)
                let count = option(socket, tcp, TCP_KEEPCNT)
                #expect(idle > 0 && interval > 0 && count > 0)
                #expect(idle + interval * count <= seconds + 1)
                withExtendedLifetime(context) {}
            }
        }
    #endif

    @Test func theDescriptorIsNonblockingAndNotInherited() async throws {
        try await withRedis(.init(listensOnLoopback: true)) { redis in
            for endpoint in [redis.endpoint, try redis.loopbackEndpoint] {
                let context = try HiredisContext.connect(endpoint, RedisOptions())
                let socket = context.descriptor
                #expect(fcntl(socket, F_GETFL) & O_NONBLOCK != 0)
                #expect(fcntl(socket, F_GETFD) & FD_CLOEXEC != 0)
            }
        }
    }
}
