// swift-tools-version: 6.2
import PackageDescription

// What the tests of MusterRedis need and nothing else; `thread-sanitizer.sh` lays it beside links to the sources.
let ours: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "thread-sanitizer",
    platforms: [.macOS(.v15)],
    targets: [
        .systemLibrary(name: "CHiredis"),
        .target(name: "MusterRedis", dependencies: ["CHiredis"], swiftSettings: ours),
        .target(name: "MusterLaunch", swiftSettings: ours),
        .target(name: "MusterTestKit", dependencies: ["MusterLaunch", "MusterRedis"], swiftSettings: ours),
        .testTarget(
            name: "MusterRedisTests", dependencies: ["MusterRedis", "MusterLaunch", "MusterTestKit"],
            swiftSettings: ours),
    ]
)
