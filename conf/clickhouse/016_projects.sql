-- Names of projects, for the read APIs; the latest row of a project counts.  A
-- project needs no row: what has errors is a project, and its number is its
-- name then.  By hand, say:
--
--     INSERT INTO errortracking.projects (project_id, organization, slug, name)
--     VALUES (1, 'acme', 'shop', 'The shop')

CREATE TABLE IF NOT EXISTS errortracking.projects
(
    project_id    UInt64,
    version       DateTime64(6, 'UTC') DEFAULT now64(6),
    organization  String,
    slug          String,
    name          String,
    platform      String
)
ENGINE = ReplacingMergeTree(version)
ORDER BY project_id;

-- Which projects have errors: a row a project, which every call of the Sentry
-- API asks for.  It goes away as the errors do, by the time they were last seen;
-- a project whose errors were deleted one by one is in the list until then.

CREATE TABLE IF NOT EXISTS errortracking.projects_seen
(
    project_id  UInt64,
    first_seen  SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen   SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY project_id
TTL toDateTime(last_seen) + INTERVAL 180 DAY
SETTINGS merge_with_ttl_timeout = 86400,
         min_age_to_force_merge_seconds = 3600,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.projects_seen_mv
TO errortracking.projects_seen
AS SELECT
    project_id,
    min(first_timestamp) AS first_seen,
    max(timestamp) AS last_seen
FROM errortracking.ingest
WHERE kind = 1
GROUP BY project_id;

-- from version 4, and after the view: a project may be in both, and is one
INSERT INTO errortracking.projects_seen (project_id, first_seen, last_seen)
SELECT
    project_id,
    min(errors.first_seen) AS first_seen,
    max(errors.last_seen) AS last_seen
FROM errortracking.errors
WHERE (SELECT max(version) FROM errortracking.schema_version) BETWEEN 1 AND 4
GROUP BY project_id;
