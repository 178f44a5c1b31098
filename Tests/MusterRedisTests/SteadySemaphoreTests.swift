import MusterLaunch
import MusterRedis
import Testing

@Suite struct SteadySemaphoreTests {
    @Test func aSignalThatCameBeforeTheWaitIsKept() {
        let semaphore = SteadySemaphore()
        semaphore.signal()
        semaphore.signal()
        #expect(semaphore.wait(within: .zero))
        #expect(semaphore.wait(within: .zero))
        #expect(!semaphore.wait(within: .zero))
    }

    @Test func aWaitWithoutASignalEndsAtItsBound() {
        #expect(!SteadySemaphore().wait(within: .milliseconds(1200)))
    }

    @Test func aSignalFromAnotherThreadEndsAWait() {
        let semaphore = SteadySemaphore()
        let heard = SteadySemaphore()
        DedicatedThread.start { if semaphore.wait(within: .seconds(60)) { heard.signal() } }
        semaphore.signal()
        #expect(heard.wait(within: .seconds(20)))
    }
}
