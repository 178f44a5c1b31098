import Testing

@testable import MusterKit

@Suite struct FieldsTests {
    @Test func aLineIsReadFieldByField() {
        let fields = Fields("n=2 by=web.1.ff outcome=failed empty= flag started=17")
        #expect(fields["n"] == "2")
        #expect(fields.number("started") == 17)
        #expect(fields["empty"] == "")
        #expect(fields["flag"] == nil)
        #expect(fields["absent"] == nil)
        #expect(fields.number("by") == nil)
    }

    @Test func anErrorRunsToTheLinesEndAndForgesNothing() {
        let fields = Fields("n=1 outcome=failed error=no such outcome=succeeded n=9  =")
        #expect(fields["error"] == "no such outcome=succeeded n=9  =")
        #expect(fields["outcome"] == "failed")
        #expect(fields["n"] == "1")
    }

    @Test func nothingHasNoFields() {
        #expect(Fields("")["n"] == nil)
        #expect(Fields("   ")["n"] == nil)
    }
}
