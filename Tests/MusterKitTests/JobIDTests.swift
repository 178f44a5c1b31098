import Testing

@testable import MusterKit

@Suite struct JobIDTests {
    @Test func anIDIsAULIDInLowerCaseThatTheGrammarTakes() throws {
        let id = JobID.make(1, milliseconds: 1_469_918_176_385)[0]
        #expect(id.count == 26)
        #expect(id.allSatisfy { "0123456789abcdefghjkmnpqrstvwxyz".contains($0) })
        #expect(try Name.checkedID(id) == id)
    }

    @Test func theTimeIsTheFirstTenCharacters() {
        // The example of the ULID specification's own implementations: 1469918176385 ms is 01ARYZ6S41.
        #expect(JobID.make(1, milliseconds: 1_469_918_176_385)[0].hasPrefix("01aryz6s41"))
        #expect(JobID.make(1, milliseconds: 0)[0].hasPrefix("0000000000"))
    }

    @Test func idsOfABatchSortInTheOrderOfEnqueueing() {
        let ids = JobID.make(10_000, milliseconds: 1_763_700_000_000)
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == 10_000)
    }

    @Test func idsOfManyBatchesOfOneMillisecondAreAllDifferent() {
        let ids = (0..<10_000).flatMap { _ in JobID.make(10, milliseconds: 1_763_700_000_000) }
        #expect(Set(ids).count == 100_000)
    }

    @Test func laterOnesSortAfterEarlierOnes() {
        let ids = (0..<1000).map { JobID.make(1, milliseconds: 1_763_700_000_000 + $0)[0] }
        #expect(ids == ids.sorted())
    }

    @Test func noneAreNone() { #expect(JobID.make(0, milliseconds: 1).isEmpty) }
}
