-- The schema of errortracking, for ClickHouse 24.10 and newer.
--
-- Files are applied in the order of their names, statement by statement, by
-- src/tools/schema.sh (`make schema`).  A statement ends with a semicolon at
-- the end of a line.  Every statement says IF NOT EXISTS or an equal of it, or
-- "from version N, once" above it, which schema.sh leaves out where a later
-- version is recorded.  So applying the schema again changes nothing: not the
-- data, and not a TTL, codec or setting that an administrator has altered.
--
-- How rows come in: the module inserts into one table, `ingest`, which keeps
-- nothing (ENGINE = Null); materialized views fan each row out to the tables
-- that are kept.  One INSERT, one format, one deduplication token; the kept
-- tables can change without the module.
--
-- How rows come in once: a batch is inserted with
--     insert_deduplication_token = <token of the batch>
--     deduplicate_blocks_in_dependent_materialized_views = 1
-- and each kept table has a deduplication window: it remembers the tokens of
-- its latest 10,000 blocks.  A batch sent again, with the same bytes and
-- token, adds nothing to any of them.  10,000 blocks are some hours at one
-- batch a second, which is longer than any retry waits while the host lives.

CREATE DATABASE IF NOT EXISTS errortracking;

-- Which schema this is: see 099_version.sql.

CREATE TABLE IF NOT EXISTS errortracking.schema_version
(
    version  UInt32,
    applied  DateTime('UTC')
)
ENGINE = MergeTree
ORDER BY version;
