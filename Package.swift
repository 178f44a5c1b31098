// swift-tools-version: 6.2
import Foundation
import PackageDescription

let ours: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// Where hiredis lies in the system's own folders pkg-config has nothing to add but flags that SwiftPM refuses
// with a warning; elsewhere (Homebrew, a newer version unpacked aside) it says where.
let hiredisIsInPlace =
    FileManager.default.fileExists(atPath: "/usr/include/hiredis/hiredis.h")
    && Context.environment["PKG_CONFIG_PATH"] == nil

let package = Package(
    name: "muster",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "MusterKit", targets: ["MusterKit"]),
        .library(name: "MusterReporters", targets: ["MusterReporters"]),
        .library(name: "MusterTestKit", targets: ["MusterTestKit"]),
        .library(name: "MusterWeb", targets: ["MusterWeb"]),
        .executable(name: "muster", targets: ["MusterCLI"]),
        .executable(name: "muster-worker", targets: ["MusterWorker"]),
        .plugin(name: "MusterStampPlugin", targets: ["MusterStampPlugin"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        // Only MusterWeb and the `muster` command are made with these.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // Only MusterReporters and `muster-worker` are made with it.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CHiredis",
            pkgConfig: hiredisIsInPlace ? nil : "hiredis",
            providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]
        ),
        .target(
            name: "MusterRedis",
            dependencies: ["CHiredis"],
            swiftSettings: ours + [.strictMemorySafety()]
        ),
        .target(name: "CStacks"),
        .target(name: "MusterStamp", dependencies: ["MusterLaunch"], swiftSettings: ours),
        .target(
            name: "MusterKit",
            dependencies: [
                "CStacks", "MusterLaunch", "MusterRedis", "MusterStamp",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            resources: [.embedInCode("Lua")],
            swiftSettings: ours
        ),
        .target(name: "MusterLaunch", swiftSettings: ours),
        .target(
            name: "MusterCommandLine",
            dependencies: [
                "MusterKit", "MusterLaunch", "Yams",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: ours
        ),
        .target(
            name: "MusterFleet",
            dependencies: ["MusterCommandLine", "MusterKit", "MusterLaunch", "MusterStamp"],
            swiftSettings: ours
        ),
        .target(
            name: "MusterWeb",
            dependencies: [
                "MusterKit",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: ours
        ),
        .target(
            name: "MusterReporters",
            dependencies: [
                "MusterKit",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: ours
        ),
        .executableTarget(
            name: "MusterCLI",
            dependencies: [
                "MusterCommandLine", "MusterFleet", "MusterKit", "MusterLaunch", "MusterWeb",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: ours
        ),
        .executableTarget(
            name: "MusterWorker",
            dependencies: [
                "MusterCommandLine", "MusterKit", "MusterLaunch", "MusterRedis", "MusterReporters",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: ours
        ),
        .executableTarget(name: "MusterStampTool", dependencies: ["MusterStamp"], swiftSettings: ours),
        .plugin(name: "MusterStampPlugin", capability: .buildTool(), dependencies: ["MusterStampTool"]),
        .target(
            name: "MusterTestKit",
            dependencies: [
                "MusterKit", "MusterLaunch", "MusterRedis",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: ours
        ),
        .testTarget(
            name: "MusterFleetTests",
            dependencies: ["MusterFleet", "MusterLaunch", "MusterTestKit"],
            swiftSettings: ours
        ),
        .testTarget(
            name: "MusterRedisTests",
            dependencies: ["MusterRedis", "MusterLaunch", "MusterTestKit"],
            swiftSettings: ours
        ),
        .testTarget(name: "MusterStampTests", dependencies: ["MusterLaunch", "MusterStamp"], swiftSettings: ours),
        .testTarget(
            name: "MusterLaunchTests",
            dependencies: [
                "MusterLaunch", "MusterCommandLine",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: ours
        ),
        .testTarget(
            name: "MusterKitTests",
            dependencies: [
                "MusterKit", "MusterLaunch", "MusterRedis", "MusterTestKit",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            exclude: ["Frozen"],
            swiftSettings: ours
        ),
        .testTarget(
            name: "MusterReportersTests",
            dependencies: ["MusterKit", "MusterLaunch", "MusterReporters", "MusterTestKit"],
            swiftSettings: ours
        ),
        .testTarget(
            name: "MusterWebTests",
            dependencies: [
                "MusterKit", "MusterLaunch", "MusterRedis", "MusterTestKit", "MusterWeb",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: ours
        ),
        .target(name: "FaultHistory", path: "Tests/FaultLab/History", swiftSettings: ours),
        .testTarget(
            name: "FaultHistoryTests", dependencies: ["FaultHistory"], path: "Tests/FaultLab/HistoryTests",
            swiftSettings: ours
        ),
        .target(
            name: "FaultKit",
            dependencies: ["FaultHistory", "MusterKit", "MusterLaunch", "MusterTestKit"],
            path: "Tests/FaultLab/Kit",
            resources: [.embedInCode("Shim")], swiftSettings: ours
        ),
        .executableTarget(
            name: "muster-lab",
            dependencies: [
                "FaultHistory", "FaultKit", "MusterCommandLine", "MusterKit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/FaultLab/Lab", swiftSettings: ours
        ),
        .testTarget(
            name: "FaultLabTests", dependencies: ["FaultHistory", "FaultKit", "muster-lab"],
            path: "Tests/FaultLab/Faults", swiftSettings: ours
        ),
        .testTarget(
            name: "FaultProxyTests",
            dependencies: [
                "MusterKit", "MusterLaunch", "MusterRedis", "MusterTestKit",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/FaultLab/Proxy",
            swiftSettings: ours
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "MusterCommandLine", "MusterKit", "MusterLaunch", "MusterRedis", "MusterStamp", "MusterTestKit",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/FaultLab/Fuzz",
            exclude: ["Corpus"],
            swiftSettings: ours
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["FaultKit", "MusterCLI", "MusterLaunch", "MusterTestKit", "MusterWorker"],
            swiftSettings: ours
        ),
    ]
)
