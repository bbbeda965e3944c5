-- Names of projects, for the read APIs; the latest row of a project counts.  A
-- project needs no row: what has errors is a project, and its number is its
-- name then.  By hand, say:
--
--     INSERT INTO errortracking.projects (project_id, organization, slug, name)
--     VALUES (1, 'acme', 'shop', 'The shop')

CREATE TABLE IF NOT EXISTS errortracking.projects
(
    project_id    UInt64,
    version       DateTime64(6, 'UTC') DEFAULT now64(6),
    organization  String,
    slug          String,
    name          String,
    platform      String
)
ENGINE = ReplacingMergeTree(version)
ORDER BY project_id;
