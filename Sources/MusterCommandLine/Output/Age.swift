/// A span as a person says it: `3s`, `5m`, `2h`, `4d`.
public func ageText(milliseconds: Int) -> String {
    switch milliseconds {
    case ..<1000: "\(max(0, milliseconds))ms"
    case ..<120_000: "\(milliseconds / 1000)s"
    case ..<7_200_000: "\(milliseconds / 60_000)m"
    case ..<172_800_000: "\(milliseconds / 3_600_000)h"
    default: "\(milliseconds / 86_400_000)d"
    }
}
