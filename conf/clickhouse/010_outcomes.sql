-- What became of everything, by minute: what was accepted (counted from the rows
-- themselves), what the module refused or filtered, and what SDKs say they did
-- not send (client reports).
--
--   outcome   accepted, filtered, rate_limited, invalid, client_discard
--   reason    which filter, limit or defect; of a client_discard the SDK's
--   category  Sentry's data category: error, session, log_item, ...
--
-- Requests without a known key are nobody's, and are in the metrics alone.
--
-- One view for both kinds of rows: two that write to one table in one INSERT
-- would share a deduplication token.

CREATE TABLE IF NOT EXISTS errortracking.outcomes
(
    project_id  UInt64,
    minute      DateTime('UTC')         CODEC(Delta(4), ZSTD(1)),
    outcome     LowCardinality(String),
    reason      LowCardinality(String),
    category    LowCardinality(String),
    n           UInt64                  CODEC(T64, ZSTD(1))
)
ENGINE = SummingMergeTree(n)
PARTITION BY toYYYYMM(minute)
ORDER BY (project_id, minute, outcome, category, reason)
TTL minute + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.outcomes_mv
TO errortracking.outcomes
AS SELECT
    project_id,
    toStartOfMinute(timestamp) AS minute,
    if(kind = 6, type, 'accepted') AS outcome,
    if(kind = 6, value, '') AS reason,
    if(kind = 6, message,
       transform(kind, [1, 2, 3, 4, 5, 7],
                 ['error', 'attachment', 'feedback', 'session', 'monitor',
                  'log_item'], 'default')) AS category,
    sum(ingest.n) AS n
FROM errortracking.ingest
GROUP BY project_id, minute, outcome, reason, category;
