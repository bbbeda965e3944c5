-- What the module writes to: RowBinary, with the columns and in the order of
-- ET_ROW_COLUMNS in src/core/et_row.h.  Types are plain (no LowCardinality),
-- because they are the encoder's; the kept tables choose their own.
--
--   kind             what the row is: 1 event, 2 attachment, 3 feedback,
--                    4 session, 5 check-in, 6 outcome, 7 log; each view takes
--                    its kinds
--   n                how many occurrences the row stands for: 1 for an event
--                    with its body; a folded row stands for those of one error
--                    and minute whose bodies were sampled away in a storm, and
--                    has no payload; every count is sum(n)
--   timestamp        of the (last) occurrence; first_timestamp of the first
--   fingerprint      below 2^53, so that a JavaScript number holds it
--   attributes       what a record has no column for
--   notes            what the module dropped, cut or replaced, and why
--   users            hashes of the users the row stands for; 0 is an empty
--                    slot, which the views filter out

CREATE TABLE IF NOT EXISTS errortracking.ingest
(
    kind              UInt8,
    n                 UInt64,
    timestamp         DateTime64(6, 'UTC'),
    first_timestamp   DateTime64(6, 'UTC'),
    received          DateTime64(6, 'UTC'),
    project_id        UInt64,
    fingerprint       UInt64,
    grouping_version  UInt8,
    event_id          UUID,
    users             Array(UInt64),
    level             String,
    platform          String,
    type              String,
    value             String,
    message           String,
    culprit           String,
    logger            String,
    environment       String,
    release           String,
    dist              String,
    server_name       String,
    transaction       String,
    trace_id          String,
    user_id           String,
    user_email        String,
    user_name         String,
    user_ip           String,
    tags              Map(String, String),
    attributes        Map(String, String),
    notes             Array(String),
    sdk_name          String,
    sdk_version       String,
    grouping          String,
    payload           String
)
ENGINE = Null;

-- from version 1
ALTER TABLE errortracking.ingest
    ADD COLUMN IF NOT EXISTS attributes Map(String, String) AFTER tags,
    ADD COLUMN IF NOT EXISTS notes Array(String) AFTER attributes;
