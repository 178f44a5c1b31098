import Foundation
import MusterLaunch

/// An answer over HTTP, fetched by curl as any page's client would.
package struct Page: Sendable {
    package let status: Int
    /// By their names in lower case.
    package let headers: [String: String]
    package let body: String

    /// Why there is none.
    package struct Missing: Error, CustomStringConvertible {
        package let description: String
    }

    /// Fetches a page.
    /// - Parameter more: further arguments for curl.
    /// - Throws: ``Missing`` where nobody answered, or not with HTTP.
    package static func get(_ url: String, _ more: [String] = []) async throws -> Page {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let child = try ChildProcess(
            executable: "/usr/bin/env", arguments: ["curl", "-sS", "-i", "--max-time", "50"] + more + [url],
            environment: ["PATH": path], standardOutput: .pipe, standardError: .pipe)
        async let output = child.standardOutput?.readToEnd() ?? []
        async let errors = child.standardError?.readToEnd() ?? []
        let texts = await (String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self))
        let end = await child.wait()
        guard end == .exited(0), let page = Page(texts.0) else {
            throw Missing(description: "no answer from \(url): \(texts.1)\(texts.0)")
        }
        return page
    }

    private init?(_ text: String) {
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = parts[0].split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        self.status = status
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1)
            headers[field[0].lowercased()] = field.count == 2 ? field[1].trimmingCharacters(in: .whitespaces) : ""
        }
        self.headers = headers
        body = parts.count == 2 ? String(parts[1]) : ""
    }

    package func json() throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] else {
            throw Missing(description: "no JSON object: \(body)")
        }
        return object
    }

    package func text(_ name: String) throws -> String? { try json()[name] as? String }

    /// What the status answer says of its age.
    package var seq: Int? { headers["muster-seq"].flatMap { Int($0) } }
}
