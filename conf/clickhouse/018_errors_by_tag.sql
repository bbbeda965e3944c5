-- Which errors have a value of a tag: what error_tags has, without its counts
-- and in the order that a search asks for.  What was seen in some release, in
-- all projects, is one range here, of the errors alone that were seen in it;
-- in error_tags it is every release of every error.  Whether an error has a tag
-- at all is looked for there, and patterns of some projects.
--
-- There is nothing to count in it, so a row that comes again is the same row.

CREATE TABLE IF NOT EXISTS errortracking.errors_by_tag
(
    key          LowCardinality(String),
    value        LowCardinality(String),
    project_id   UInt64,
    fingerprint  UInt64,
    last_seen    SimpleAggregateFunction(max, Date)
)
ENGINE = AggregatingMergeTree
ORDER BY (key, value, project_id, fingerprint)
TTL last_seen + INTERVAL 181 DAY
SETTINGS index_granularity = 1024,
         merge_with_ttl_timeout = 86400,
         min_age_to_force_merge_seconds = 3600,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.errors_by_tag_mv
TO errortracking.errors_by_tag
AS SELECT
    key,
    value,
    project_id,
    fingerprint,
    toDate(last_seen) AS last_seen
FROM errortracking.error_tags;

-- from version 7, and after the view: what is in both is the same row
INSERT INTO errortracking.errors_by_tag
    (key, value, project_id, fingerprint, last_seen)
SELECT key, value, project_id, fingerprint, toDate(last_seen) AS last_seen
FROM errortracking.error_tags
WHERE (SELECT max(version) FROM errortracking.schema_version) BETWEEN 1 AND 7;
