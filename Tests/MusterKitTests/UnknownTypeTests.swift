import MusterRedis
import Testing

@testable import MusterKit

/// No handler, and too old to decode: handed back unharmed, and shown only to whom can do better.
@Suite(.serialized, .timeLimit(.minutes(1))) struct UnknownTypeTests {
    let one = session(1)
    let two = session(2)

    @Test func aTypeThatASessionDoesNotKnowGoesOnlyToOnesThatDo() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["j"], type: "pdf")
            #expect(try await ground.claim(one, types: ",mail,").ids == ["j"])
            try await ground.settle(one, .of("j", .unknownType, type: "pdf"))
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5:knows:pdf"])
            for types in [",mail,", ",", ",pdf2,", ",p,", ",xpdf,"] {
                #expect(try await ground.claim(one, types: types).ids == [], "\(types)")
            }
            #expect(try await ground.claim(two, build: 4, types: ",pdf,").ids == [], "the build still counts")
            #expect(try await ground.claim(two, types: ",mail,pdf,").ids == ["j"])
            #expect(try await ground.record("j")?.attempts == 0)
            #expect(try await ground.timeline("j").map { $0["outcome"] } == ["handed-back"])
            #expect(try await ground.timeline("j").map { $0["error"] } == ["unknown-type"])
        }
    }

    @Test func whoKnowsEveryTypeGetsItToo() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["j"], needs: .exactly(revision: "r5"), priority: .low, type: "pdf")
            try await ground.claim(one)
            try await ground.settle(one, .of("j", .unknownType, type: "pdf"))
            #expect(try await ground.places(of: "j") == ["lane:low:exactly:r5:knows:pdf"])
            #expect(try await ground.claim(two, revision: "other", types: "*").ids == [])
            #expect(try await ground.claim(two, types: "*").ids == ["j"])
            try await ground.settle(two, .of("j", .unknownType, type: "pdf"))
            #expect(try await ground.places(of: "j") == ["lane:low:exactly:r5:knows:pdf"], "and not :knows: twice")
        }
    }

    @Test func anUndecodablePayloadWaitsForTheProducersBuild() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["j"], needs: .any, build: 9, priority: .high)
            try await ground.claim(one)
            try await ground.settle(one, .of("j", .undecodable(sequenceNeeded: 9)))
            #expect(try await ground.places(of: "j") == ["lane:high:at-least:9"])
            #expect(try await ground.claim(one, build: 8).ids == [])
            #expect(try await ground.record("j")?.attempts == 0)
            #expect(try await ground.claim(two, build: 9).ids == ["j"])
            #expect(try await ground.timeline("j").map { $0["error"] } == ["undecodable"])
        }
    }

    @Test func aJobGoesBackToItsNewLaneFromThenOn() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["j"], type: "pdf", payload: [1, 2])
            try await ground.claim(one)
            try await ground.settle(one, .of("j", .unknownType, type: "pdf"))
            try await ground.claim(two, types: ",pdf,")
            try await ground.settle(two, .of("j", .handedBack, type: "pdf"))
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5:knows:pdf"])
            try await ground.claim(two, types: ",pdf,")
            try await ground.settle(two, .of("j", .later(delayMilliseconds: 0), type: "pdf"))
            #expect(try await ground.store.maintain(build: build(5), mayReap: false).promoted == 1)
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5:knows:pdf"])
            #expect(try await ground.record("j").map { Array($0.payload) } == [1, 2])
        }
    }
}
