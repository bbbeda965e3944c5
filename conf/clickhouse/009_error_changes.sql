-- What each INSERT has added to an error, and when ClickHouse took it: so the
-- second page of a list can be of the list as it was when the first was read,
-- though errors are seen again meanwhile.  A day is as long as anybody turns
-- pages.

CREATE TABLE IF NOT EXISTS errortracking.error_changes
(
    project_id   UInt64,
    fingerprint  UInt64,
    changed      DateTime64(6, 'UTC')  CODEC(Delta(8), ZSTD(1)),
    first_seen   DateTime64(6, 'UTC')  CODEC(Delta(8), ZSTD(1)),
    last_seen    DateTime64(6, 'UTC')  CODEC(Delta(8), ZSTD(1)),
    n            UInt64                CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfDay(changed)
ORDER BY (project_id, changed)
TTL toDateTime(changed) + INTERVAL 1 DAY
SETTINGS ttl_only_drop_parts = 1,
         index_granularity = 1024,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.error_changes_mv
TO errortracking.error_changes
AS SELECT
    project_id,
    fingerprint,
    now64(6, 'UTC') AS changed,
    min(first_timestamp) AS first_seen,
    max(timestamp) AS last_seen,
    sum(ingest.n) AS n
FROM errortracking.ingest
WHERE kind = 1
GROUP BY project_id, fingerprint;
