import Foundation
import MusterCommandLine
import Testing

@Suite struct ProgramHandlerTests {
    private func handler(
        _ program: String, _ arguments: [String], timeout: Duration = .seconds(60),
        environment: [String: String] = [:],
        pass: [String] = [], resultLimit: Int = 1024 * 1024
    ) -> ProgramHandler {
        let entry = HandlerEntry(
            program: program, arguments: arguments, timeout: timeout, environment: environment, pass: pass,
            directory: "/")
        return ProgramHandler(
            entry: entry, build: "12-ab", resultLimit: resultLimit,
            workerEnvironment: [
                "PATH": "/usr/bin:/bin", "HOME": "/", "SECRET": "s", "TOKEN": "t", "MUSTER_BUILD": "forged",
            ])
    }

    private func shell(_ script: String, timeout: Duration = .seconds(60)) -> ProgramHandler {
        handler("/bin/sh", ["-c", script], timeout: timeout)
    }

    private func run(
        _ handler: ProgramHandler, payload: [UInt8] = [],
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> ProgramHandler.Outcome {
        await handler.run(payload: payload, jobID: "j1", type: "digest", attempt: 3, progress: progress)
    }

    @Test func theResultIsTheOutputLessOneNewline() async {
        #expect(await run(shell("printf 'a\\n\\n'")) == .succeeded(result: Array("a\n".utf8)))
        #expect(await run(shell(":")) == .succeeded(result: []))
    }

    @Test func everyByteOfAPayloadComesBackFromCat() async {
        let payload = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } + [0]
        #expect(await run(handler("/bin/cat", []), payload: payload) == .succeeded(result: payload))
    }

