/// Who keeps a group's supervisor running.
public enum SupervisorHome: String, Sendable, Codable, CaseIterable {
    /// A unit of systemd, which starts it again after its death and after a boot.
    case systemd
    /// Nobody but the next `muster fleet up`.
    case background
}
