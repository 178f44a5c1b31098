import Testing

@testable import MusterFleet

@Suite struct SlotTests {
    private let bound = Duration.seconds(30)

    private func tick(_ slot: inout Slot, at seconds: Double, isTooLarge: Bool = false) -> Slot.Action? {
        slot.tick(now: .seconds(seconds), isTooLarge: isTooLarge, bound: bound)
    }

    @Test func aPlaceIsFilledAtOnceAndAgainAfterAPauseThatDoubles() {
        var slot = Slot()
        #expect(tick(&slot, at: 0) == .start)
        var now = 0.0
        for pause in [0.5, 1, 2, 4, 8, 16, 30, 30] {
            slot.started(now: .seconds(now))
            #expect(tick(&slot, at: now) == nil)
            slot.ended(now: .seconds(now))
            #expect(tick(&slot, at: now + pause - 0.01) == nil, "the pause is \(pause) s")
            #expect(tick(&slot, at: now + pause) == .start, "the pause is \(pause) s")
            now += pause
        }
    }

    @Test func aStartThatLastedAMinuteEndsTheBackOff() {
        var slot = Slot()
        for _ in 1...5 {
            slot.started(now: .zero)
            slot.ended(now: .zero)
        }
        slot.started(now: .seconds(100))
        slot.ended(now: .seconds(160))
        #expect(tick(&slot, at: 160.5) == .start)
    }

    @Test func aProgramThatCannotBeStartedBacksOffToo() {
        var slot = Slot()
        slot.ended(now: .zero)
        slot.ended(now: .seconds(1))
        #expect(tick(&slot, at: 1.9) == nil)
        #expect(tick(&slot, at: 2) == .start)
    }

    @Test func whoIsNotWantedIsAskedThenKilled() {
        var slot = Slot()
        slot.started(now: .zero)
        #expect(slot.want(false, now: .seconds(1), bound: bound) == .terminate)
        #expect(slot.want(false, now: .seconds(2), bound: bound) == nil, "asked once")
        #expect(tick(&slot, at: 30.9) == nil)
        #expect(tick(&slot, at: 31) == .kill)
        #expect(tick(&slot, at: 300) == nil, "killed once")
        slot.ended(now: .seconds(31))
        #expect(slot.phase == .empty)
        #expect(tick(&slot, at: 400) == nil)
    }

    @Test func whoIsWantedAgainWhileItStopsIsStartedAnewAtItsEnd() {
        var slot = Slot()
        slot.started(now: .zero)
        _ = slot.want(false, now: .seconds(1), bound: bound)
        #expect(slot.want(true, now: .seconds(2), bound: bound) == nil)
        slot.ended(now: .seconds(3))
        #expect(tick(&slot, at: 3.5) == .start)
    }

    @Test func whoHoldsTooMuchMemoryFinishesThenStopsThenIsKilled() {
        var slot = Slot()
        slot.started(now: .zero)
        #expect(tick(&slot, at: 1, isTooLarge: true) == .finish)
        #expect(tick(&slot, at: 2, isTooLarge: true) == nil, "asked once")
        #expect(tick(&slot, at: 31) == .terminate)
        #expect(tick(&slot, at: 61) == .kill)
        slot.ended(now: .seconds(61))
        #expect(tick(&slot, at: 61.5) == .start)
    }

    /// Its bound may be less than the program needs to begin.
    @Test func whoHoldsTooMuchMemoryAgainAndAgainBacksOff() {
        var slot = Slot()
        var now = 0.0
        for pause in [0.5, 1, 2, 4] {
            slot.started(now: .seconds(now))
            #expect(tick(&slot, at: now + 1, isTooLarge: true) == .finish)
            slot.ended(now: .seconds(now + 1))
            #expect(tick(&slot, at: now + 1 + pause - 0.01) == nil)
            #expect(tick(&slot, at: now + 1 + pause) == .start)
            now += 1 + pause
        }
    }

    /// Told once more, it would end its grace.
    @Test func whoWasToldToStopBeforeItWasFoundIsToldNoMoreAndKeepsItsBound() {
        for isWanted in [false, true] {
            var slot = Slot(adoptedAt: .seconds(100), stoppingUntil: .seconds(110))
            #expect(slot.want(isWanted, now: .seconds(100), bound: bound) == nil)
            #expect(tick(&slot, at: 109.9) == nil)
            #expect(tick(&slot, at: 110) == .kill)
            slot.ended(now: .seconds(110))
            #expect(tick(&slot, at: 110.5) == (isWanted ? .start : nil))
        }
    }
}
