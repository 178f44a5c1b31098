import Foundation
import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// A server that lies, or a way that damages bytes: the client has a reply or a typed error, soon, and within bounds.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ReplyFuzzTests {
    /// Asks a server that answers with these bytes and hangs up.
    /// - Returns: nil where no answer and no error ever comes.
    static func ask(_ peer: BrokenPeer, _ bytes: [UInt8]) async throws -> Result<RedisReply, RedisError>? {
        peer.follow(.answerAndClose(bytes))
        let client = RedisClient(peer.endpoint, options: RedisOptions(commandTimeout: .seconds(20)))
        defer { client.close() }
        let answer = Mutex<Result<RedisReply, RedisError>?>(nil)
        client.submit([RedisCommand("GET", "k")]) { results in answer.withLock { $0 = results[0] } }
        _ = try await eventually { answer.withLock { $0 != nil } }
        return answer.withLock { $0 }
    }

    @Test func aDamagedReplyIsAReplyOrATypedError() async throws {
        let peer = try BrokenPeer(.reset)
        defer { peer.close() }
        let corpus = try Corpus("reply")
        for iteration in 0..<Fuzz.iterations(600) {
            var random = Fuzz.generator(iteration)
            let bytes = iteration < corpus.inputs.count ? corpus.inputs[iteration] : corpus.mutated(&random)
            let place: Comment = "MUSTER_FUZZ_SEED=\(Fuzz.seed) iteration \(iteration), \(Fuzz.shown(bytes))"
            switch try await Self.ask(peer, bytes) {
            case .success?: break
            case .failure(let error)?:
                #expect(!error.message.isEmpty, place)
                if bytes.first != UInt8(ascii: "-") {
                    #expect(error.execution == .unknown, place)
                    #expect(Fuzz.problem(inMessage: error.message) == nil, place)
                }
            case nil: Issue.record("nothing ever comes", sourceLocation: #_sourceLocation)
            }
        }
    }

    static let lies = [
        "*2147483647\r\n", "*4294967296\r\n", "*9223372036854775807\r\n", "*99999999999999999999\r\n", "*-2\r\n",
        "$2147483647\r\nx", "$9223372036854775807\r\nx", "$99999999999999999999\r\n", "$-2\r\n",
        "*1000000000\r\n*0\r\n",
        String(repeating: "*1\r\n", count: 100_000), String(repeating: "*", count: 100_000),
        ":99999999999999999999\r\n", ":\r\n", "$\r\n", "*\r\n", "+" + String(repeating: "x", count: 10_000_000),
        "%1\r\n+a\r\n+b\r\n", "_\r\n", ",1.5\r\n", "(1\r\n", "~1\r\n:1\r\n", ">1\r\n+x\r\n", "|1\r\n+a\r\n+b\r\n:1\r\n",
    ]

    @Test(arguments: lies.indices) func aLieAboutALengthCostsNeitherTimeNorMemory(_ number: Int) async throws {
        let peer = try BrokenPeer(.reset)
        defer { peer.close() }
        let before = Self.peakKilobytes()
        let answer = try #require(try await Self.ask(peer, Array(Self.lies[number].utf8)), "nothing ever comes")
        guard case .failure(let error) = answer else {
            // hiredis 1.x reads the types of RESP 3.
            #expect("%_,(~>|:".contains(Self.lies[number].prefix(1)), "\(answer)")
            return
        }
        #expect(error.execution == .unknown)
        #expect(error.code == .protocolViolation || error.code == .connectionLost)
        #expect(Fuzz.problem(inMessage: error.message) == nil)
        #expect(Self.peakKilobytes() - before < 400_000, "KB, with all the tests beside this one")
    }

    /// The most memory this process ever had, so far as the system says.
    static func peakKilobytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }

    @Test func anAnswerOfAnyShapeIsReadOrRefused() {
        for iteration in 0..<Fuzz.iterations(20_000) {
            var random = Fuzz.generator(iteration)
            let reply = Self.tree(&random, depth: 0)
            do throws(MusterError) {
                let answer = try ScriptAnswer(reply, of: Scripts.claim)
                let claim = ClaimAnswer(answer)
                _ = (claim.jobs.compactMap { JobRecord($0.record) }, claim.unsettled, answer[-1 + 100].integer)
                #expect(ClaimAnswer.State(rawValue: answer.state) != nil || claim.state == .lost)
            } catch {
                #expect(Fuzz.problem(inMessage: error.message) == nil, "iteration \(iteration) of \(Fuzz.seed)")
                if error.code == .redis { #expect(error.outcome == .unknown) }
            }
        }
    }

    /// A reply of random shape; lists are likely on top, and the words are those of scripts.
    private static func tree(_ random: inout SplitMix64, depth: Int) -> RedisReply {
        let words = [
            "ok", "lost", "stale", "protocol", "epoch", "empty", "", "j", "v1 type=t\n{}", "\u{0}\n", "9", "nan",
        ]
        switch random.below(depth == 0 ? 12 : 8) {
        case 0: return .null
        case 1: return .integer(Int(truncatingIfNeeded: random.next()))
        case 2: return .status(words[random.below(words.count)])
        case 3: return .error(RedisError(reply: "ERR x"))
        case 4, 5: return .bytes(Array(words[random.below(words.count)].utf8))
        default:
            if depth > 3 { return .array([]) }
            return .array((0..<random.below(9)).map { _ in tree(&random, depth: depth + 1) })
        }
    }
}
