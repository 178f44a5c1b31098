/// What one enqueue call sends with each of its jobs, checked.
struct EnqueuePlan: Sendable {
    let queue: String
    let header: JobHeader
    let duties: Duties
    let when: QueueStore.When
    /// Where the enqueue has to be proven.
    let durable: DurableConnection?

    init(
        type: String, options: EnqueueOptions, producer: Producer, trace: TraceContext? = nil
    ) throws(MusterError) {
        try Name.checked(options.queue, "queue")
        queue = options.queue
        var header = try Self.header(
            ChainStep(
                type, requirement: options.requirement, priority: options.priority, retries: options.retries,
                timeout: options.timeout, retain: options.retain, schema: options.schema),
            backoff: options.backoff, producer)
        header.isPrivate = options.isPrivate
        header.trace = trace
        self.header = header
        var steps: [String] = []
        for step in options.then {
            // What a private job results in is as private.
            var header = try Self.header(step, backoff: nil, producer)
            header.isPrivate = options.isPrivate
            header.trace = trace
            steps.append(String(header.text.dropLast()))
        }
        if !steps.isEmpty, let id = options.id, id.utf8.count > 120 {
            throw MusterError(.invalidValue, "the id of a chain's first job has at most 120 characters")
        }
        if let key = options.limitKey { try Name.checkedID(key, "limit key") }
        if let batch = options.batch { try Name.checkedID(batch, "batch") }
        try Self.check(options.startWithin, "the time to start within")
        durable = producer.durable.connection(for: options.durability)
        duties = Duties(
            startWithinMilliseconds: options.startWithin?.wholeMilliseconds, unique: options.unique,
            batch: options.batch, limitKey: options.limitKey, steps: steps)
        when =
            switch options.schedule {
            case .now: .now
            case .after(let delay): delay > .zero ? .after(delay) : .now
            case .at(let milliseconds): .at(milliseconds: max(1, milliseconds))
            }
    }

    static func header(_ step: ChainStep, backoff: Duration?, _ producer: Producer) throws(MusterError) -> JobHeader {
        try Name.checked(step.type, "job type")
        let requirement: Requirement
        if let given = step.requirement {
            requirement = given
        } else if let build = producer.build {
            requirement = .atLeast(sequence: build.sequence)
        } else {
            throw MusterError(
                .noStamp,
                "this producer has no build stamp; give it one, or require any build explicitly")
        }
        if let retries = step.retries, !(0...1000).contains(retries) {
            throw MusterError(.invalidValue, "retries \(retries) is not between 0 and 1000")
        }
        try check(step.timeout, "a timeout")
        try check(backoff, "a backoff")
        return JobHeader(
            type: step.type, lane: Lane(step.priority, requirement), build: producer.build,
            producerHost: producer.host, producerPID: producer.pid, retries: step.retries,
            timeoutMilliseconds: step.timeout?.wholeMilliseconds, retainMilliseconds: step.retain?.wholeMilliseconds,
            backoffMilliseconds: backoff?.wholeMilliseconds, schema: step.schema?.travelling)
    }

    private static func check(_ span: Duration?, _ what: String) throws(MusterError) {
        if let span, span <= .zero { throw MusterError(.invalidValue, "\(what) must be longer than nothing") }
    }
}
