import Foundation

/// A folder of a test's own, removed with the last reference.
final class ScratchFolder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/muster-fuzz-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no folder in /tmp: \(String(cString: strerror(errno)))")
        path = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
