-- Every event that was kept with its body, and the folded rows (payload = '')
-- that stand for n occurrences whose bodies were sampled away.  So sum(n)
-- counts occurrences by whatever column the folded rows have (error, level,
-- environment, release, minute), and WHERE payload != '' browses events.
--
-- ORDER BY: an error's page reads one error, newest or oldest event first:
-- that is one range here.  Equal errors lie side by side, so their texts
-- compress very well.
--
-- PARTITION BY month, ttl_only_drop_parts: old data goes away as whole parts,
-- a deletion of files.  Without it ClickHouse would rewrite a month of
-- payloads several times a day to cut off the hours that have expired.  The
-- price: a row is kept for at least 90 days, and until its part's newest row
-- is 90 days old, so at the most about 120.
--
-- A month to which nothing was added for a day is merged into one part, as each
-- part that has events of an error costs its page a granule of each column.
-- Late events put that off, or have it done again.  ClickHouse does it where
-- there is twice as much free space, and, from 26.2 on, of up to 150 GB; a
-- DELETE of what is being merged waits for it.
--
-- Another retention: ALTER TABLE errortracking.events MODIFY TTL ..., and the
-- same for events_by_time, whose lists lead here.
--
-- LowCardinality where a part has hundreds of different values at the most
-- (levels, releases, SDKs).  What a client can make different in every event
-- (transaction, server_name of containers, user) stays String: a dictionary
-- of unique values is slower than none.
--
-- Codecs: payload is nine tenths of the bytes: ZSTD(1), whose higher levels
-- cost much CPU for little.  The same for other long texts.  Times are nearly
-- sorted: Delta makes small numbers of them.  n is nearly always 1.
--
-- Index: an event that is looked up without its error is looked up by an exact
-- value that is nearly unique, so a bloom filter leaves some granules of
-- millions.  What else is asked whatever the error is asked of events_by_time.
-- There is no token index on texts: a search for words goes over `errors`,
-- which has a row per error and not per event, and an index over the text of
-- each event would cost every insert more than a rare search gains.
--
-- body, whether a row is an event with its body, looks at grouping, which folded
-- rows do not have either, as payloads are most of the bytes.
--
-- Granules are small (2 MiB; 10 MiB is usual), because most reads want the
-- payload of one event and must read the granule it is in.
-- min_bytes_for_wide_part: what one INSERT brings stays a compact part, one
-- file instead of some hundred; merges make wide parts of them.

CREATE TABLE IF NOT EXISTS errortracking.events
(
    project_id        UInt64                   CODEC(ZSTD(1)),
    fingerprint       UInt64                   CODEC(ZSTD(1)),
    timestamp         DateTime64(6, 'UTC')     CODEC(Delta(8), ZSTD(1)),
    first_timestamp   DateTime64(6, 'UTC')     CODEC(Delta(8), ZSTD(1)),
    received          DateTime64(6, 'UTC')     CODEC(Delta(8), ZSTD(1)),
    n                 UInt64                   CODEC(T64, ZSTD(1)),
    event_id          UUID,
    grouping_version  UInt8                    CODEC(ZSTD(1)),
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
    grouping          String                   CODEC(ZSTD(1)),
    payload           String                   CODEC(ZSTD(1)),
    body              Bool                     ALIAS grouping != '',

    INDEX by_event_id  event_id  TYPE bloom_filter(0.001) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, fingerprint, timestamp)
TTL toDateTime(timestamp) + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1,
         index_granularity_bytes = 2097152,
         min_bytes_for_wide_part = 134217728,
         min_age_to_force_merge_seconds = 86400,
         min_age_to_force_merge_on_partition_only = 1,
         non_replicated_deduplication_window = 10000;

-- from version 1
ALTER TABLE errortracking.events
    ADD COLUMN IF NOT EXISTS notes Array(String) CODEC(ZSTD(1)) AFTER tags;

-- from version 4
ALTER TABLE errortracking.events
    ADD COLUMN IF NOT EXISTS body Bool ALIAS grouping != '';

-- from version 7, once
ALTER TABLE errortracking.events
    MODIFY SETTING min_age_to_force_merge_seconds = 86400,
                   min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.events_mv
TO errortracking.events
AS SELECT
    project_id, fingerprint, timestamp, first_timestamp, received, n,
    event_id, grouping_version, level, platform, type, value, message,
    culprit, logger, environment, release, dist, server_name, transaction,
    trace_id, user_id, user_email, user_name, user_ip,
    arrayFilter(u -> u != 0, users) AS users,
    tags, notes, sdk_name, sdk_version, grouping, payload
FROM errortracking.ingest
WHERE kind = 1;

-- from version 1; MODIFY QUERY leaves no moment without the view
ALTER TABLE errortracking.events_mv MODIFY QUERY
SELECT
    project_id, fingerprint, timestamp, first_timestamp, received, n,
    event_id, grouping_version, level, platform, type, value, message,
    culprit, logger, environment, release, dist, server_name, transaction,
    trace_id, user_id, user_email, user_name, user_ip,
    arrayFilter(u -> u != 0, users) AS users,
    tags, notes, sdk_name, sdk_version, grouping, payload
FROM errortracking.ingest
WHERE kind = 1;
