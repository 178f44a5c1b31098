import MusterKit

/// The document that Honeybadger's notices API takes.
struct HoneybadgerNotice: Encodable {
    struct Notifier: Encodable {
        let name = "muster"
        let version = "0.1.0"
        private enum CodingKeys: CodingKey { case name, version }
    }

    struct Failure: Encodable {
        let type: String
        let message: String
        let tags: [String]
        let backtrace: [String] = []

        private enum CodingKeys: String, CodingKey {
            case message, tags, backtrace
            case type = "class"
        }
    }

    struct Request: Encodable {
        let component: String
        let action: String
        let context: Context
    }

    struct Context: Encodable {
        let job, type, queue, build, session: String
        let attempt: Int
        let isFinal: Bool
        let at: Timestamp

        private enum CodingKeys: String, CodingKey {
            case job, type, queue, build, session, attempt, at
            case isFinal = "final"
        }
    }

    struct Server: Encodable {
        let hostname: String
        let revision: String
        let environment: String?

        private enum CodingKeys: String, CodingKey {
            case hostname, revision
            case environment = "environment_name"
        }
    }

    let notifier = Notifier()
    let error: Failure
    let request: Request
    let server: Server

    private enum CodingKeys: CodingKey { case notifier, error, request, server }

    init(_ report: ErrorReport, environment: String?) {
        error = Failure(
            type: report.errorType, message: report.message, tags: [report.type, report.isFinal ? "final" : "retried"])
        request = Request(
            component: report.queue, action: report.type,
            context: Context(
                job: report.job, type: report.type, queue: report.queue, build: "\(report.build)",
                session: report.session, attempt: report.attempt, isFinal: report.isFinal, at: report.at))
        server = Server(hostname: report.host, revision: report.build.revision, environment: environment)
    }
}
