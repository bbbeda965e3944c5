-- The events once more, in the order of their times: a project's newest
-- events, and every question about a project's events in a period, read one
-- range here.  In the table events they lie with their errors, so that a page
-- of a hundred would read a hundred granules.
--
-- It has what lists show and searches look at, and not what is large: payload
-- and grouping, which are asked for by the event's key (project, error, time).
-- body says which rows have a payload there; the others are folded ones.
--
-- Indexes: what is looked up by a nearly unique value is found by a bloom
-- filter: trace_id (from a trace to its errors), user_id (what happened to this
-- user).
--
-- Granules are small, because most reads are of a page.
--
-- PARTITION BY, TTL: as in events, which it is a part of.

CREATE TABLE IF NOT EXISTS errortracking.events_by_time
(
    project_id        UInt64                   CODEC(ZSTD(1)),
    timestamp         DateTime64(6, 'UTC')     CODEC(Delta(8), ZSTD(1)),
    event_id          UUID,
    fingerprint       UInt64                   CODEC(ZSTD(1)),
    first_timestamp   DateTime64(6, 'UTC')     CODEC(Delta(8), ZSTD(1)),
    received          DateTime64(6, 'UTC')     CODEC(Delta(8), ZSTD(1)),
    n                 UInt64                   CODEC(T64, ZSTD(1)),
    body              Bool,
    level             LowCardinality(String),
    platform          LowCardinality(String),
    type              LowCardinality(String),
    value             String                   CODEC(ZSTD(1)),
    message           String                   CODEC(ZSTD(1)),
    culprit           String                   CODEC(ZSTD(1)),
    logger            LowCardinality(String),
    environment       LowCardinality(String),
    release           LowCardinality(String),
    dist              LowCardinality(String),
    server_name       String                   CODEC(ZSTD(1)),
    transaction       String                   CODEC(ZSTD(1)),
    trace_id          String                   CODEC(ZSTD(1)),
    user_id           String                   CODEC(ZSTD(1)),
    user_email        String                   CODEC(ZSTD(1)),
    user_name         String                   CODEC(ZSTD(1)),
    user_ip           String                   CODEC(ZSTD(1)),
    users             Array(UInt64)            CODEC(ZSTD(1)),
    tags              Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    notes             Array(String)            CODEC(ZSTD(1)),
    sdk_name          LowCardinality(String),
    sdk_version       LowCardinality(String),

    INDEX by_trace_id  trace_id  TYPE bloom_filter(0.001) GRANULARITY 8,
    INDEX by_user_id   user_id   TYPE bloom_filter(0.01)  GRANULARITY 8
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, timestamp, event_id)
TTL toDateTime(timestamp) + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1,
         index_granularity = 1024,
         min_bytes_for_wide_part = 134217728,
         min_age_to_force_merge_seconds = 86400,
         min_age_to_force_merge_on_partition_only = 1,
         non_replicated_deduplication_window = 10000;

-- from version 7, once
ALTER TABLE errortracking.events_by_time
    MODIFY SETTING min_age_to_force_merge_seconds = 86400,
                   min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.events_by_time_mv
TO errortracking.events_by_time
AS SELECT
    project_id, timestamp, event_id, fingerprint, first_timestamp, received,
    n, payload != '' AS body, level, platform, type, value, message, culprit,
    logger, environment, release, dist, server_name, transaction, trace_id,
    user_id, user_email, user_name, user_ip,
    arrayFilter(u -> u != 0, users) AS users,
    tags, notes, sdk_name, sdk_version
FROM errortracking.ingest
WHERE kind = 1;

-- from version 4: what was stored before.  Where this is cut short, the next
-- application takes what is missing.
INSERT INTO errortracking.events_by_time
SELECT
    project_id, timestamp, event_id, fingerprint, first_timestamp, received,
    n, body, level, platform, type, value, message, culprit, logger,
    environment, release, dist, server_name, transaction, trace_id, user_id,
    user_email, user_name, user_ip, users, tags, notes, sdk_name, sdk_version
FROM errortracking.events
WHERE (SELECT max(version) FROM errortracking.schema_version) BETWEEN 1 AND 4
  AND (project_id, timestamp, event_id, fingerprint) NOT IN
      (SELECT project_id, timestamp, event_id, fingerprint
       FROM errortracking.events_by_time);
