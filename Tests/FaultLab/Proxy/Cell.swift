import Foundation
import MusterTestKit

/// One trial of the grid: one fault at one command of one operation.
struct Cell: Sendable, CustomStringConvertible {
    let operation: String
    let connection: String
    let index: Int
    let fault: FaultProxy.Fault

    var description: String { "\(operation), command \(index) of \(connection), \(fault)" }

    /// Whether the whole grid was asked for; otherwise the two faults that tell most are tried at every command.
    static var isFull: Bool { ProcessInfo.processInfo.environment["MUSTER_FAULTS"] == "full" }

    static var faults: [FaultProxy.Fault] {
        let fast: [FaultProxy.Fault] = [.dropReply, .resetBefore]
        guard isFull else { return fast }
        return fast + [
            .delay(.milliseconds(30)), .deliverLate(after: .milliseconds(80)), .cutReply(after: 1), .cutReply(after: 9),
            .resetAfter, .halfClose, .corrupt(.wrongType), .corrupt(.flipByte(at: 0)),
        ]
    }

    /// Every fault at every command that the operation was seen to send.
    static func all(_ operation: String, _ connection: String, commands: Int) -> [Cell] {
        (0..<commands).flatMap { index in
            faults.map { Cell(operation: operation, connection: connection, index: index, fault: $0) }
        }
    }
}
