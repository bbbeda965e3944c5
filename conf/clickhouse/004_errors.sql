-- One row per error: what a list of errors shows and sorts by.
--
-- Between merges an error has several rows, pieces of the whole, so a reader
-- puts them together:
--
--     SELECT project_id, fingerprint, min(first_seen) AS first_seen,
--            max(last_seen) AS last_seen, sum(n) AS n,
--            uniqMerge(users) AS users
--     FROM errortracking.errors
--     GROUP BY project_id, fingerprint
--     HAVING n > 0
--
-- or reads errors_list, a view that does this for every column.
--
-- users is a state of uniq: exact for some ten thousand users, then within a
-- percent.  counted_users is how many there were when the error had counted_n
-- occurrences: a number, which is read a hundred times faster than the state,
-- and tells that there are between counted_users and counted_users + n -
-- counted_n.  errors_counted_mv below counts anew what was seen more often
-- since; where it does not run, counted_n is 0, and lists by users are right but
-- slow.  Both are sums of what each count has changed, so that the latest is the
-- one that is there, be it of fewer.
--
-- `first` and `last` describe the first and the last event, each as one state,
-- so that its fields are always of the same event; of those with a body, so
-- that their ids lead to one.  Long texts are cut there: a list shows a line,
-- and every merge rewrites them.
--
-- text and first_release are what is asked of every error of a project: what a
-- search for words looks at ("type: value", message and culprit of the last
-- event, with NULs between), and the release of the first.  A state of one
-- string is read four times as fast as `last`.
--
-- A list shows some twenty errors from all over the table, and of each granule
-- all states are read, and the whole block that is compressed with it: small
-- granules and blocks make it four times as fast.
--
-- What has not been merged for an hour is: each part that a list reads is a
-- granule of each error more, and the whole table is small.
--
-- TTL: an error goes away when it was not seen for twice the time that its
-- events are kept.  Twice, because TTL looks at a row, which may be a piece
-- that was not merged yet with a newer piece of the same error: its part of
-- the count, and first_seen, would go too early.  Merges put old and new
-- pieces together within weeks.

CREATE TABLE IF NOT EXISTS errortracking.errors
(
    project_id   UInt64,
    fingerprint  UInt64,
    first_seen   SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen    SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    n            SimpleAggregateFunction(sum, UInt64),
    users        AggregateFunction(uniq, UInt64),
    first        AggregateFunction(argMin,
                     Tuple(event_id UUID, release String),
                     DateTime64(6, 'UTC')),
    last         AggregateFunction(argMax,
                     Tuple(event_id UUID, level String, platform String,
                           type String, value String, message String,
                           culprit String, logger String,
                           environment String, release String),
                     DateTime64(6, 'UTC')),
    text          AggregateFunction(argMax, String, DateTime64(6, 'UTC')),
    first_release AggregateFunction(argMin, String, DateTime64(6, 'UTC')),
    counted_users SimpleAggregateFunction(sum, Int64),
    counted_n     SimpleAggregateFunction(sum, Int64)
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, fingerprint)
TTL toDateTime(last_seen) + INTERVAL 180 DAY
SETTINGS index_granularity = 16,
         min_compress_block_size = 8192,
         max_compress_block_size = 65536,
         merge_with_ttl_timeout = 86400,
         min_age_to_force_merge_seconds = 3600,
         non_replicated_deduplication_window = 10000;

-- from version 5, once
ALTER TABLE errortracking.errors
    MODIFY SETTING min_age_to_force_merge_seconds = 3600,
                   min_compress_block_size = 8192,
                   max_compress_block_size = 65536;

ALTER TABLE errortracking.errors
    ADD COLUMN IF NOT EXISTS text
        AggregateFunction(argMax, String, DateTime64(6, 'UTC')) AFTER last,
    ADD COLUMN IF NOT EXISTS first_release
        AggregateFunction(argMin, String, DateTime64(6, 'UTC')) AFTER text;

-- from version 6
ALTER TABLE errortracking.errors
    ADD COLUMN IF NOT EXISTS counted_users
        SimpleAggregateFunction(sum, Int64) AFTER first_release,
    ADD COLUMN IF NOT EXISTS counted_n
        SimpleAggregateFunction(sum, Int64) AFTER counted_users;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.errors_mv
