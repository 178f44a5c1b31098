public import Hummingbird
import Logging
public import MusterKit
import ServiceLifecycle

/// Answers `GET /jobs/{id}` with how a job stands, so that no answer can be mistaken for another or for an older one.
///
/// 1. The state is read from Redis at this moment. `Cache-Control: no-store` forbids whoever stands between to keep the
///    answer; `seq` and `readAt` give away one who kept it all the same.
/// 2. 200: it is known. 404: no queue knows it. 410: it has ended so long ago that its outcome is gone. 503: Redis cannot
///    be asked now; nothing is known of the job.
/// 3. `?after=MARK&within=20s` waits until the job has moved on from the answer of that mark, or is over, or the time is.
/// 4. Who got an outcome here is noted with it (`muster job show`).
///
/// Whoever may ask may ask for every job whose id they know: put what decides that before it.
public struct StatusRoutes: Sendable {
    private let watcher: JobWatcher
    private let reader: String
    private let refusals = LogGate()

    /// - Parameters:
    ///   - watcher: asks Redis; close it when the server has ended.
    ///   - reader: who is noted to have seen the outcomes that go out here; default `http:<host>:<pid>`.
    public init(watcher: JobWatcher, reader: String = "http:\(Inspector.thisReader)") {
        self.watcher = watcher
        self.reader = reader
    }

    /// The route, to be added to a router: `router.addRoutes(routes.collection())`.
    public func collection<Context: RequestContext>(
        _ context: Context.Type = BasicRequestContext.self
    ) -> RouteCollection<Context> {
        RouteCollection(context: context)
            .get("jobs/{id}") { request, context in
                await answer(context.parameters.get("id") ?? "", request.uri.queryParameters, context.logger)
            }
            .head("jobs/{id}") { request, context in
                // Who looks at the head only has no result.
                await answer(
                    context.parameters.get("id") ?? "", request.uri.queryParameters, context.logger, isSeen: false
                ).createHeadResponse()
            }
    }

    private func answer(
        _ id: String, _ parameters: Parameters, _ logger: Logger, isSeen: Bool = true
    ) async -> Response {
        do {
            let query = try StatusQuery(parameters)
            let report = try await report(on: id, query)
            let response = try StatusAnswer.report(report)
            if isSeen { await watcher.noteSeen(report, by: reader) }
            return response
        } catch let error as StatusQuery.Malformed {
            return StatusAnswer.error(.badRequest, error.message)
        } catch let error as MusterError where error.code == .invalidValue {
            return StatusAnswer.error(.badRequest, error.message)
        } catch {
            refusals.log { logger.warning("status not answered", metadata: ["error": "\(error)"]) }
            return StatusAnswer.unavailable
        }
    }

    private func report(on id: String, _ query: StatusQuery) async throws -> JobReport {
        guard let within = query.within else { return try await watcher.job(id, queue: query.queue) }
        do {
            return try await cancelWhenGracefulShutdown {
                try await watcher.wait(for: id, queue: query.queue, within: within) { report in
                    query.after?.isOutdated(by: report) ?? report.state.isFinal
                }
            }
        } catch is CancellationError {
            return try await watcher.job(id, queue: query.queue)
        }
    }
}
