/// A date of the Gregorian calendar from a day's number since 1970-01-01, computed as in Howard Hinnant's
/// "chrono-compatible low-level date algorithms": no locale, no time zone, no formatter to share between tasks.
struct CivilDate: Equatable {
    let year, month, day: Int

    init(dayNumber: Int) {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysInMonth: Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// 0 is Sunday, as in cron.
    static func weekday(dayNumber: Int) -> Int { floorModulo(dayNumber + 4, 7) }
}

/// The quotient rounded down, also before 1970.
func floorDivide(_ number: Int, _ by: Int) -> Int {
    let quotient = number / by
    return number % by < 0 ? quotient - 1 : quotient
}

func floorModulo(_ number: Int, _ by: Int) -> Int { number - floorDivide(number, by) * by }
