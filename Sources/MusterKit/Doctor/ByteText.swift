/// Bytes as a person says them.
public func byteText(_ bytes: Int) -> String {
    switch bytes {
    case ..<10_240: "\(bytes) B"
    case ..<(10 << 20): "\(bytes >> 10) KiB"
    case ..<(10 << 30): "\(bytes >> 20) MiB"
    default: "\(bytes >> 30) GiB"
    }
}

/// Bytes as a setting of the server takes them.
func byteSetting(_ bytes: Int) -> String { "\(max(1, bytes >> 20))mb" }
