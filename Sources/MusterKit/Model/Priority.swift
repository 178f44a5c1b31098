/// Which of a queue's lanes are looked into first.
public enum Priority: String, Sendable, CaseIterable {
    case high, normal, low
}
