-- The outcomes by hour: what is asked of weeks is asked by hours or days, and a
-- month of minutes is sixty times the rows.  What is asked by minutes is in
-- `outcomes`.

CREATE TABLE IF NOT EXISTS errortracking.outcomes_by_hour
(
    project_id  UInt64,
    hour        DateTime('UTC')         CODEC(Delta(4), ZSTD(1)),
    outcome     LowCardinality(String),
    reason      LowCardinality(String),
    category    LowCardinality(String),
    n           UInt64                  CODEC(T64, ZSTD(1))
)
ENGINE = SummingMergeTree(n)
PARTITION BY toYYYYMM(hour)
ORDER BY (project_id, hour, outcome, category, reason)
TTL hour + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1,
         non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS errortracking.outcomes_by_hour_mv
TO errortracking.outcomes_by_hour
AS SELECT
    project_id,
    toStartOfHour(timestamp) AS hour,
    if(kind = 6, type, 'accepted') AS outcome,
    if(kind = 6, value, '') AS reason,
    if(kind = 6, message,
       transform(kind, [1, 2, 3, 4, 5, 7],
                 ['error', 'attachment', 'feedback', 'session', 'monitor',
                  'log_item'], 'default')) AS category,
    sum(ingest.n) AS n
FROM errortracking.ingest
GROUP BY project_id, hour, outcome, reason, category;

-- from version 5: what the minutes have and the hours lack, as it came before
-- the view.  Where this is cut short, the next application takes what is
-- missing.  A batch that is inserted in this very moment may be in the one and
-- not yet in the other, and then is counted twice here.
INSERT INTO errortracking.outcomes_by_hour
    (project_id, hour, outcome, reason, category, n)
SELECT project_id, hour, outcome, reason, category, sum(lacks) AS n
FROM
(
    SELECT project_id, toStartOfHour(minute) AS hour, outcome, reason,
           category, toInt64(outcomes.n) AS lacks
    FROM errortracking.outcomes
    UNION ALL
    SELECT project_id, hour, outcome, reason, category,
           -toInt64(outcomes_by_hour.n) AS lacks
    FROM errortracking.outcomes_by_hour
)
WHERE (SELECT max(version) FROM errortracking.schema_version) BETWEEN 1 AND 5
GROUP BY project_id, hour, outcome, reason, category
HAVING n > 0;
