import Foundation
import MusterLaunch
import Testing

@testable import MusterFleet

/// What ssh hands to another host's shell, run by a real one.
@Suite struct FarShellTests {
    private static let nasty = [
        "it's", "a b", "$(touch pwned)", "`touch pwned`", "\"; touch pwned; \"", "'; touch pwned; '", "'\\''", "\\",
        "*", "~", "$HOME", "-rf", "!", "", "é\u{301}", "a'; exit 7; 'b",
    ]

    /// As sshd does it: one text, to `sh -c`.
    private func run(_ command: String, input: [UInt8] = [], in folder: String) throws -> (Termination?, String, String)
    {
        let file = folder + "/input"
        try Data(input).write(to: URL(filePath: file))
        let (output, errors) = (folder + "/output", folder + "/errors")
        let child = try ChildProcess(
            executable: "/bin/sh", arguments: ["-c", command],
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder, "MUSTER_STATE": folder + "/it's $(a) state"],
            directory: folder, standardInput: .file(file, append: false),
            standardOutput: .file(output, append: false), standardError: .file(errors, append: false))
        let end = child.waitOnThisThread(within: .seconds(20))
        return (
            end, try String(contentsOfFile: output, encoding: .utf8),
            try String(contentsOfFile: errors, encoding: .utf8)
        )
    }

    private func with(_ body: (String) throws -> Void) throws {
        let folder = try TemporaryFolder.make("muster-far")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func aWordArrivesAsItWasWhateverIsInIt() throws {
        try with { folder in
            let command = FarShell.command(#"for word do printf '%s\0' "$word"; done"#, Self.nasty)
            let (end, output, errors) = try run(command, in: folder)
            #expect(end == .exited(0), "\(errors)")
            #expect(
                output.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
                    == Self.nasty)
            #expect(!FileManager.default.fileExists(atPath: folder + "/pwned"))
        }
    }

    @Test func aProgramIsTakenWholeOrNotAtAll() throws {
        try with { folder in
            let program = Array("#!/bin/sh\necho \"order: $(cat)\" \"$@\"\n".utf8)
            let source = folder + "/source"
            try Data(program).write(to: URL(filePath: source))
            let sum = try run("exec sha256sum <source", in: folder).1.prefix(64)
            let name = "\(sum)/it's $(touch pwned)"
            let broken = try run(FarShell.command(FarShell.take, [name]), input: program.dropLast(3), in: folder)
            #expect(broken.0 == .exited(1))
            #expect(broken.2 == "what arrived is not what was sent\n")
            #expect(
                SSHHost.value("has", in: lines(try run(FarShell.command(FarShell.look, [name]), in: folder).1)).isEmpty)

            let taken = try run(FarShell.command(FarShell.take, [name]), input: program, in: folder)
            #expect(taken.0 == .exited(0), "\(taken.2)")
            let look = lines(try run(FarShell.command(FarShell.look, ["absent/x", name]), in: folder).1)
            #expect(SSHHost.value("has", in: look) == [name])
            #expect(SSHHost.value("programs", in: look) == ["\(folder)/it's $(a) state/.programs"])
            let applied = try run(FarShell.command(FarShell.apply, [name]), input: Array("x".utf8), in: folder)
            #expect(applied.1 == "order: x fleet apply\n", "\(applied.2)")
            let left = try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/it's $(a) state/.programs")
            #expect(left.count == 2, "nothing half is left: \(left)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/pwned"))
        }
    }

    @Test func aProgramThatWasDamagedThereIsNotHeldToBeThere() throws {
        try with { folder in
            let program = Array("#!/bin/sh\n".utf8)
            try Data(program).write(to: URL(filePath: folder + "/source"))
            let name = "\(try run("exec sha256sum <source", in: folder).1.prefix(64))/worker"
            _ = try run(FarShell.command(FarShell.take, [name]), input: program, in: folder)
            let place = "\(folder)/it's $(a) state/.programs/\(name)"
            try Data("rubbish".utf8).write(to: URL(filePath: place))
            let look = lines(try run(FarShell.command(FarShell.look, [name]), in: folder).1)
            #expect(SSHHost.value("has", in: look).isEmpty)
        }
    }

    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }
}
