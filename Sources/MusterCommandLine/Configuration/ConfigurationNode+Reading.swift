import Foundation
import Yams

extension ConfigurationNode {
    /// The only document of the file at `path`, or nil if there is nothing in it.
    package static func read(_ path: String) throws(ConfigurationError) -> ConfigurationNode? {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ConfigurationError(
                file: path, line: nil, problem: "no such file; name an existing one with --config")
        }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(
                file: path, line: nil, problem: "cannot be read; is it a file this user may read?")
        }
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw ConfigurationError(file: path, line: nil, problem: "is not UTF-8 text")
        }
        do {
            return try Yams.compose(yaml: text).map { ConfigurationNode(node: $0, file: path) }
        } catch let error as YamlError {
            throw ConfigurationError(yaml: error, text: text, file: path)
        } catch {
            throw ConfigurationError(file: path, line: nil, problem: "\(error)")
        }
    }
}

extension ConfigurationError {
    fileprivate init(yaml error: YamlError, text: String, file: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(file: file, line: mark.line, problem: "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
            self.init(
                file: file, line: context.mark.line, problem: "\(names) stands twice in one mapping; keep one"
            )
        case .reader(let problem, let offset, _, _):
            let line = offset.map { text.prefix($0).count(where: \.isNewline) + 1 }
            self.init(file: file, line: line, problem: "not valid YAML: \(problem)")
        default:
            self.init(file: file, line: nil, problem: "not valid YAML: \(error)")
        }
    }
}
