-- Structured logs: a row per entry.  attributes has the entry's attributes as
-- text, those that have a column excepted.

CREATE TABLE IF NOT EXISTS errortracking.logs
(
    project_id   UInt64,
    timestamp    DateTime64(6, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    received     DateTime64(6, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    level        LowCardinality(String),
    body         String                  CODEC(ZSTD(1)),
    trace_id     String                  CODEC(ZSTD(1)),
    environment  LowCardinality(String),
    release      LowCardinality(String),
    server_name  String                  CODEC(ZSTD(1)),
    logger       LowCardinality(String),
    user_id      String                  CODEC(ZSTD(1)),
    user_email   String                  CODEC(ZSTD(1)),
    user_name    String                  CODEC(ZSTD(1)),
    attributes   Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    sdk_name     LowCardinality(String),
    sdk_version  LowCardinality(String),

    INDEX by_trace_id  trace_id  TYPE bloom_filter(0.001) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(timestamp)
ORDER BY (project_id, timestamp)
TTL toDateTime(timestamp) + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.logs_mv
TO errortracking.logs
AS SELECT
    project_id, timestamp, received, level, message AS body, trace_id,
    environment, release, server_name, logger, user_id, user_email, user_name,
    attributes, sdk_name, sdk_version
FROM errortracking.ingest
WHERE kind = 7;