    @Test func aProgramThatNeverReadsItsPayloadSucceeds() async {
        let payload = [UInt8](repeating: 7, count: 1024 * 1024)
        #expect(await run(shell("echo done"), payload: payload) == .succeeded(result: Array("done".utf8)))
        #expect(
            await run(shell("exec <&-; echo closed"), payload: payload)
                == .succeeded(result: Array("closed".utf8)))
    }

    @Test func aSlowReaderGetsTheWholePayload() async {
        let script = """
            my $n = 0; while (sysread(STDIN, my $b, 4096)) { $n += length $b; select(undef, undef, undef, 0.001) } print $n
            """
        let payload = [UInt8](repeating: 7, count: 1024 * 1024)
        #expect(
            await run(handler("/usr/bin/perl", ["-e", script]), payload: payload)
                == .succeeded(result: Array("1048576".utf8)))
    }

    @Test func exitCode75AsksForLater() async {
        #expect(await run(shell("echo busy >&2; exit 75")) == .later)
    }

    @Test func aFailureCarriesItsCodeAndWhatWasSaid() async {
        #expect(
            await run(shell("echo one >&2; echo two >&2; exit 3")) == .failed(message: "exit 3: one\ntwo"))
        #expect(await run(shell("exit 1")) == .failed(message: "exit 1"))
    }

    @Test func onlyTheEndOfALongComplaintIsKept() async throws {
        let outcome = await run(
            shell("i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1"))
        guard case .failed(let message) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(message.hasSuffix("line 1998\nline 1999"))
        #expect(message.hasPrefix("exit 1: line 1"))
        #expect(message.utf8.count <= 4096 + 8)
    }

    @Test func aProgramThatASignalEndedNamesIt() async {
        #expect(await run(shell("kill -KILL $$")) == .failed(message: "killed by signal 9 (SIGKILL)"))
        #expect(
            await run(shell("echo oops >&2; kill -SEGV $$"))
                == .failed(message: "killed by signal 11 (SIGSEGV): oops"))
    }

    @Test func aResultMayHaveTheLimitAndNotOneByteMore() async {
        let exact = handler("/bin/sh", ["-c", "printf 1234567890"], resultLimit: 10)
        #expect(await run(exact) == .succeeded(result: Array("1234567890".utf8)))
        let more = await run(handler("/bin/sh", ["-c", "printf 12345678901; sleep 1000"], resultLimit: 10))
        guard case .failed(let message) = more else {
            Issue.record("\(more)")
            return
        }
        #expect(message.hasPrefix("result larger than 10 bytes"))
    }

    @Test func anEndlessOutputIsStopped() async {
        let outcome = await run(shell("yes"))
        guard case .failed(let message) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(message.hasPrefix("result larger than 1048576 bytes"))
    }

    @Test func theProgramSeesOnlyWhatItIsAllowedTo() async {
        let outcome = await run(
            handler("/usr/bin/env", [], environment: ["MODE": "fast"], pass: ["TOKEN", "UNSET"]))
        guard case .succeeded(let result) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(
            String(decoding: result, as: UTF8.self).split(separator: "\n").sorted() == [
                "HOME=/", "MODE=fast", "MUSTER_ATTEMPT=3", "MUSTER_BUILD=12-ab", "MUSTER_JOB_ID=j1",
                "MUSTER_JOB_TYPE=digest", "PATH=/usr/bin:/bin", "TOKEN=t",
            ])
    }

    @Test func linesOnDescriptorThreeAreProgress() async {
        let gathered = Gathered()
        let script = "printf 'one\\n\\ntw' >&3; printf 'o\\r\\nlast' >&3; echo result"
        let outcome = await run(shell(script)) { gathered.add($0) }
        #expect(outcome == .succeeded(result: Array("result".utf8)))
        #expect(gathered.lines == ["one", "two", "last"])
    }

    @Test func progressArrivesWhileTheProgramRuns() async throws {
        let directory = TemporaryDirectory()
        let go = "\(directory.path)/go"
        let outcome = await run(shell("echo ready >&3; until [ -e \(go) ]; do sleep 0.01; done; echo went")) {
            _ in
            _ = FileManager.default.createFile(atPath: go, contents: nil)
        }
        #expect(outcome == .succeeded(result: Array("went".utf8)))
    }

    @Test func aProgressLineIsCutAtOneKibibyte() async {
        let gathered = Gathered()
        _ = await run(
            handler("/usr/bin/perl", ["-e", "open(P, '>&=3'); print P 'x' x 100000, qq(\\nnext\\n)"])
        ) {
            gathered.add($0)
        }
        #expect(gathered.lines == [String(repeating: "x", count: 1024), "next"])
    }

    @Test func theTimeoutTakesTheWholeGroup() async throws {
        let gathered = Gathered()
        let script = "sleep 1000 & echo $! >&3; echo $$ >&3; wait"
        let outcome = await run(shell(script, timeout: .seconds(4))) { gathered.add($0) }
        #expect(outcome == .timedOut(after: .seconds(4)))
        let pids = gathered.lines.compactMap { Int32($0) }
        #expect(pids.count == 2)
        #expect(await eventually { !pids.contains(where: isRunning) })
    }

    @Test func aGroupThatIgnoresSigtermIsKilledAtTheTimeout() async throws {
        let gathered = Gathered()
        let script = "trap '' TERM; sh -c 'echo $$ >&3; while :; do sleep 1; done' & echo $$ >&3; wait; wait"
        let outcome = await run(shell(script, timeout: .seconds(4))) { gathered.add($0) }
        #expect(outcome == .timedOut(after: .seconds(4)))
        let pids = gathered.lines.compactMap { Int32($0) }
        #expect(pids.count == 2)
        #expect(await eventually { !pids.contains(where: isRunning) })
    }

    @Test func aProgramThatTidiesUpOnSigtermIsGivenTheTimeToDoSo() async throws {
        let directory = TemporaryDirectory()
        let tidied = "\(directory.path)/tidied"
        let script = "trap 'sleep 0.1; echo yes >\(tidied); exit 0' TERM; while :; do sleep 0.01; done"
        #expect(await run(shell(script, timeout: .seconds(4))) == .timedOut(after: .seconds(4)))
        #expect(FileManager.default.fileExists(atPath: tidied))
    }

    @Test func aStoppedProgramStillSeesTheSigtermOfTheTimeout() async {
        let directory = TemporaryDirectory()
        let seen = "\(directory.path)/seen"
        let script = "trap 'echo yes >\(seen); exit 0' TERM; kill -STOP $$; while :; do sleep 0.01; done"
        #expect(await run(shell(script, timeout: .seconds(4))) == .timedOut(after: .seconds(4)))
        #expect(FileManager.default.fileExists(atPath: seen))
    }

    @Test func childrenThatKeepThePipesOpenHoldNothingUp() async throws {
        let gathered = Gathered()
        let outcome = await run(shell("sleep 1000 & echo $! >&3; echo done")) { gathered.add($0) }
        #expect(outcome == .succeeded(result: Array("done".utf8)))
        let grandchild = try #require(gathered.lines.first.flatMap { Int32($0) })
        #expect(await eventually { !isRunning(grandchild) })
    }

    @Test func childrenThatClosedThePipesAreKilledToo() async throws {
        let gathered = Gathered()
        let script = "sleep 1000 </dev/null >/dev/null 2>&1 3>&- & echo $! >&3; echo done"
        #expect(await run(shell(script)) { gathered.add($0) } == .succeeded(result: Array("done".utf8)))
        let grandchild = try #require(gathered.lines.first.flatMap { Int32($0) })
        #expect(await eventually { !isRunning(grandchild) })
    }

    @Test func aChildThatLeftTheGroupHoldsNothingUp() async throws {
        let gathered = Gathered()
        let script = """
            use POSIX; my $p = fork; if (!$p) { setsid; sleep 1000; exit } \
            select(undef, undef, undef, 0.01) until getpgrp($p) == $p; open(P, '>&=3'); print P qq($p\\n)
            """
        let outcome = await run(handler("/usr/bin/perl", ["-e", script])) { gathered.add($0) }
        #expect(outcome == .succeeded(result: []))
        let escaped = try #require(gathered.lines.first.flatMap { Int32($0) })
        #expect(isRunning(escaped))
        kill(escaped, SIGKILL)
        #expect(await eventually { !isRunning(escaped) })
    }

    @Test func cancellationTakesTheWholeGroup() async throws {
        let gathered = Gathered()
        let task = Task { await run(shell("sleep 1000 & echo $! >&3; wait")) { gathered.add($0) } }
        #expect(await eventually { gathered.lines.count == 1 })
        task.cancel()
        #expect(await task.value == .cancelled)
        let grandchild = try #require(gathered.lines.first.flatMap { Int32($0) })
        #expect(await eventually { !isRunning(grandchild) })
    }

    @Test func aCancelledTaskStartsNothing() async throws {
        let directory = TemporaryDirectory()
        let task = Task {
            await eventually { Task.isCancelled }
                ? await run(shell("touch \(directory.path)/ran")) : .succeeded(result: [])
        }
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(!FileManager.default.fileExists(atPath: "\(directory.path)/ran"))
    }

    @Test func aProgramThatIsGoneIsAFailureThatNamesIt() async {
        #expect(await run(handler("/no/such", [])) == .failed(message: "cannot start /no/such: no such file"))
    }

    /// In a process of its own: tests beside this one open and close descriptors all the time.
    @Test func twoHundredRunsLeakNoDescriptor() async throws {
        await #expect(processExitsWith: .success) {
            let tests = ProgramHandlerTests()
            let folder = FileManager.default.fileExists(atPath: "/proc/self/fd") ? "/proc/self/fd" : "/dev/fd"
            let count = { (try? FileManager.default.contentsOfDirectory(atPath: folder).count) ?? .max }
            _ = await tests.run(tests.handler("/bin/cat", []), payload: [1])
            let before = count()
            for _ in 0..<20 {
                await withTaskGroup(of: Void.self) { group in
                    for index in 0..<10 {
                        let program = index == 0 ? tests.handler("/no/such", []) : tests.handler("/bin/cat", [])
                        group.addTask { _ = await tests.run(program, payload: [1]) }
                    }
                }
            }
            // The system's own may come once; one leaked descriptor a run would be 200.
            #expect(await eventually { count() < before + 20 })
        }
    }

    @Test func manyMoreRunsThanCoresGoOnAtOnce() async throws {
        let directory = TemporaryDirectory()
        // Each waits for all the others: it ends only if all 40 run at the same time.
        let script =
            "touch \(directory.path)/$$; until [ $(ls \(directory.path) | wc -l) -ge 40 ]; do sleep 0.05; done"
        let outcomes = await withTaskGroup(of: ProgramHandler.Outcome.self) { group in
            for _ in 0..<40 { group.addTask { await run(shell(script)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes == Array(repeating: .succeeded(result: []), count: 40))
    }
}
