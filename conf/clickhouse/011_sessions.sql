-- Release health: a row per session, or per count of sessions that a server's
-- SDK has made.
--
-- A session is updated: it begins, has errors, ends.  Its updates have its id,
-- and every column is the largest or smallest of them, so they may come in
-- any order and any number: no session counts twice.  A count has an id of its
-- own, and n above 1.
--
--   errored    sessions with an error; crashed and abnormal ones included
--   user       hash of the distinct id, 0 where there is none
--
-- Read it through sessions_list (a row a session) or release_health.

CREATE TABLE IF NOT EXISTS errortracking.sessions
(
    project_id   UInt64,
    started      DateTime('UTC')         CODEC(Delta(4), ZSTD(1)),
    release      LowCardinality(String),
    environment  LowCardinality(String),
    session_id   UUID,
    last         SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    user         SimpleAggregateFunction(max, UInt64),
    n            SimpleAggregateFunction(max, UInt64),
    errored      SimpleAggregateFunction(max, UInt64),
    crashed      SimpleAggregateFunction(max, UInt64),
    abnormal     SimpleAggregateFunction(max, UInt64),
    ended        SimpleAggregateFunction(max, UInt8),
    duration     SimpleAggregateFunction(max, Float64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(started)
ORDER BY (project_id, toStartOfHour(started), release, environment, started,
          session_id)
TTL started + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.sessions_mv
TO errortracking.sessions
AS SELECT
    project_id,
    toDateTime(first_timestamp, 'UTC') AS started,
    release,
    environment,
    event_id AS session_id,
    max(timestamp) AS last,
    max(users[1]) AS user,
    max(if(attributes['aggregate'] = '', 1, ingest.n)) AS n,
    max(toUInt64OrZero(attributes['errored'])) AS errored,
    max(toUInt64OrZero(attributes['crashed'])) AS crashed,
    max(toUInt64OrZero(attributes['abnormal'])) AS abnormal,
    max(toUInt8(level != 'ok')) AS ended,
    max(toFloat64OrZero(attributes['duration'])) AS duration
FROM errortracking.ingest
WHERE kind = 4
GROUP BY project_id, started, release, environment, session_id;

CREATE VIEW IF NOT EXISTS errortracking.sessions_list
AS SELECT
    s.project_id AS project_id,
    s.session_id AS session_id,
    s.started AS started,
    s.release AS release,
    s.environment AS environment,
    max(s.last) AS last,
    max(s.user) AS user,
    max(s.n) AS n,
    max(s.errored) AS errored,
    max(s.crashed) AS crashed,
    max(s.abnormal) AS abnormal,
    max(s.ended) AS ended,
    max(s.duration) AS duration
FROM errortracking.sessions AS s
GROUP BY s.project_id, s.session_id, s.started, s.release, s.environment;

-- A row per project, release and environment: what is crash free.  Rates are
-- NULL where there is nothing to rate.
CREATE VIEW IF NOT EXISTS errortracking.release_health
AS SELECT
    l.project_id AS project_id,
    l.release AS release,
    l.environment AS environment,
    min(l.started) AS first_started,
    max(l.started) AS last_started,
    sum(l.n) AS sessions,
    sum(l.errored) - sum(l.crashed) - sum(l.abnormal) AS errored,
    sum(l.crashed) AS crashed,
    sum(l.abnormal) AS abnormal,
    uniqIf(l.user, l.user != 0) AS users,
    uniqIf(l.user, l.user != 0 AND l.crashed > 0) AS crashed_users,
    1 - crashed / nullIf(sessions, 0) AS crash_free_sessions,
    1 - crashed_users / nullIf(users, 0) AS crash_free_users
FROM errortracking.sessions_list AS l
GROUP BY l.project_id, l.release, l.environment;
