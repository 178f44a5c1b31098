import Foundation
import MusterStamp

/// The build-tool plugin's helper: writes this package's build stamp into a Swift file.
///
///     MusterStampTool --directory PACKAGE --output FILE.swift --tick FILE
///
/// A compiled stamp comes from `MUSTER_BUILD`, a stamp file in the package, or git there, which looks at the paths that
/// a muster.yaml in the package names. The output is left alone
/// where it already says so, and nothing is compiled again. The tick is an input of the very command that runs this:
/// because it is newer after each run, the next build asks again.
func fail(_ message: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data("error: MusterStampPlugin: \(message)\n".utf8))
    exit(status)
}

let usage = "usage: MusterStampTool --directory PACKAGE --output FILE.swift --tick FILE"
var options: [String: String] = [:]
var words = CommandLine.arguments.dropFirst()
while let option = words.popFirst() {
    guard ["--directory", "--output", "--tick"].contains(option), let value = words.popFirst() else {
        fail(usage, status: 2)
    }
    options[option] = value
}
guard let directory = options["--directory"], let output = options["--output"], let tick = options["--tick"]
else {
    fail(usage, status: 2)
}

do {
    let found = try StampResolver(
        flag: nil, environment: ProcessInfo.processInfo.environment, directories: [directory], compiled: nil,
        gitDirectory: directory, paths: StampPaths.read(directory: directory)
    ).resolve()
    let source = Data(
        """
        /// Written by MusterStampPlugin at each build.
        enum MusterBuild {
            /// The stamp of the source that this module was built from.
            static let stamp: String = \(CompiledStamp.expression(for: found.stamp))
        }

        """.utf8)
    let files = FileManager.default
    if files.contents(atPath: output) != source {
        let before = try? files.attributesOfItem(atPath: output)[.modificationDate] as? Date
        try source.write(to: URL(filePath: output), options: .atomic)
        // The compiler's driver compares whole seconds: a file rewritten within one would not be compiled again.
        if let before, Int(before.timeIntervalSince1970) >= Int(Date().timeIntervalSince1970) {
            let next = Date(timeIntervalSince1970: before.timeIntervalSince1970.rounded(.down) + 1)
            try files.setAttributes([.modificationDate: next], ofItemAtPath: output)
        }
    }
    try Data("\(UUID())\n".utf8).write(to: URL(filePath: tick))
} catch let error as StampError {
    fail(error.message, status: 1)
} catch {
    fail("\(output) cannot be written: \(error.localizedDescription)", status: 1)
}
