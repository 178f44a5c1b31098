import Foundation
import Logging
import MusterKit
import ServiceLifecycle

/// What producer and worker agree on: a name, and a value that travels as JSON.
struct Greet: Job {
    static let name = "greet"
    var person: String
}

// `MusterBuild` is in no file of this package: the plugin writes it, from git, in every build.
let build = try BuildStamp(MusterBuild.stamp)
let server = try MusterServer(ProcessInfo.processInfo.environment["MUSTER_REDIS"] ?? "redis://127.0.0.1:6379")

var handlers = Handlers()
handlers.register(Greet.self) { job, context in
    let greeting = "Hello \(job.person), from build \(context.build)"
    print(greeting)
    fflush(nil)
    return greeting
}

switch CommandLine.arguments.dropFirst().first {
case "--list-types":
    // Asks no Redis: a pipeline compares it with what the build before printed.
    print(handlers.listing(build: build).json)

case "work":
    // `muster fleet list` then says of a host whose program was built anew that it needs a restart.
    let options = WorkerOptions(buildOnDisk: CompiledStamp().look)
    let worker = try Worker(server: server, build: build, options: options, handlers: handlers)
    // The group stops the worker gracefully on SIGTERM and SIGINT.
    let group = ServiceGroup(
        services: [worker], gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "greeter"))
    try await group.run()

case "enqueue":
    let producer = Producer(server: server, build: build)
    defer { producer.close() }
    let person = CommandLine.arguments.dropFirst(2).first ?? "world"
    let receipt = try await producer.enqueue(Greet(person: person), options: EnqueueOptions(retain: .seconds(600)))
    print(receipt.id)

default:
    print(build)
}
