import MusterRedis
import Testing

@Suite struct RedisErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let code: RedisError.Code
        let execution: RedisError.Execution
        let remedy: RedisError.Remedy
        var testDescription: String { text }

        init(_ text: String, _ code: RedisError.Code, _ execution: RedisError.Execution, _ remedy: RedisError.Remedy) {
            self.text = text
            self.code = code
            self.execution = execution
            self.remedy = remedy
        }
    }

    /// What the servers say on top.
    static let plain: [Row] = [
        Row("LOADING Redis is loading the dataset in memory", .loading, .notExecuted, .wait),
        Row(
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", .busy,
            .notExecuted, .wait),
        Row(
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", .masterDown,
            .notExecuted, .wait),
        Row("CLUSTERDOWN Hash slot not served", .clusterDown, .notExecuted, .wait),
        Row("TRYAGAIN Multiple keys request during rehashing of slot", .tryAgain, .notExecuted, .wait),
        Row("ERR max number of clients reached", .maxClients, .notExecuted, .wait),
        Row("ERR max number of clients + cluster connections reached", .maxClients, .notExecuted, .wait),
        Row("READONLY You can't write against a read only replica.", .readOnly, .notExecuted, .rediscover),
        Row(
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)", .unblocked,
            .notExecuted, .rediscover),
        Row("MOVED 3999 127.0.0.1:6381", .moved, .notExecuted, .rediscover),
        Row("ASK 3999 127.0.0.1:6381", .ask, .notExecuted, .rediscover),
        Row("OOM command not allowed when used memory > 'maxmemory'.", .outOfMemory, .notExecuted, .tellCaller),
        Row(
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            .misconfigured, .notExecuted, .tellCaller),
        Row("NOREPLICAS Not enough good replicas to write.", .noReplicas, .notExecuted, .tellCaller),
        Row("NOSCRIPT No matching script. Please use EVAL.", .noScript, .notExecuted, .loadScript),
        Row("NOAUTH Authentication required.", .noAuth, .notExecuted, .fixAccess),
        Row("WRONGPASS invalid username-password pair or user is disabled.", .wrongPassword, .notExecuted, .fixAccess),
        Row(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
            .wrongPassword, .notExecuted, .fixAccess),
        Row("NOPERM this user has no permissions to run the 'set' command", .noPermission, .notExecuted, .fixAccess),
        Row(
            "DENIED Redis is running in protected mode because protected mode is enabled and no password is set",
            .denied, .notExecuted, .fixAccess),
        Row("NOPERM", .noPermission, .notExecuted, .fixAccess),
    ]

    /// What they say when a command inside a script was refused: 7.x puts the code in front, 6.2 nests it.
    static let inScripts: [Row] = [
        Row(
            "READONLY You can't write against a read only replica. script: 3a51, on @user_script:1.", .readOnly,
            .notExecuted, .rediscover),
        Row(
            "OOM command not allowed when used memory > 'maxmemory'. script: 3a51, on @user_script:1.", .outOfMemory,
            .notExecuted, .tellCaller),
        Row(
            "ERR Error running script (call to f_3a51): @user_script:5: @user_script: 5: -READONLY You can't write against a read only replica.",
            .readOnly, .notExecuted, .rediscover),
        Row(
            "ERR Error running script (call to f_3a51): @user_script:1: -OOM command not allowed when used memory > 'maxmemory'.",
            .outOfMemory, .notExecuted, .tellCaller),
        Row(
            "ERR Error running script (call to f_3a51): @user_script:1: @user_script: 1: -MISCONF Redis is configured to save RDB snapshots",
            .misconfigured, .notExecuted, .tellCaller),
        Row(
            "ERR Error running script (call to f_3a51): @user_script:1: @user_script: 1: -NOREPLICAS Not enough good replicas to write.",
            .noReplicas, .notExecuted, .tellCaller),
        Row(
            "ERR Error running script (call to f_3a51): @user_script:1: @user_script: 1: -CLUSTERDOWN Hash slot not served",
            .clusterDown, .notExecuted, .wait),
    ]

    /// Rights are looked at command by command, so what a script did before the refused one has happened.
    static let refusedInsideScripts: [Row] = [
        Row(
            "ERR The user executing the script can't run this command or subcommand script: 3a51, on @user_script:1.",
            .noPermission, .executed, .fixAccess),
        Row(
            "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments script: 3a51, on @user_script:1.",
            .noPermission, .executed, .fixAccess),
        Row(
            "ERR Error running script (call to f_3a51): @user_script:1: @user_script: 1: The user executing the script can't run this command or subcommand",
            .noPermission, .executed, .fixAccess),
        Row(
            "NOPERM ACL failure in script: User 'ann' has no permissions to run the 'set' command script: 3a51, on @user_script:1.",
            .noPermission, .executed, .fixAccess),
    ]

    /// Words that look like a code and are none.
    static let others: [Row] = [
        Row("", .reply, .executed, .none),
        Row("ERR unknown command 'FOO', with args beginning with: ", .reply, .executed, .none),
        Row("WRONGTYPE Operation against a key holding the wrong kind of value", .reply, .executed, .none),
        Row("BUSYGROUP Consumer Group name already exists", .reply, .executed, .none),
        Row("NOTBUSY No scripts in execution right now.", .reply, .executed, .none),
        Row("ERR value OOM is not an integer", .reply, .executed, .none),
        Row("ERR job mail-OOM is odd", .reply, .executed, .none),
        Row("loading", .reply, .executed, .none),
    ]

    @Test(arguments: plain + inScripts + refusedInsideScripts + others)
    func anErrorReplySaysWhatHappenedAndWhatToDo(_ row: Row) {
        let error = RedisError(reply: row.text)
        #expect(error.code == row.code)
        #expect(error.execution == row.execution)
        #expect(error.remedy == row.remedy)
        #expect(error.message == (row.text.isEmpty ? "the server refuses it without a word" : row.text))
    }

    @Test(arguments: [
        (RedisError.Code.timeout, RedisError.Execution.unknown, RedisError.Remedy.wait),
        (.connectionLost, .unknown, .wait),
        (.protocolViolation, .unknown, .wait),
        (.cannotConnect, .notExecuted, .wait),
        (.closed, .notExecuted, .none),
    ])
    func anErrorOfTheConnectionSaysWhatHappenedAndWhatToDo(
        code: RedisError.Code, execution: RedisError.Execution, remedy: RedisError.Remedy
    ) {
        let error = RedisError(code, "it broke")
        #expect(error.execution == execution)
        #expect(error.remedy == remedy)
    }

    @Test func everyCodeIsInOneOfTheseTables() {
        let covered = Set((Self.plain + Self.others).map(\.code))
            .union([.timeout, .connectionLost, .protocolViolation, .cannotConnect, .closed])
        #expect(covered == Set(RedisError.Code.allCases))
    }

    @Test(arguments: RedisError.Code.allCases)
    func whatMayHaveRunIsNeverCalledRetriable(_ code: RedisError.Code) {
        #expect(!RedisError(code, "", execution: .unknown).isRetriable)
        #expect(!RedisError(code, "", execution: .executed).isRetriable)
        let waits: Set<RedisError.Remedy> = [.wait, .rediscover, .loadScript]
        let error = RedisError(code, "", execution: .notExecuted)
        #expect(error.isRetriable == waits.contains(error.remedy))
    }
}
