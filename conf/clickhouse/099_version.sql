-- Which schema this is.  Last of all files: the version is there only when
-- everything before it is.

INSERT INTO errortracking.schema_version (version, applied)
SELECT 8 AS version, now() AS applied
WHERE version NOT IN (SELECT version FROM errortracking.schema_version);
