-- How often, by minute: bars of an error's last 24 hours, errors sorted by
-- frequency in a period, a project's time series in Grafana, alerts.
--
-- Minutes and not hours, because periods of 15 minutes are asked for, and
-- charts with steps of their own.  That is affordable: rows are as many as
-- there are events at the most, some bytes each, and much fewer in a storm,
-- which is when it matters.
--
-- ORDER BY has the day before the error: "this project, these days" is then
-- one range, and "this error, these days" one short range a day.  With the
-- error first, each chart of a project would read all of its 90 days.  Granules
-- and the blocks that are compressed are small for the bars of a page's errors,
-- of which each is in another one.

CREATE TABLE IF NOT EXISTS errortracking.error_counts
(
    project_id   UInt64,
    fingerprint  UInt64,
    minute       DateTime('UTC')  CODEC(Delta(4), ZSTD(1)),
    level        LowCardinality(String),
    environment  LowCardinality(String),
    release      LowCardinality(String),
    n            UInt64           CODEC(T64, ZSTD(1))
)
ENGINE = SummingMergeTree(n)
PARTITION BY toYYYYMM(minute)
ORDER BY (project_id, toDate(minute), fingerprint, minute, level,
          environment, release)
TTL minute + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1,
         index_granularity = 1024,
         min_compress_block_size = 16384,
         max_compress_block_size = 65536,
         min_age_to_force_merge_seconds = 86400,
         min_age_to_force_merge_on_partition_only = 1,
         non_replicated_deduplication_window = 10000;

-- from version 7, once
ALTER TABLE errortracking.error_counts
    MODIFY SETTING min_compress_block_size = 16384,
                   max_compress_block_size = 65536,
                   min_age_to_force_merge_seconds = 86400,
                   min_age_to_force_merge_on_partition_only = 1;

-- The occurrences of a folded row share all that is counted by here, the
-- minute included, so these counts are exact in a storm, too.
CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.error_counts_mv
TO errortracking.error_counts
AS SELECT
    project_id,
    fingerprint,
    toStartOfMinute(timestamp) AS minute,
    level,
    environment,
    release,
    sum(ingest.n) AS n
FROM errortracking.ingest
WHERE kind = 1
GROUP BY project_id, fingerprint, minute, level, environment, release;
