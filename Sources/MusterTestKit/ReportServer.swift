import Foundation
import MusterLaunch

/// A real HTTP server that takes error reports, in a process and a folder of its own; Python's `http.server`.
///
/// The first part of an address says how it answers: `ok`; `slow-300`, after so many ms; `hang`, never;
/// `throttle-503-120`, with that status and `Retry-After`; `mixed-300-1`, slowly, and each tenth with 429 and
/// `Retry-After`; `half` and `half-429-120`, the head of an answer and never its body;
/// `storm-1000-1`, each session's first report with 429 and `Retry-After`, all others after so many ms.
package final class ReportServer: Sendable {
    /// A request that it got.
    package struct Request: Sendable, Decodable {
        package let path: String
        /// By their names in lower case.
        package let headers: [String: String]
        package let body: String

        /// The body as one JSON object; empty where it is none.
        package var document: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) ?? [:]
        }
    }

    private let folder: String
    private let process: ChildProcess
    private let port: String

    private init(folder: String, process: ChildProcess, port: String) {
        self.folder = folder
        self.process = process
        self.port = port
    }

    /// Runs a server while `body` runs.
    package static func with(_ body: (ReportServer) async throws -> Void) async throws {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try script.write(toFile: folder + "/server.py", atomically: true, encoding: .utf8)
        let process = try ChildProcess(
            executable: "/usr/bin/env", arguments: ["python3", "server.py"],
            environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"], directory: folder,
            standardOutput: .file(folder + "/log", append: true), standardError: .file(folder + "/log", append: true))
        defer { process.killAndReap() }
        var port = ""
        guard
            try await eventually({
                port = (try? String(contentsOfFile: folder + "/port", encoding: .utf8)) ?? ""
                return port.hasSuffix("\n")
            })
        else {
            let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
            throw Page.Missing(description: "the server for reports did not start: \(log)")
        }
        try await body(
            ReportServer(folder: folder, process: process, port: port.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    /// - Parameter manner: how it answers there.
    package func url(_ manner: String) -> String { "http://127.0.0.1:\(port)/\(manner)" }

    /// What it got so far, in order.
    package var requests: [Request] {
        let text = (try? String(contentsOfFile: folder + "/requests", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Request.self, from: Data($0.utf8)) }
    }

    private static let script = """
        import http.server, json, os, threading, time

        lock = threading.Lock()
        count = 0
        sessions = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                global count
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {k.lower(): v for k, v in self.headers.items()}
                line = json.dumps({"path": self.path, "headers": headers, "body": body.decode()})
                with lock:
                    count += 1
                    number = count
                    with open("requests", "a") as file:
                        file.write(line + "\\n")
                manner, *words = self.path.split("/")[1].split("-")
                status, after = 200, None
                if manner == "storm":
                    session = json.loads(body)["session"]
                    with lock:
                        is_first = session not in sessions
                        sessions.add(session)
                    if is_first:
                        status, after = 429, words[1]
                    else:
                        time.sleep(int(words[0]) / 1000)
                if manner == "hang":
                    time.sleep(3600)
                if manner in ("slow", "mixed"):
                    time.sleep(int(words[0]) / 1000)
                if manner == "throttle":
                    status, after = int(words[0]), words[1]
                if manner == "half" and words:
                    status, after = int(words[0]), words[1]
                if manner == "mixed" and number % 10 == 0:
                    status, after = 429, words[1]
                if manner == "redirect":
                    status = 307
                self.send_response(status)
                if after is not None:
                    self.send_header("Retry-After", after)
                if manner == "redirect":
                    self.send_header("Location", "/ok")
                self.send_header("Content-Length", "2")
                self.end_headers()
                if manner == "half":
                    time.sleep(3600)
                self.wfile.write(b"{}")

            def log_message(self, *words):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        server = Server(("127.0.0.1", 0), Handler)
        with open("port.new", "w") as file:
            file.write(str(server.server_address[1]) + "\\n")
        os.rename("port.new", "port")
        server.serve_forever()

        """
}
