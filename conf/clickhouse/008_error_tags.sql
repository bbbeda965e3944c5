-- Which values of which tags an error was seen with, how often, and when: an
-- error's tags with counts, a project's, and in which releases an error that
-- was resolved has come back.  A search asks errors_by_tag, or where any value
-- may do this: the project's rows of that tag, which are as many as its errors
-- have different values of it, and never its events.
--
-- ORDER BY has the key before the error: a tag is one range, and the tags of
-- one error are one short range a key.  A table of version 3 or before keeps
-- its order, in which a tag is looked for among all of the project.
--
-- Besides an event's tags, keys are the fields that are searched by like
-- one: level, environment, release, transaction, server_name, logger.  A
-- value is cut to 200 bytes, as it came.

CREATE TABLE IF NOT EXISTS errortracking.error_tags
(
    project_id   UInt64,
    fingerprint  UInt64,
    key          LowCardinality(String),
    value        String,
    first_seen   SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen    SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    n            SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, key, fingerprint, value)
TTL toDateTime(last_seen) + INTERVAL 180 DAY
SETTINGS index_granularity = 256,
         merge_with_ttl_timeout = 86400,
         min_age_to_force_merge_seconds = 3600,
         non_replicated_deduplication_window = 10000;

-- from version 3, once
ALTER TABLE errortracking.error_tags
    MODIFY SETTING min_age_to_force_merge_seconds = 3600;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.error_tags_mv
TO errortracking.error_tags
AS SELECT
    project_id,
    fingerprint,
    tag.1 AS key,
    tag.2 AS value,
    min(first_timestamp) AS first_seen,
    max(timestamp) AS last_seen,
    sum(ingest.n) AS n
FROM errortracking.ingest
ARRAY JOIN arrayFilter(t -> t.2 != '',
    arrayConcat(
        CAST(tags, 'Array(Tuple(String, String))'),
        [('level', level), ('environment', environment),
         ('release', release), ('transaction', substringUTF8(transaction, 1, 200)),
         ('server_name', server_name), ('logger', logger)])) AS tag
WHERE kind = 1
GROUP BY project_id, fingerprint, key, value;
