-- Releases of a project: those that somebody has made (sentry-cli releases
-- new), and those that events and sessions have been seen in, which need no
-- making.  A list shows both, put together by their version.
--
-- releases has what was said about a release; the latest row counts, read it
-- with FINAL.
--
--   created   when it was made
--   released  when it went out; 1970: it has not
--   status    open or archived
--   commits   JSON, the newest first: [{"id", "message", "author_name",
--             "author_email", "timestamp", "repository"}, ...]; last_commit is
--             the first of them, commit_count how many there are

CREATE TABLE IF NOT EXISTS errortracking.releases
(
    project_id    UInt64,
    version       String,
    updated       DateTime64(6, 'UTC'),
    created       DateTime64(6, 'UTC'),
    released      DateTime64(6, 'UTC'),
    ref           String,
    url           String,
    status        LowCardinality(String),
    commit_count  UInt64,
    last_commit   String                  CODEC(ZSTD(1)),
    commits       String                  CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(updated)
ORDER BY (project_id, version)
SETTINGS index_granularity = 1024;

-- Where a release has been put, and when.  A deploy of several projects has
-- a row of each, with the same deploy_id.

CREATE TABLE IF NOT EXISTS errortracking.deploys
(
    project_id   UInt64,
    version      String,
    deploy_id    UInt64,
    environment  LowCardinality(String),
    name         String,
    url          String,
    started      DateTime64(6, 'UTC'),
    finished     DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, version, deploy_id);

-- In which releases a project's events and sessions were seen: a row per
-- release, whatever they are in number.

CREATE TABLE IF NOT EXISTS errortracking.releases_seen
(
    project_id   UInt64,
    version      String,
    first_seen   SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen    SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    first_event  SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_event   SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    n            SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, version)
TTL toDateTime(last_seen) + INTERVAL 365 DAY
SETTINGS index_granularity = 1024,
         merge_with_ttl_timeout = 86400,
         non_replicated_deduplication_window = 10000;

-- from version 2, and before the view: what error_tags knows already.  A second
-- time nothing is added, as these releases are known then.
INSERT INTO errortracking.releases_seen
    (project_id, version, first_seen, last_seen, first_event, last_event, n)
SELECT
    project_id, value AS version,
    min(error_tags.first_seen) AS first_seen,
    max(error_tags.last_seen) AS last_seen,
    min(error_tags.first_seen) AS first_event,
    max(error_tags.last_seen) AS last_event,
    sum(error_tags.n) AS n
FROM errortracking.error_tags
WHERE key = 'release' AND (project_id, value) NOT IN (
    SELECT project_id, version FROM errortracking.releases_seen)
GROUP BY project_id, version;

-- A session's release has no event: first_event is in 2299 then, last_event in
-- 1970.
CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.releases_seen_mv
TO errortracking.releases_seen
AS SELECT
    project_id,
    release AS version,
    min(first_timestamp) AS first_seen,
    max(timestamp) AS last_seen,
    min(if(kind = 1, first_timestamp,
           toDateTime64('2299-12-31 00:00:00', 6, 'UTC'))) AS first_event,
    max(if(kind = 1, timestamp, toDateTime64(0, 6, 'UTC'))) AS last_event,
    sum(if(kind = 1, ingest.n, 0)) AS n
FROM errortracking.ingest
WHERE kind IN (1, 4) AND release != ''
GROUP BY project_id, version;
