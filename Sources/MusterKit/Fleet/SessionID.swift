import Foundation

/// One run of a worker: host, process id and a boot nonce. A worker that loses its lease gets a new one.
public struct SessionID: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let pid: Int
    public let id: String

    public init(host: String, pid: Int, nonce: UInt32) {
        self.host = host
        self.pid = pid
        self.id = "\(host).\(pid).\(String(nonce, radix: 16))"
    }

    /// A session of this process.
    static func here(host: String) -> SessionID {
        SessionID(
            host: host, pid: Int(ProcessInfo.processInfo.processIdentifier), nonce: .random(in: 0x1000_0000 ... .max))
    }

    public var description: String { id }
}

/// This machine's name in the grammar of names; `MUSTER_HOST` overrides it, for containers whose name says nothing.
public func thisHost() -> String {
    let given = ProcessInfo.processInfo.environment["MUSTER_HOST"] ?? ""
    return Name.made(from: given.isEmpty ? ProcessInfo.processInfo.hostName : given)
}

/// What the image or template that this machine was launched from is called: `MUSTER_IMAGE`, for the roll call.
public func thisImage() -> String? {
    ProcessInfo.processInfo.environment["MUSTER_IMAGE"].flatMap { $0.isEmpty ? nil : String($0.prefix(200)) }
}

/// What a supervisor calls this worker: `MUSTER_NAME`, for the roll call.
public func thisWorkersName() -> String? {
    ProcessInfo.processInfo.environment["MUSTER_NAME"].flatMap { $0.isEmpty ? nil : String($0.prefix(200)) }
}
