public import MusterKit

extension ServerOptions {
    /// The build of who enqueues, and what jobs ask for: what `--require` says of all of them, else what the
    /// configuration file says of each type, else at least that build.
    ///
    /// - Parameters:
    ///   - require: what `--require` was given; nil without it.
    ///   - types: the types of the jobs, in any order.
    ///   - flag: what `--build` was given; nil without it.
    /// - Returns: the build, nil where no job asks for it and there is none; and of each type its requirement, nil for at
    ///   least the build.
    /// - Throws: ``StampError`` where a job asks for the build and there is none, or a wrong one was given.
    public func requirement(
        _ require: String?, of types: [String], build flag: String?
    ) throws -> (build: BuildStamp?, byType: [String: Requirement?]) {
        let handlers = try configuration()?.handlers ?? [:]
        var byType: [String: Requirement?] = [:]
        for type in types {
            let asked: Requirement? =
                switch require {
                case nil: handlers[type]?.requirement
                case "at-least": nil
                case let text?: try Requirement(text)
                }
            byType.updateValue(asked, forKey: type)
        }
        // Who requires something else needs no stamp of its own; a wrong one that was given is still an error.
        let needsNone = flag == nil && byType.values.allSatisfy { $0 != nil }
        return (needsNone ? try? stamp(flag: nil).stamp : try stamp(flag: flag).stamp, byType)
    }
}
