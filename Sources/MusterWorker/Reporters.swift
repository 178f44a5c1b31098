import Foundation
import MusterCommandLine
import MusterKit
import MusterReporters

/// The reporters that the file and the environment ask for. What is a secret stands in the environment only, never
/// among the arguments, which everyone on the machine can read.
enum Reporters {
    /// - Throws: where an address is none.
    static func named(
        _ settings: ReporterSettings, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(MusterError) -> [any ErrorReporter] {
        func secret(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var reporters: [any ErrorReporter] = []
        if let url = secret("MUSTER_REPORT_WEBHOOK") ?? settings.webhook.url {
            reporters.append(try WebhookReporter(url: url, flushBound: settings.webhook.flush))
        }
        if let key = secret("MUSTER_HONEYBADGER_KEY") {
            reporters.append(
                try HoneybadgerReporter(
                    key: key, url: settings.honeybadger.url ?? "https://api.honeybadger.io",
                    environment: secret("MUSTER_HONEYBADGER_ENVIRONMENT"), flushBound: settings.honeybadger.flush))
        }
        return reporters
    }
}
