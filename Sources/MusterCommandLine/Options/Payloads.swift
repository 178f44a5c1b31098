import Foundation
import MusterKit
import MusterStamp

/// Reads what to enqueue: from the command line, a file or standard input. Bytes stay as they are; what is
/// no JSON is refused with its line before anything is enqueued.
public struct Payloads: Sendable {
    private let payload: String?
    private let file: String?
    private let count: Int?

    /// - Parameters:
    ///   - payload: JSON text, `@file`, or `-` for standard input; nil for `{}`.
    ///   - file: a file with one payload a line, or `-` for standard input; it beats `payload`.
    ///   - count: how often the one payload is to be enqueued; nil for once.
    public init(payload: String?, file: String?, count: Int?) {
        self.payload = payload
        self.file = file
        self.count = count
    }

    /// - Throws: ``CommandFailure`` with status `usage`, naming the file and line.
    public func read() throws -> [[UInt8]] {
        if let file { return try lines(of: file) }
        return Array(repeating: try one(), count: count ?? 1)
    }

    private func one() throws -> [UInt8] {
        let text = payload ?? "{}"
        let bytes: [UInt8]
        let place: String
        if text == "-" {
            place = "standard input"
            bytes = try bounded(FileHandle.standardInput, place)
        } else if text.hasPrefix("@") {
            place = String(text.dropFirst())
            bytes = try reading(place) { try bounded(FileHandle(forReadingFrom: URL(fileURLWithPath: place)), place) }
        } else {
            bytes = Array(text.utf8)
            place = "the command line"
        }
        try check(bytes, "the payload from \(place)")
        return bytes
    }

    private func lines(of path: String) throws -> [[UInt8]] {
        let bytes = path == "-" ? Array(FileHandle.standardInput.readDataToEndOfFile()) : try contents(of: path)
        let name = path == "-" ? "standard input" : path
        var payloads: [[UInt8]] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
            if isBlank { continue }
            let payload = Array(line)
            try check(payload, "\(name):\(index + 1)")
            payloads.append(payload)
        }
        if payloads.isEmpty { throw CommandFailure(.usage, "\(name) holds no payload; write one JSON value a line") }
        return payloads
    }

    private func contents(of path: String) throws -> [UInt8] {
        try reading(path) { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
    }

    /// One payload. No more is read than one may have, for what was named may have no end.
    private func bounded(_ file: FileHandle, _ place: String) throws -> [UInt8] {
        let bound = Limits.payloadBytes
        var bytes: [UInt8] = []
        while let chunk = try file.read(upToCount: bound + 1 - bytes.count), !chunk.isEmpty {
            bytes += chunk
            if bytes.count > bound {
                throw CommandFailure(.rejected, "the payload from \(place.shown) is over the bound of \(bound) bytes")
            }
        }
        return bytes
    }

    private func reading(_ path: String, _ read: () throws -> [UInt8]) throws -> [UInt8] {
        do {
            return try read()
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(
                .usage,
                "cannot read \(path.shown): \((error as NSError).localizedFailureReason ?? "no such file, or no permission")"
            )
        }
    }

    private func check(_ bytes: [UInt8], _ place: String) throws {
        let parsed = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        if parsed == nil {
            throw CommandFailure(.usage, "\(place.shown(atMost: 600)) is not JSON; write it like '{\"key\":\"value\"}'")
        }
    }
}
