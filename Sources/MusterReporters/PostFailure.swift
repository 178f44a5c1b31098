import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix

/// Why no answer came, in words that name no host, address or key: what the libraries say of their errors does.
enum PostFailure {
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: text(error)
        case let error as NIOConnectionError:
            error.connectionErrors.isEmpty ? "the receiver's name leads nowhere" : "the receiver cannot be reached"
        case let error as IOError: "the connection failed: \(String(cString: strerror(error.errnoCode)))"
        case is CancellationError: "it was cancelled"
        default: "there was no answer (\(type(of: error)))"
        }
    }

    private static func text(_ error: HTTPClientError) -> String {
        switch error {
        case .deadlineExceeded, .readTimeout, .writeTimeout: "there was no answer in time"
        case .connectTimeout, .getConnectionFromPoolTimeout: "the receiver cannot be reached in time"
        case .tlsHandshakeTimeout: "no secure connection came about in time"
        case .remoteConnectionClosed: "the receiver closed the connection"
        case .cancelled: "it was cancelled"
        default: "the request was not made (HTTPClientError)"
        }
    }
}
