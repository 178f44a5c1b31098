import Foundation
import Testing

@testable import MusterLaunch

@Suite struct ChildProcessTests {
    private func shell(_ script: String, environment: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess(
            executable: "/bin/sh", arguments: ["-c", script], environment: environment, standardOutput: .pipe)
    }

    private func output(_ child: ChildProcess) async throws -> String {
        String(decoding: await (try #require(child.standardOutput)).readToEnd(), as: UTF8.self)
    }

    @Test func theExitCodeIsReported() async throws {
        let child = try shell("exit 42")
        #expect(await child.wait() == .exited(42))
    }

    @Test func theSignalThatEndedItIsReported() async throws {
        let child = try shell("kill -KILL $$")
        #expect(await child.wait() == .signalled(SIGKILL))
    }

    @Test func everyWaiterGetsTheSameAnswerAndTheStatusIsCollectedOnce() async throws {
        let child = try shell("exit 7")
        let answers = await withTaskGroup(of: Termination?.self) { group in
            for _ in 0..<20 { group.addTask { await child.wait() } }
            group.addTask { child.waitOnThisThread() }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == Array(repeating: .exited(7), count: 21))
        var status: Int32 = 0
        #expect(waitpid(child.pid, &status, WNOHANG) == -1)
    }

    @Test func aCollectedChildIsNotSignalledAnyMore() async throws {
        let child = try shell("exit 0")
        _ = await child.wait()
        #expect(!child.send(SIGTERM))
        #expect(!child.sendToGroup(SIGTERM))
        #expect(child.killAndReap() == .exited(0))
    }

    @Test func aDeadChildsGroupCanBeSignalledUntilItsStatusIsCollected() async throws {
        let child = try shell("sleep 1000 >/dev/null & echo $!")
        let grandchild = try #require(
            Int32(try await output(child).trimmingCharacters(in: .whitespacesAndNewlines)))
        let ended = Gathered()
        child.whenExited { ended.add("ended") }
        #expect(await eventually { ended.lines == ["ended"] })
        #expect(isRunning(grandchild))
        #expect(child.sendToGroup(SIGKILL))
        #expect(await eventually { !isRunning(grandchild) })
        #expect(await child.wait() == .exited(0))
    }

    @Test func aDroppedChildIsCollectedWhenItEnds() async throws {
        var child: ChildProcess? = try shell("read line")
        let pid = try #require(child).pid
        child = nil
        // Its pipe went with the object, and it may be running still: only its disappearance shows the collection.
        kill(pid, SIGKILL)
        #expect(await eventually { kill(pid, 0) == -1 && errno == ESRCH })
    }

    @Test func killAndReapReturnsWhenTheChildIsGone() throws {
        let child = try shell("trap '' TERM; while :; do sleep 1; done")
        #expect(child.killAndReap() == .signalled(SIGKILL))
        #expect(kill(child.pid, 0) == -1)
    }

    @Test func aBoundedWaitGivesUpAndTheChildRunsOn() throws {
        let child = try shell("exec sleep 1000")
        #expect(child.waitOnThisThread(within: .milliseconds(20)) == nil)
        #expect(isRunning(child.pid))
        child.killAndReap()
    }

    @Test func sigtermIsNotBlockedInTheChildThoughItIsInTheThreadThatStartsIt() async throws {
        let termination = await DedicatedThread.run { () -> Termination? in
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGTERM)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            return try? shell("kill -TERM $$; echo survived").waitOnThisThread()
        }
        #expect(termination == .signalled(SIGTERM))
    }

    @Test func aSignalThatThisProcessIgnoresEndsTheChild() async throws {
        let previous = signal(SIGUSR2, SIG_IGN)
        defer { signal(SIGUSR2, previous) }
        let child = try shell("kill -USR2 $$; echo survived")
        #expect(await child.wait() == .signalled(SIGUSR2))
    }

    @Test func noOtherDescriptorIsInherited() async throws {
        let leaking = dup(2)
        defer { close(leaking) }
        #expect(fcntl(leaking, F_GETFD) & FD_CLOEXEC == 0)
        let script =
            "use POSIX; for (3..255) { my $d = POSIX::dup($_); next if !defined $d; print; POSIX::close($d) }"
        for (extra, expected) in [(false, ""), (true, "3")] {
            let child = try ChildProcess(
                executable: "/usr/bin/perl", arguments: ["-e", script], environment: [:],
                standardOutput: .pipe,
                extraDescriptor3: extra)
            #expect(try await output(child) == expected)
            #expect(await child.wait() == .exited(0))
        }
    }

