import Foundation
import MusterStamp
import Testing

/// The plugin's own reader of `stamp.paths`; ConfigurationFileTests hold it against the real one.
@Suite struct StampPathsTests {
    @Test(
        arguments: [
            ("", []), ("redis: x\n", []), ("stamp:\n", []), ("# stamp:\n#   paths: [a]\n", []),
            ("handlers:\n  stamp: ./stamp.sh\n", []), ("stamp:\nredis: x\n", []),
            ("stamp:\n  paths: [a]\n", ["a"]), (" redis: x\n stamp:\n  paths: [a]\n", ["a"]),
            ("stamp:\n  paths: [ a/b , \"c d\", 'e' ] # why\n", ["a/b", "c d", "e"]),
            ("stamp:\n  paths:\n    - Sources\n    - Package.swift\n", ["Sources", "Package.swift"]),
            ("---\r\nstamp: # ours\r\n  paths:\r\n  - a\r\n\r\n  # and\r\n  - ../b\r\nredis: x\r\n", ["a", "../b"]),
            ("redis: x\nstamp:\n    paths:\n        - a b\n        - 'c'\nhandlers:\n  x: y\n", ["a b", "c"]),
            ("stamp:\n  paths:\n    - a #b\n    - c\t#d\n", ["a", "c"]),
        ] as [(String, [String])])
    func theUsualFormsAreRead(text: String, paths: [String]) throws {
        #expect(try StampPaths.read(text, file: "f") == paths)
    }

    @Test(arguments: [
        ("stamp: {paths: [a]}\n", 1), ("stamp: [a]\n", 1), ("{stamp: {paths: [a]}}\n", 1),
        ("\"stamp\":\n  paths: [a]\n", 1),
        ("stamp:\n  path: [a]\n", 2), ("stamp:\n  paths: a\n", 2), ("stamp:\n  paths:\n", 2),
        ("stamp:\n  paths: []\n", 2),
        ("stamp:\n  paths: [a,\n    b]\n", 2), ("stamp:\n  paths:\n    - a\n      b\n", 4),
        ("stamp:\n  paths:\n    - a\n      - b\n", 4), ("stamp:\n  paths:\n    - *anchor\n", 3),
        ("stamp:\n  paths:\n    - \"a\\tb\"\n", 3), ("stamp:\n  paths: [a]\n  depth: 1\n", 3),
        ("stamp:\n  paths: [a: b]\n", 2), ("stamp:\n  paths: [null]\n", 2), ("stamp: &x\n  paths: [a]\n", 1),
        ("stamp:\n  paths: [a#b]\n", 2),
    ])
    func whatItDoesNotUnderstandIsAnErrorWithItsLine(text: String, line: Int) {
        let error = #expect(throws: StampError.self) { try StampPaths.read(text, file: "muster.yaml") }
        #expect(error?.code == .unreadablePaths)
        #expect(error?.message.hasPrefix("muster.yaml:\(line): ") == true, "\(text): \(error?.message ?? "")")
        #expect(error?.message.isOneLine == true)
    }

    @Test func aFolderWithoutTheFileNamesNoPaths() throws {
        let repository = try Repository()
        #expect(try StampPaths.read(directory: repository.root) == [])
        try repository.write("muster.yaml", "stamp:\n  paths: [a.txt]\n")
        #expect(try StampPaths.read(directory: repository.root) == ["a.txt"])
    }
}
