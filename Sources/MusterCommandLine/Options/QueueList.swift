import Foundation
public import MusterKit

/// Queues as `--queues` names them: `mail,default`, or with weights `mail:3,default`.
public enum QueueList {
    /// - Parameter isStrict: each queue comes before all that are named after it.
    /// - Throws: ``CommandFailure`` where a weight is no number, or does not go with `--strict`.
    public static func read(_ text: String, isStrict: Bool) throws -> (queues: [String], order: QueueOrder) {
        var queues: [String] = []
        var weights: [Int] = []
        var hasWeights = false
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.trimmingCharacters(in: .whitespaces).split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            queues.append(String(words[0]))
            guard words.count == 2 else {
                weights.append(1)
                continue
            }
            guard let weight = Int(words[1]), (1...1000).contains(weight) else {
                throw CommandFailure(
                    .usage, "the weight \(words[1]) of queue \(words[0]) is not a number between 1 and 1000")
            }
            hasWeights = true
            weights.append(weight)
        }
        if hasWeights, isStrict {
            throw CommandFailure(.usage, "--strict and weights do not go together: the order of the queues decides")
        }
        return (queues, isStrict ? .strict : hasWeights ? .weighted(weights) : .fair)
    }
}
