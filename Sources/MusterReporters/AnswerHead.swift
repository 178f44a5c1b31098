import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Keeps the head of an answer, also where its body never comes, and reads the body to its end: a connection whose
/// answer was read can be used again.
final class AnswerHead: HTTPClientResponseDelegate {
    /// A body that is longer is not read on, and its connection is closed.
    private static let mostBytes = 64 << 10

    private struct BodyTooLong: Error {}

    private let state = Mutex<(head: HTTPResponseHead?, bytes: Int)>((nil, 0))

    /// Nil as long as none has come.
    var head: HTTPResponseHead? { state.withLock { $0.head } }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLock { $0.head = head }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let bytes = state.withLock { state in
            state.bytes += buffer.readableBytes
            return state.bytes
        }
        return bytes > Self.mostBytes
            ? task.eventLoop.makeFailedFuture(BodyTooLong()) : task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws {}
}
