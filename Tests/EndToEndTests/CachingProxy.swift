import Foundation
import MusterLaunch
import MusterTestKit
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// nginx between a page and a status server, in a folder of its own and on unix sockets; the cluster stops it.
struct CachingProxy {
    /// How it treats what the status server says of caching.
    enum Manner: String, CaseIterable {
        /// It keeps for ten minutes whatever may be kept.
        case obeying
        /// It was told to keep everything, whatever the server says.
        case ignoring
        /// It is an obeying one, before a server that does not say `no-store`.
        case unwarned
    }

    private let folder: String

    /// - Parameter url: the status server.
    static func start(_ cluster: Cluster, before url: String) async throws -> CachingProxy {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin:/usr/local/sbin:/usr/local/bin"
        let nginx = try #require(
            ProgramSearch.find(["nginx"], in: path), "nginx is missing; Debian's package nginx-light has it")
        let proxy = CachingProxy(folder: cluster.folder + "/nginx")
        try FileManager.default.createDirectory(atPath: proxy.folder, withIntermediateDirectories: true)
        try cluster.write("nginx/nginx.conf", proxy.configuration(url))
        _ = try cluster.begin(
            nginx, ["-p", proxy.folder, "-e", "\(proxy.folder)/error.log", "-c", "\(proxy.folder)/nginx.conf"],
            log: "nginx")
        try #expect(
            await eventually {
                Manner.allCases.allSatisfy { FileManager.default.fileExists(atPath: proxy.socket($0)) }
            }, "\(cluster.logs())")
        return proxy
    }

    func get(_ path: String, _ manner: Manner) async throws -> Page {
        try await Page.get("http://page\(path)", ["--unix-socket", socket(manner)])
    }

    func socket(_ manner: Manner) -> String { "\(folder)/\(manner.rawValue).sock" }

    private func configuration(_ url: String) -> String {
        // As root its workers would become somebody who may not enter the folder.
        let user = geteuid() == 0 ? "user root;\n" : ""
        let temporary = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"].map {
            "    \($0)_temp_path \(folder)/\($0);"
        }
        func server(_ name: String, upstream: String, _ lines: String...) -> String {
            """
                server {
                    listen unix:\(folder)/\(name).sock;
                    location / {
                        proxy_pass \(upstream);
                        add_header X-Cache $upstream_cache_status always;
                        \(lines.joined(separator: "\n            "))
                    }
                }

            """
        }
        func cache(_ name: String) -> String { "proxy_cache \(name); proxy_cache_valid any 10m;" }
        let caches = Manner.allCases.map {
            "    proxy_cache_path \(folder)/cache-\($0.rawValue) keys_zone=\($0.rawValue):1m;"
        }
        return """
            \(user)daemon off;
            worker_processes 1;
            pid \(folder)/pid;
            events { worker_connections 64; }
            http {
                access_log off;
            \((temporary + caches).joined(separator: "\n"))
            \(server("obeying", upstream: url, cache("obeying")))
            \(server("ignoring", upstream: url, cache("ignoring"), "proxy_ignore_headers Cache-Control Expires;"))
            \(server("unwarned", upstream: "http://unix:\(folder)/silent.sock:", cache("unwarned")))
            \(server("silent", upstream: url, "proxy_hide_header Cache-Control;"))
            }

            """
    }
}
