import Testing

@testable import MusterKit

@Suite struct RequirementTests {
    static let texts: [(String, Requirement)] = [
        ("any", .any),
        ("at-least:0", .atLeast(sequence: 0)),
        ("at-least:1763700000", .atLeast(sequence: 1_763_700_000)),
        ("at-least:999999999999999", .atLeast(sequence: 999_999_999_999_999)),
        ("exactly:9f3c2ab", .exactly(revision: "9f3c2ab")),
        ("host:web-01.example.com", .host("web-01.example.com")),
        ("worker:web-01.4711.9f3c2ab0", .worker("web-01.4711.9f3c2ab0")),
    ]
    static let wrong = [
        "", ":", "any:", "any:thing", "ANY", "at-least", "at-least:", "at-least:-1", "at-least:1000000000000000",
        "at-least:99999999999999999999", "at-least:x", "at-least:5 ", "exactly", "exactly:", "exactly:a:b",
        "exactly:a\n", "exactly:*", "exactly:unknown", "host", "host:", "host:A", "host:a:b", "host:{x}", "worker:",
        "worker:a b", "older:5", "at-most:5",
    ]

    @Test(arguments: texts) func aTextAndItsRequirementAreOneAndTheSame(_ text: String, _ requirement: Requirement)
        throws
    {
        #expect(try Requirement(text) == requirement)
        #expect("\(requirement)" == text)
    }

    @Test func aWholeStampMayStandForItsHalf() throws {
        #expect(try Requirement("at-least:1763700000-9f3c2ab") == .atLeast(sequence: 1_763_700_000))
        #expect(try Requirement("exactly:1763700000-9f3c2ab") == .exactly(revision: "9f3c2ab"))
    }

    @Test(arguments: wrong) func whatIsNoRequirementIsAnInvalidValue(_ text: String) {
        let error = #expect(throws: MusterError.self) { try Requirement(text) }
        #expect(error?.code == .invalidValue)
        #expect(error?.message.contains { $0.isNewline } == false)
    }

    @Test func onlyTheBuildsThatARequirementNamesMeetIt() throws {
        let five = try build(5)
        func isMet(_ requirement: Requirement) -> Bool {
            requirement.isMet(by: five, host: "web", session: "web.1.a")
        }
        #expect(isMet(.any))
        #expect(isMet(.atLeast(sequence: 4)))
        #expect(isMet(.atLeast(sequence: 5)))
        #expect(!isMet(.atLeast(sequence: 6)))
        #expect(isMet(.exactly(revision: "r5")))
        #expect(!isMet(.exactly(revision: "r")))
        #expect(isMet(.host("web")))
        #expect(!isMet(.host("web-2")))
        #expect(isMet(.worker("web.1.a")))
        #expect(!isMet(.worker("web.1.b")))
    }

    @Test func aLaneIsItsNameAndBack() throws {
        for priority in Priority.allCases {
            for (text, requirement) in Self.texts {
                for known in [nil, "mail.send"] {
                    let lane = Lane(priority, requirement, knownType: known)
                    #expect("\(lane)" == "\(priority.rawValue):\(text)" + (known.map { ":knows:\($0)" } ?? ""))
                    #expect(Lane("\(lane)") == lane)
                }
            }
        }
    }

    @Test(arguments: ["", "normal", "normal:", "urgent:any", "normal:any:thing", "any", "normal:at-least:x"])
    func whatIsNoLaneIsNone(_ text: String) {
        #expect(Lane(text) == nil)
    }
}
