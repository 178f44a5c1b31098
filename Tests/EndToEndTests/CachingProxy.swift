import Foundation
import MusterLaunch
import MusterTestKit
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// nginx between a page and a status server, in a folder of its own and on unix sockets.
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
    private let process: ChildProcess

    /// - Parameter url: the status server.
    static func start(_ cluster: Cluster, before url: String) async throws -> CachingProxy {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin:/usr/local/sbin:/usr/local/bin"
        let nginx = try #require(
            ProgramSearch.find(["nginx"], in: path), "nginx is missing; Debian's package nginx-light has it")
        let folder = cluster.folder + "/nginx"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try cluster.write("nginx/nginx.conf", configuration(url, folder))
        let process = try cluster.begin(
            nginx, ["-p", folder, "-e", "\(folder)/error.log", "-c", "\(folder)/nginx.conf"], log: "nginx")
        let proxy = CachingProxy(folder: folder, process: process)
        // It writes its process id when it listens.
        try #expect(
            await eventually {
                (try? String(contentsOfFile: "\(folder)/pid", encoding: .utf8))?.isEmpty == false
            }, "\(cluster.logs())")
        return proxy
    }

    /// Lets it end its own processes; what the cluster has to kill leaves them behind.
    func stop() async {
        process.send(SIGTERM)
        _ = await process.wait()
    }

    func get(_ path: String, _ manner: Manner) async throws -> Page {
        try await Page.get("http://page\(path)", ["--unix-socket", socket(manner)])
    }

    func socket(_ manner: Manner) -> String { "\(folder)/\(manner.rawValue).sock" }

    private static func configuration(_ url: String, _ folder: String) -> String {
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
