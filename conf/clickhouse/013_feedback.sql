-- What users say of an error or of anything: feedback items, user reports,
-- and the error page's dialog.
--
--   event_id             of the feedback itself
--   associated_event_id  the event it is about; the zero UUID where none

CREATE TABLE IF NOT EXISTS errortracking.feedback
(
    project_id           UInt64,
    timestamp            DateTime64(6, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    received             DateTime64(6, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    event_id             UUID,
    associated_event_id  UUID,
    message              String                  CODEC(ZSTD(1)),
    email                String                  CODEC(ZSTD(1)),
    name                 String                  CODEC(ZSTD(1)),
    user_id              String                  CODEC(ZSTD(1)),
    url                  String                  CODEC(ZSTD(1)),
    source               LowCardinality(String),
    platform             LowCardinality(String),
    environment          LowCardinality(String),
    release              LowCardinality(String),
    tags                 Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    attributes           Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    payload              String                  CODEC(ZSTD(1)),

    INDEX by_event  associated_event_id  TYPE bloom_filter(0.001)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, timestamp)
TTL toDateTime(timestamp) + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.feedback_mv
TO errortracking.feedback
AS SELECT
    project_id, timestamp, received, event_id,
    toUUIDOrZero(attributes['associated_event_id']) AS associated_event_id,
    message, user_email AS email, user_name AS name, user_id,
    attributes['url'] AS url, attributes['source'] AS source,
    platform, environment, release, tags, attributes, payload
FROM errortracking.ingest
WHERE kind = 3;
