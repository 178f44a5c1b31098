// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "StampedWorker",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "muster", path: "../..")],
    targets: [
        .executableTarget(
            name: "StampedWorker",
            swiftSettings: [.swiftLanguageMode(.v6)],
            plugins: [.plugin(name: "MusterStampPlugin", package: "muster")]
        )
    ]
)
