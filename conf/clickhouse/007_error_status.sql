-- What people decided about an error: resolved, ignored, or unresolved again.
-- The latest row of an error counts; read it with FINAL.  An error without a
-- row is unresolved.
--
-- A row is a decision and not a state: whether a resolved error has come
-- back, or an ignored one has reached its condition, is computed when it is
-- read, from what `errors` and `error_tags` know, so it needs no job.
--
--   version      when the row was written: the latest of an error counts
--   changed      when its status was decided; what is seen later may end it
--   release      resolved in this release: occurrences in older ones do not
--                count; with after_release, in the one after it
--   until        ignored until then; 1970 is without an end
--   until_n      ignored until the error has so many occurrences in all; 0 is
--                without an end
--   until_users  the same of users
--   assigned_to  whom it is assigned to, as the client names them

CREATE TABLE IF NOT EXISTS errortracking.error_status
(
    project_id     UInt64,
    fingerprint    UInt64,
    version        DateTime64(6, 'UTC'),
    changed        DateTime64(6, 'UTC'),
    status         LowCardinality(String),
    changed_by     String,
    release        String,
    after_release  UInt8,
    until          DateTime64(6, 'UTC'),
    until_n        UInt64,
    until_users    UInt64,
    assigned_to    String
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, fingerprint)
SETTINGS index_granularity = 256;
