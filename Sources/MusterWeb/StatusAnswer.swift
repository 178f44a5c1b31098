import Foundation
import HTTPTypes
import Hummingbird
import MusterKit
import NIOCore

/// The responses of the status routes; none of them may be kept by anybody on the way.
enum StatusAnswer {
    private struct Refusal: Encodable {
        let error: String
    }

    static func report(_ report: JobReport) throws -> Response {
        let status: HTTPResponse.Status =
            switch report.state {
            case .unknown: .notFound
            case .expired where report.expiry == .outcome: .gone
            default: .ok
            }
        var response = try json(status, JobStatus(report))
        response.headers[.musterSeq] = "\(report.seq)"
        response.headers[.musterReadAt] = "\(report.readAt)"
        return response
    }

    /// - Parameter message: a sentence for whoever wrote the client; nothing of this server's inside.
    static func error(_ status: HTTPResponse.Status, _ message: String) -> Response {
        (try? json(status, Refusal(error: message))) ?? Response(status: status, headers: [.cacheControl: "no-store"])
    }

    static var unavailable: Response {
        var response = error(
            .serviceUnavailable, "the jobs' store cannot be asked now; nothing is known of the job: ask again")
        response.headers[.retryAfter] = "2"
        return response
    }

    private static func json(_ status: HTTPResponse.Status, _ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var data = try encoder.encode(value)
        data.append(0x0A)
        return Response(
            status: status,
            headers: [
                .contentType: "application/json; charset=utf-8", .cacheControl: "no-store",
                .xContentTypeOptions: "nosniff",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}

extension HTTPField.Name {
    static let musterSeq = Self("Muster-Seq")!
    static let musterReadAt = Self("Muster-Read-At")!
}