TO errortracking.errors
AS SELECT
    project_id,
    fingerprint,
    min(first_timestamp) AS first_seen,
    max(timestamp) AS last_seen,
    sum(ingest.n) AS n,
    uniqArrayState(arrayFilter(u -> u != 0, ingest.users)) AS users,
    argMinStateIf((event_id, release), timestamp, payload != '') AS first,
    argMaxStateIf((event_id, level, platform, type,
                   substringUTF8(value, 1, 1000),
                   substringUTF8(message, 1, 1000),
                   culprit, logger, environment, release),
                  timestamp, payload != '') AS last,
    argMaxStateIf(concat(type, ': ', substringUTF8(value, 1, 1000), '\0',
                         substringUTF8(message, 1, 1000), '\0', culprit),
                  timestamp, payload != '') AS text,
    argMinStateIf(release, timestamp, payload != '') AS first_release
FROM errortracking.ingest
WHERE kind = 1
GROUP BY project_id, fingerprint;

-- from version 3; MODIFY QUERY leaves no moment without the view
ALTER TABLE errortracking.errors_mv MODIFY QUERY
SELECT
    project_id,
    fingerprint,
    min(first_timestamp) AS first_seen,
    max(timestamp) AS last_seen,
    sum(ingest.n) AS n,
    uniqArrayState(arrayFilter(u -> u != 0, ingest.users)) AS users,
    argMinStateIf((event_id, release), timestamp, payload != '') AS first,
    argMaxStateIf((event_id, level, platform, type,
                   substringUTF8(value, 1, 1000),
                   substringUTF8(message, 1, 1000),
                   culprit, logger, environment, release),
                  timestamp, payload != '') AS last,
    argMaxStateIf(concat(type, ': ', substringUTF8(value, 1, 1000), '\0',
                         substringUTF8(message, 1, 1000), '\0', culprit),
                  timestamp, payload != '') AS text,
    argMinStateIf(release, timestamp, payload != '') AS first_release
FROM errortracking.ingest
WHERE kind = 1
GROUP BY project_id, fingerprint;

-- from version 3, once: what was stored before has the texts in its states
ALTER TABLE errortracking.errors UPDATE
    text = arrayReduce('argMaxState',
        [concat(finalizeAggregation(last).type, ': ',
                finalizeAggregation(last).value, '\0',
                finalizeAggregation(last).message, '\0',
                finalizeAggregation(last).culprit)], [last_seen]),
    first_release = arrayReduce('argMinState',
        [finalizeAggregation(first).release], [first_seen])
WHERE finalizeAggregation(text) = ''
  AND finalizeAggregation(last).event_id != toUUID('00000000-0000-0000-0000-000000000000');

-- Counts the users of errors that were seen more than 32 times, and a twentieth
-- more often than they had users since these were counted; in one thread.  Its
-- rows are pieces of their errors that change nothing else: n is 0, first_seen
-- later than any.  Where an error is deleted while it runs, such a piece may be
-- left alone.  No reader shows that, it goes away by TTL, and should the error
-- be seen again, its users are counted anew.
CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.errors_counted_mv
REFRESH EVERY 5 MINUTE APPEND TO errortracking.errors
AS SELECT
    project_id,
    fingerprint,
    toDateTime64('2299-12-31 00:00:00', 6, 'UTC') AS first_seen,
    e.last_seen AS last_seen,
    toInt64(finalizeAggregation(e.users)) - e.counted_users AS counted_users,
    toInt64(e.n) - e.counted_n AS counted_n
FROM errortracking.errors AS e FINAL
WHERE (project_id, fingerprint) IN (
    SELECT project_id, fingerprint
    FROM errortracking.errors FINAL
    WHERE n > 32
      AND (n < counted_n OR n > counted_n + intDiv(counted_users, 20)))
SETTINGS max_threads = 1;

CREATE OR REPLACE VIEW errortracking.errors_list
AS WITH
    argMinMerge(e.first) AS f,
    argMaxMerge(e.last) AS l
SELECT
    e.project_id AS project_id,
    e.fingerprint AS fingerprint,
    min(e.first_seen) AS first_seen,
    max(e.last_seen) AS last_seen,
    sum(e.n) AS n,
    uniqMerge(e.users) AS users,
    l.level AS level,
    l.platform AS platform,
    l.type AS type,
    l.value AS value,
    l.message AS message,
    l.culprit AS culprit,
    l.logger AS logger,
    l.environment AS environment,
    f.event_id AS first_event_id,
    l.event_id AS last_event_id,
    f.release AS first_release,
    l.release AS last_release
FROM errortracking.errors AS e
GROUP BY e.project_id, e.fingerprint
HAVING n > 0;
