/// The six fields of a cron expression, as a pattern for local times. A local time is counted in seconds since
/// 1970-01-01 00:00 of the same wall clock.
struct CronFields: Sendable, Equatable {
    let second, minute, hour, dayOfMonth, month, weekday: CronField

    /// Whether it is about the passing of time (every hour, every ten minutes) and not about times of day.
    var followsElapsedTime: Bool { hour.isWildcard }

    /// The first local time after `local` that fits, or nil where none does within forty years: the 29th of February
    /// comes back after eight years at most, and on a given weekday after forty.
    func next(after local: Int) -> Int? {
        var day = floorDivide(local + 1, 86_400)
        var second = local + 1 - day * 86_400
        let last = day + 366 * 40
        while day <= last {
            let date = CivilDate(dayNumber: day)
            if !month.contains(date.month) {
                day += date.daysInMonth - date.day + 1
                second = 0
                continue
            }
            if fits(date, day), let time = time(from: second) { return day * 86_400 + time }
            day += 1
            second = 0
        }
        return nil
    }

    /// Vixie's rule: where both day fields are restricted, either may hold; a field that begins with `*` restricts
    /// nothing by itself, and then both must hold.
    private func fits(_ date: CivilDate, _ day: Int) -> Bool {
        let ofMonth = dayOfMonth.contains(date.day)
        let ofWeek = weekday.contains(CivilDate.weekday(dayNumber: day))
        return dayOfMonth.isWildcard || weekday.isWildcard ? ofMonth && ofWeek : ofMonth || ofWeek
    }

    /// The first time of day, in seconds, that fits and is not before `start`.
    private func time(from start: Int) -> Int? {
        guard let hour = hour.next(from: start / 3600) else { return nil }
        let (minuteNow, secondNow) = (start / 60 % 60, start % 60)
        guard hour == start / 3600 else { return hour * 3600 + minute.first * 60 + second.first }
        if minute.contains(minuteNow), let second = second.next(from: secondNow) {
            return hour * 3600 + minuteNow * 60 + second
        }
        if let minute = minute.next(from: minuteNow + 1) { return hour * 3600 + minute * 60 + second.first }
        guard let later = self.hour.next(from: hour + 1) else { return nil }
        return later * 3600 + minute.first * 60 + second.first
    }
}