    @Test func descriptorThreeReachesUs() async throws {
        let child = try ChildProcess(
            executable: "/bin/sh", arguments: ["-c", "echo up >&3"], environment: [:], extraDescriptor3: true)
        #expect(await (try #require(child.descriptor3)).readToEnd() == Array("up\n".utf8))
        #expect(await child.wait() == .exited(0))
    }

    @Test func argumentsAreGivenAsTheyAreWithoutAShell() async throws {
        let arguments = ["$HOME `id` *", "", "a\nb", "\"'\\"]
        let child = try ChildProcess(
            executable: "/usr/bin/perl", arguments: ["-e", "print join('|', @ARGV)"] + arguments,
            environment: [:],
            standardOutput: .pipe)
        #expect(try await output(child) == arguments.joined(separator: "|"))
    }

    @Test func theEnvironmentIsExactlyWhatWasGiven() async throws {
        let child = try ChildProcess(
            executable: "/usr/bin/env", environment: ["ONLY": "this=one"], standardOutput: .pipe)
        #expect(try await output(child) == "ONLY=this=one\n")
    }

    @Test func itRunsInTheDirectoryItWasGiven() async throws {
        let directory = TemporaryDirectory()
        try directory.write("here", "found")
        let child = try ChildProcess(
            executable: "/bin/cat", arguments: ["here"], environment: [:], directory: directory.path,
            standardOutput: .pipe)
        #expect(try await output(child) == "found")
    }

    @Test func filesAreReadAppendedToAndEmptied() async throws {
        let directory = TemporaryDirectory()
        let input = try directory.write("in", "new")
        for (append, expected) in [(true, "oldnew"), (false, "new")] {
            let file = try directory.write("out", "old")
            let child = try ChildProcess(
                executable: "/bin/cat", environment: [:], standardInput: .file(input, append: false),
                standardOutput: .file(file, append: append))
            #expect(await child.wait() == .exited(0))
            #expect(try String(contentsOfFile: file, encoding: .utf8) == expected)
        }
    }

    @Test func itLeadsItsOwnGroupOrJoinsOurs() async throws {
        let own = try ChildProcess(executable: "/bin/sleep", arguments: ["1000"], environment: [:])
        #expect(getpgid(own.pid) == own.pid)
        own.killAndReap()
        let ours = try ChildProcess(
            executable: "/bin/sleep", arguments: ["1000"], environment: [:], processGroup: .parents)
        #expect(getpgid(ours.pid) == getpgrp())
        #expect(!ours.sendToGroup(SIGTERM))
        #expect(ours.killAndReap() == .signalled(SIGKILL))
    }

    @Test func eachWayNotToStartHasItsOwnError() throws {
        let directory = TemporaryDirectory()
        let plain = try directory.write("plain", "#!/bin/sh\n")
        let orphan = try directory.write("orphan", "#!/no/such/interpreter\n", mode: 0o755)
        let text = try directory.write("text", "hello\n", mode: 0o755)
        let cases: [(String, [String], [String: String], String?, LaunchError)] = [
            ("sh", [], [:], nil, .notAbsolute("sh")),
            ("\(directory.path)/none", [], [:], nil, .programMissing("\(directory.path)/none")),
            (plain, [], [:], nil, .notExecutable(plain)),
            (orphan, [], [:], nil, .interpreterMissing(orphan)),
            (text, [], [:], nil, .notAProgram(text)),
            ("/bin/sh", [], [:], "\(directory.path)/none", .directoryMissing("\(directory.path)/none")),
            (
                "/bin/sh", ["a\0b"], [:], nil,
                .badText("cannot start /bin/sh: an argument contains a NUL byte")
            ),
            (
                "/bin/sh", [], ["A=B": "c"], nil,
                .badText("cannot start /bin/sh: bad environment variable `A=B`")
            ),
        ]
        for (executable, arguments, environment, folder, expected) in cases {
            #expect(throws: expected) {
                try ChildProcess(
                    executable: executable, arguments: arguments, environment: environment, directory: folder)
            }
            #expect(!expected.description.contains("\n"))
        }
    }
}
