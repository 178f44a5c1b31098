import Foundation
import MusterKit
let a = CommandLine.arguments
let run = LoadRun(server: try MusterServer(a[1]), jobs: Int(a[2])!, singles: 5000, rounds: 1000, payloadBytes: 100, concurrency: a.count > 3 ? Int(a[3])! : 10, build: try BuildStamp("1763700000-9f3c2ab"), progress: {p,d,o in FileHandle.standardError.write("\(p) \(d)/\(o)\n".data(using:.utf8)!) })
let r = try await run.run()
let e = JSONEncoder(); e.outputFormatting = [.prettyPrinted, .sortedKeys]
print(String(decoding: try e.encode(r), as: UTF8.self))
