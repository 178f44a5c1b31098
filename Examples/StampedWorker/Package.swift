// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "StampedWorker",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "muster", path: "../.."),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    ],
    targets: [
        .executableTarget(
            name: "StampedWorker",
            dependencies: [
                .product(name: "MusterKit", package: "muster"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)],
            plugins: [.plugin(name: "MusterStampPlugin", package: "muster")]
        )
    ]
)
