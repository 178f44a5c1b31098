/// Every metric of Muster's own: its name, what it counts, and its labels. Documentation/observability.md lists the same,
/// which a test holds against this.
public enum MetricName: String, Sendable, CaseIterable {
    // Of one worker.
    case jobs = "muster_jobs_total"
    case runTime = "muster_job_run_seconds"
    case waitTime = "muster_job_wait_seconds"
    case claims = "muster_claims_total"
    case refusals = "muster_refusals_total"
    case redisErrors = "muster_redis_errors_total"
    case renewals = "muster_lease_renewals_total"
    case sessions = "muster_sessions_total"
    case wedges = "muster_wedges_total"
    case running = "muster_worker_running_jobs"
    case waiting = "muster_worker_waiting_jobs"
    case stuck = "muster_worker_stuck_jobs"
    case places = "muster_worker_places"
    case alive = "muster_worker_alive"
    case ready = "muster_worker_ready"
    case build = "muster_worker_build_info"
    case logLinesDropped = "muster_log_lines_dropped_total"
    // Of the fleet, as Redis knows it.
    case redisUp = "muster_redis_up"
    case fleetWorkers = "muster_fleet_workers"
    case fleetRefusals = "muster_fleet_refusals_total"
    case queueJobs = "muster_queue_jobs"
    case laneJobs = "muster_queue_lane_jobs"
    case claimableJobs = "muster_queue_claimable_jobs"
    case strandedJobs = "muster_queue_stranded_jobs"
    case oldestReady = "muster_queue_oldest_ready_seconds"
    case queuePaused = "muster_queue_paused"
    case queueFloor = "muster_queue_floor_sequence"
    case queueSucceeded = "muster_queue_succeeded_total"
    case queueFailed = "muster_queue_failed_total"
    case outcomesDropped = "muster_queue_outcomes_dropped_total"

    public var kind: MetricKind {
        switch self {
        case .runTime, .waitTime: .histogram
        case .running, .waiting, .stuck, .places, .alive, .ready, .build, .redisUp, .fleetWorkers, .queueJobs,
            .laneJobs,
            .claimableJobs, .strandedJobs, .oldestReady, .queuePaused, .queueFloor:
            .gauge
        default: .counter
        }
    }

    public var labels: [String] {
        switch self {
        case .jobs: ["queue", "type", "outcome", "build"]
        case .runTime, .waitTime: ["queue", "type"]
        case .claims: ["queue", "answer"]
        case .refusals: ["queue", "build", "reason"]
        case .redisErrors: ["code"]
        case .renewals: ["answer"]
        case .build: ["build", "host", "name"]
        case .fleetWorkers: ["build", "state", "verdict"]
        case .fleetRefusals: ["queue", "build", "reason"]
        case .queueJobs: ["queue", "state"]
        case .laneJobs: ["queue", "priority", "requirement"]
        case .claimableJobs: ["queue", "build"]
        case .strandedJobs, .oldestReady, .queuePaused, .queueFloor, .queueSucceeded, .queueFailed, .outcomesDropped:
            ["queue"]
        case .sessions, .wedges, .running, .waiting, .stuck, .places, .alive, .ready, .redisUp, .logLinesDropped: []
        }
    }

    /// One line for people.
    public var help: String {
        switch self {
        case .jobs: "Runs of jobs by how they ended."
        case .runTime: "How long handlers ran."
        case .waitTime: "From when a job was due to the start of its first run, by Redis' clock."
        case .claims: "Claims by what Redis answered."
        case .refusals: "Claims that Redis refused because of this worker's build."
        case .redisErrors: "Calls of Redis that failed, by the error's code."
        case .renewals: "Renewals of the lease by what Redis answered."
        case .sessions: "Sessions that this worker began; each but the first follows a lost lease."
        case .wedges: "How often claims did not come back though the lease was renewed."
        case .running: "Jobs that run now."
        case .waiting: "Jobs that were claimed ahead and wait for a place here."
        case .stuck: "Handlers that go on though their time is over."
        case .places: "Jobs that this worker runs at once at most."
        case .alive: "1 where /livez says yes, else 0."
        case .ready: "1 where /readyz says yes, else 0."
        case .build: "Always 1; its labels say which build runs here."
        case .logLinesDropped: "Log lines that could not be written."
        case .redisUp: "1 where Redis answered this page, else 0, and then the page says nothing else."
        case .fleetWorkers: "Sessions in the roll call by build, state and verdict."
        case .fleetRefusals: "Refusals in the ledger by build and reason."
        case .queueJobs: "Jobs by where they lie."
        case .laneJobs: "Ready jobs by priority and by what they ask of the build that runs them."
        case .claimableJobs: "Ready jobs that a worker of this build may have."
        case .strandedJobs: "Ready jobs that no live worker may have."
        case .oldestReady: "Age of the oldest ready job; 0 where none is ready."
        case .queuePaused: "1 where the queue is paused, else 0."
        case .queueFloor: "The sequence below which a build gets nothing; 0 for none."
        case .queueSucceeded: "Jobs that succeeded since the queue began."
        case .queueFailed: "Runs that failed since the queue began."
        case .outcomesDropped: "Outcomes that went before their time, for want of room."
        }
    }
}

/// As Prometheus knows them.
public enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}
