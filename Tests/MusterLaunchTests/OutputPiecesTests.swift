import Testing

@testable import MusterCommandLine

@Suite struct OutputPiecesTests {
    @Test func aTailThatWasCutBeginsWithAWholeLine() {
        var tail = OutputTail(limit: 10)
        tail.append("first line\nlast\n".utf8)
        #expect(tail.text == "last")
    }

    @Test func aTailOfOneLongLineBeginsWithAWholeCharacter() {
        var tail = OutputTail(limit: 4)
        tail.append("xxéé".utf8.dropFirst(0))
        #expect(tail.text == "éé")
        var cut = OutputTail(limit: 3)
        cut.append("éé".utf8)
        #expect(cut.text == "é")
    }

    @Test func aTailThatWasNotCutIsWhole() {
        var tail = OutputTail(limit: 100)
        tail.append(" \n a\nb \n".utf8)
        #expect(tail.text == "a\nb")
    }

    @Test func linesAreCutAtTheLimitAndTheRestIsDropped() {
        var lines = ProgressLines(limit: 3)
        #expect(lines.append("abcd".utf8).isEmpty)
        #expect(lines.append("ef\ngh".utf8) == ["abc"])
        #expect(lines.end() == "gh")
        #expect(lines.end() == nil)
    }
}
