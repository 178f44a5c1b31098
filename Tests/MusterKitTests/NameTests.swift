import Testing

@testable import MusterKit

@Suite struct NameTests {
    static let good = [
        "a", "0", "mail", "mail-2", "a.b_c-d", "9lives", String(repeating: "x", count: 63),
    ]
    static let bad = [
        "", " ", "A", "Mail", "-a", ".a", "_a", "a b", "a:b", "a{b", "a}b", "a*", "a?", "a\n", "\na", "a\r", "a\u{0}",
        "ä", "a/b", "a@b", "e\u{301}", String(repeating: "x", count: 64),
    ]

    @Test(arguments: good) func aNameIsTakenAsItIs(_ text: String) throws {
        #expect(try Name.checked(text, "queue") == text)
        #expect(try Name.checkedID(text) == text)
    }

    @Test(arguments: bad) func whatIsNoNameIsRefusedInOneLine(_ text: String) {
        let error = #expect(throws: MusterError.self) { try Name.checked(text, "queue") }
        #expect(error?.code == .invalidValue)
        #expect(error?.message.hasPrefix("queue \"") == true)
        #expect(error?.message.contains { $0.isNewline } == false)
    }

    @Test func anIDMayHaveCapitalsAndMoreLengthThanAName() throws {
        for id in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "Order.17", String(repeating: "Z", count: 128)] {
            #expect(try Name.checkedID(id) == id)
        }
        for id in ["", ":", "a:b", "{q}", "a\n", "a b", "*", "-a", String(repeating: "Z", count: 129)] {
            #expect(throws: MusterError.self, "\(id)") { try Name.checkedID(id) }
        }
    }

    @Test func anyHostNameBecomesAName() throws {
        for text in ["Web-01.Example.COM", "-x", "Ünnamed", "", "***", "a b", String(repeating: "y", count: 200)] {
            let name = Name.made(from: text)
            #expect(try Name.checked(name, "host") == name)
        }
        #expect(Name.made(from: "Web-01.Example.COM") == "web-01.example.com")
        #expect(Name.made(from: "***") == "unnamed")
    }

    @Test func aQuotedStrangersTextIsBoundedAndHasNoControlCharacters() {
        let evil = "\u{1B}[31m\u{9B}31m\r\n\u{7F}\u{0}" + String(repeating: "x", count: 500)
        let quoted = Name.quoted(evil)
        #expect(quoted.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(quoted.unicodeScalars.count < 90)
        #expect(quoted.hasSuffix("…\""))
    }
}
