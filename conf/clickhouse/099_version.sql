-- Which schema this is.  Last of all files: the version is there only when
-- everything before it is.

CREATE TABLE IF NOT EXISTS errortracking.schema_version
(
    version  UInt32,
    applied  DateTime('UTC')
)
ENGINE = MergeTree
ORDER BY version;

INSERT INTO errortracking.schema_version (version, applied)
SELECT 4 AS version, now() AS applied
WHERE version NOT IN (SELECT version FROM errortracking.schema_version);
