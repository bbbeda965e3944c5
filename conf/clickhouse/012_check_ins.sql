-- Monitored jobs: a row per check-in, which is put together of its updates
-- (in_progress, then ok or error), in whatever order they come.
--
--   expected     when the next one is due, by the schedule that came with it;
--                1970-01-01 where none came
--   margin       minutes that the next one may be late
--   max_runtime  minutes after which one in progress has timed out
--
-- Read it through check_ins_list, or monitors, which says what was missed.

CREATE TABLE IF NOT EXISTS errortracking.check_ins
(
    project_id     UInt64,
    monitor_slug   LowCardinality(String),
    environment    LowCardinality(String),
    check_in_id    UUID,
    started        SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last           SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    status         SimpleAggregateFunction(max, Enum8('in_progress' = 1,
                                                      'ok' = 2, 'error' = 3)),
    duration       SimpleAggregateFunction(max, Float64),
    release        SimpleAggregateFunction(max, String),
    trace_id       SimpleAggregateFunction(max, String),
    schedule_type  SimpleAggregateFunction(max, String),
    schedule       SimpleAggregateFunction(max, String),
    schedule_unit  SimpleAggregateFunction(max, String),
    timezone       SimpleAggregateFunction(max, String),
    margin         SimpleAggregateFunction(max, UInt32),
    max_runtime    SimpleAggregateFunction(max, UInt32),
    expected       SimpleAggregateFunction(max, DateTime('UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, monitor_slug, environment, check_in_id)
TTL toDateTime(last) + INTERVAL 90 DAY
SETTINGS merge_with_ttl_timeout = 86400,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.check_ins_mv
TO errortracking.check_ins
AS SELECT
    project_id,
    transaction AS monitor_slug,
    environment,
    event_id AS check_in_id,
    min(timestamp) AS started,
    max(timestamp) AS last,
    max(CAST(level, 'Enum8(\'in_progress\' = 1, \'ok\' = 2, \'error\' = 3)'))
        AS status,
    max(toFloat64OrZero(attributes['duration'])) AS duration,
    max(ingest.release) AS release,
    max(ingest.trace_id) AS trace_id,
    max(attributes['schedule_type']) AS schedule_type,
    max(attributes['schedule']) AS schedule,
    max(attributes['schedule_unit']) AS schedule_unit,
    max(attributes['timezone']) AS timezone,
    max(toUInt32OrZero(attributes['margin'])) AS margin,
    max(toUInt32OrZero(attributes['max_runtime'])) AS max_runtime,
    max(toDateTime(toUInt32OrZero(attributes['expected']), 'UTC')) AS expected
FROM errortracking.ingest
WHERE kind = 5
GROUP BY project_id, monitor_slug, environment, check_in_id;

-- A row per check-in; one that is in progress for longer than max_runtime (30
-- minutes where the schedule says none) is timed out.
CREATE VIEW IF NOT EXISTS errortracking.check_ins_list
AS SELECT
    c.project_id AS project_id,
    c.monitor_slug AS monitor_slug,
    c.environment AS environment,
    c.check_in_id AS check_in_id,
    min(c.started) AS started,
    max(c.last) AS last,
    max(c.status) AS reported,
    max(c.duration) AS duration,
    max(c.release) AS release,
    max(c.trace_id) AS trace_id,
    max(c.schedule_type) AS schedule_type,
    max(c.schedule) AS schedule,
    max(c.schedule_unit) AS schedule_unit,
    max(c.timezone) AS timezone,
    max(c.margin) AS margin,
    max(c.max_runtime) AS max_runtime,
    max(c.expected) AS expected,
    if(reported = 'in_progress'
       AND started + toIntervalMinute(if(max_runtime = 0, 30, max_runtime))
           < now(), 'timeout', toString(reported)) AS status
FROM errortracking.check_ins AS c
GROUP BY c.project_id, c.monitor_slug, c.environment, c.check_in_id;

-- A row per monitor and environment, as its latest check-in says; missed is 1
-- where the next is overdue by more than the margin (a minute where the
-- schedule says none).
--
-- A check-in without a schedule (curl's) has that of the latest before it that
-- came with one: of an interval the next is due that long after it; of a
-- crontab, whose next time the module reckons when it comes, it is what was
-- reckoned last until that has passed, and then not known (1970-01-01).
CREATE OR REPLACE VIEW errortracking.monitors
AS WITH
    argMaxIf(l.started, l.started, l.schedule_type != '') AS scheduled,
    argMaxIf(l.expected, l.started, l.schedule_type != '') AS reckoned,
    toUInt64OrZero(schedule)
        * transform(replaceRegexpOne(lower(schedule_unit), 's$', ''),
                    ['minute', 'hour', 'day', 'week', 'month', 'year'],
                    [60, 3600, 86400, 604800, 2592000, 31536000], 0)
        AS seconds
SELECT
    l.project_id AS project_id,
    l.monitor_slug AS monitor_slug,
    l.environment AS environment,
    count() AS check_ins,
    max(l.started) AS last_check_in,
    argMax(l.status, l.started) AS last_status,
    argMax(l.duration, l.started) AS last_duration,
    argMaxIf(l.schedule_type, l.started, l.schedule_type != '')
        AS schedule_type,
    argMaxIf(l.schedule, l.started, l.schedule_type != '') AS schedule,
    argMaxIf(l.schedule_unit, l.started, l.schedule_type != '')
        AS schedule_unit,
    argMaxIf(l.timezone, l.started, l.schedule_type != '') AS timezone,
    argMaxIf(l.margin, l.started, l.schedule_type != '') AS margin,
    argMaxIf(l.max_runtime, l.started, l.schedule_type != '') AS max_runtime,
    multiIf(scheduled = last_check_in, reckoned,
            schedule_type = 'interval' AND seconds != 0,
            toDateTime(last_check_in) + toIntervalSecond(seconds),
            reckoned > last_check_in, reckoned,
            toDateTime(0, 'UTC')) AS expected,
    expected > toDateTime(0, 'UTC')
        AND expected + toIntervalMinute(if(margin = 0, 1, margin)) < now()
        AS missed
FROM errortracking.check_ins_list AS l
GROUP BY l.project_id, l.monitor_slug, l.environment;
