-- Files beside events, in chunks of at most 512 KiB.  Read a file as
--
--     SELECT data FROM errortracking.attachments FINAL
--     WHERE project_id = 1 AND event_id = '...' AND attachment_id = ...
--     ORDER BY chunk
--
-- and what there is through attachments_list.  A file that an SDK sends twice
-- has the same attachment_id, and is one after a merge.

CREATE TABLE IF NOT EXISTS errortracking.attachments
(
    project_id       UInt64,
    event_id         UUID,
    attachment_id    UInt64,
    chunk            UInt32,
    chunks           UInt32,
    size             UInt64,
    timestamp        DateTime64(6, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    filename         String                  CODEC(ZSTD(1)),
    content_type     LowCardinality(String),
    attachment_type  LowCardinality(String),
    data             String                  CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, event_id, attachment_id, chunk)
TTL toDateTime(timestamp) + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1,
         index_granularity_bytes = 2097152,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.attachments_mv
TO errortracking.attachments
AS SELECT
    project_id,
    event_id,
    toUInt64OrZero(attributes['attachment_id']) AS attachment_id,
    toUInt32OrZero(attributes['chunk']) AS chunk,
    toUInt32OrZero(attributes['chunks']) AS chunks,
    toUInt64OrZero(attributes['size']) AS size,
    timestamp,
    attributes['filename'] AS filename,
    attributes['content_type'] AS content_type,
    attributes['attachment_type'] AS attachment_type,
    payload AS data
FROM errortracking.ingest
WHERE kind = 2;

-- A row per file; complete = 1 where all of its chunks are there.
CREATE VIEW IF NOT EXISTS errortracking.attachments_list
AS SELECT
    a.project_id AS project_id,
    a.event_id AS event_id,
    a.attachment_id AS attachment_id,
    min(a.timestamp) AS timestamp,
    any(a.filename) AS filename,
    any(a.content_type) AS content_type,
    any(a.attachment_type) AS attachment_type,
    any(a.size) AS size,
    uniqExact(a.chunk) = any(a.chunks) AS complete
FROM errortracking.attachments AS a
GROUP BY a.project_id, a.event_id, a.attachment_id;
