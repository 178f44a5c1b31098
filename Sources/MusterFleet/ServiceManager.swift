import Foundation
import MusterLaunch

/// The systemd of this host, as far as this user may give it orders: root the system's, anybody else their own.
struct ServiceManager {
    private let systemctl: String
    private let environment: [String: String]

    static var isOfSystem: Bool { geteuid() == 0 }

    /// Where this user's units lie.
    static var units: String {
        isOfSystem ? "/etc/systemd/system" : "\(NSHomeDirectory())/.config/systemd/user"
    }

    /// Whether one runs here. Its programs alone may lie on a machine that something else has started.
    static var isThere: Bool { FileManager.default.fileExists(atPath: "/run/systemd/system") }

    /// Looks whether what this user leaves to systemd outlives their login.
    /// - Throws: ``FleetError``, which says what to do.
    static func check() throws(FleetError) {
        _ = try ServiceManager()
        let user = NSUserName()
        guard isOfSystem || FileManager.default.fileExists(atPath: "/var/lib/systemd/linger/\(user)") else {
            throw FleetError("systemd ends what \(user) left to it at logout; run `loginctl enable-linger` there")
        }
    }

    /// - Throws: ``FleetError`` where none answers.
    init() throws(FleetError) {
        guard Self.isThere, let systemctl = ProgramSearch.find(["systemctl"], in: "/usr/bin:/bin") else {
            throw FleetError("no systemd runs on this host")
        }
        self.systemctl = systemctl
        var environment = ProcessInfo.processInfo.environment
        // A login without PAM is not told where its systemd listens.
        if !Self.isOfSystem, environment["XDG_RUNTIME_DIR"] == nil {
            environment["XDG_RUNTIME_DIR"] = "/run/user/\(geteuid())"
        }
        self.environment = environment
        try order("show", "--property=Version")
    }

    /// Runs systemctl to its end; blocks.
    /// - Returns: what it wrote.
    /// - Throws: ``FleetError`` with the first line of what it complained about.
    @discardableResult
    func order(_ words: String...) throws(FleetError) -> String {
        let words = (Self.isOfSystem ? [] : ["--user"]) + words
        let run: CollectedRun
        do throws(LaunchError) {
            run = try CollectedRun(
                executable: systemctl, arguments: words.map { Array($0.utf8) }, environment: environment)
        } catch {
            throw FleetError("\(error)")
        }
        guard run.termination == .exited(0) else {
            let said = String(decoding: run.errors, as: UTF8.self).split(whereSeparator: \.isNewline).first
            throw FleetError(
                "systemctl \(words.joined(separator: " ")): \(said.map(String.init) ?? "\(run.termination)")")
        }
        return String(decoding: run.output, as: UTF8.self)
    }
}
