/*
 * The SQL of et_releases.c.
 */

#ifndef ET_RELEASES_SQL_H
#define ET_RELEASES_SQL_H


#define ET_SQL_NEVER  "toDateTime64(0, 6, 'UTC')"

/* 1 of a release's row in either table; a release has several where it was not
 * merged yet, and one of each project: who asks puts them together */

#define ET_SQL_RELEASE_ROWS                                                   \
    "SELECT project_id, version, 1 AS made, 0 AS seen, updated, created, "    \
    "released, toDateTime64('2299-12-31 00:00:00', 6, 'UTC') AS first_event," \
    " " ET_SQL_NEVER " AS last_event, toUInt64(0) AS n, ref, url, "           \
    "toString(status) AS status, commit_count, last_commit "                  \
    "FROM releases FINAL WHERE project_id IN {projects:Array(UInt64)} "       \
    "UNION ALL SELECT project_id, version, 0 AS made, 1 AS seen, "            \
    ET_SQL_NEVER " AS updated, first_seen AS created, "                       \
    ET_SQL_NEVER " AS released, first_event, last_event, n, '' AS ref, "      \
    "'' AS url, '' AS status, toUInt64(0) AS commit_count, "                  \
    "'' AS last_commit FROM releases_seen "                                   \
    "WHERE project_id IN {projects:Array(UInt64)}"

#define ET_SQL_RELEASES                                                       \
    "SELECT version, key, cityHash64(version) AS hash, made, seen, created, " \
    "released, first_event, last_event, n, ref, url, status, commits, "       \
    "last_commit, projects FROM (SELECT version, "                            \
    "toUInt8(max(r.made)) AS made, toUInt8(max(r.seen)) AS seen, "            \
    "min(r.created) AS created, max(r.released) AS released, "                \
    "min(r.first_event) AS first_event, max(r.last_event) AS last_event, "    \
    "sum(r.n) AS n, argMax(r.ref, r.updated) AS ref, "                        \
    "argMax(r.url, r.updated) AS url, argMax(r.status, r.updated) AS status," \
    " argMax(r.commit_count, r.updated) AS commits, "                         \
    "argMax(r.last_commit, r.updated) AS last_commit, "                       \
    "arraySort(groupUniqArray(r.project_id)) AS projects, "                   \
    "toInt64(toUnixTimestamp64Micro(if(released > " ET_SQL_NEVER ", "         \
    "released, created))) AS key FROM (" ET_SQL_RELEASE_ROWS ") AS r WHERE 1"
#define ET_SQL_RELEASES_VERSION  " AND version = {version:String}"
#define ET_SQL_RELEASES_TEXT                                                  \
    " AND positionCaseInsensitiveUTF8(version, {text:String}) > 0"
#define ET_SQL_RELEASES_OTHER    " AND version != {version:String}"
#define ET_SQL_RELEASES_GROUP    " GROUP BY version) WHERE key > 0"
#define ET_SQL_RELEASES_STATUS                                                \
    " AND if(status = '', 'open', status) = {status:String}"
#define ET_SQL_RELEASES_COMMITS                                               \
    " AND commits > 0 AND key <= {before:Int64}"
#define ET_SQL_RELEASES_BEHIND   " AND (key, hash) < ({key:Int64}, "          \
    "{hash:UInt64})"
#define ET_SQL_RELEASES_BEFORE   " AND (key, hash) > ({key:Int64}, "          \
    "{hash:UInt64})"
#define ET_SQL_RELEASES_DESC                                                  \
    " ORDER BY key DESC, hash DESC LIMIT {limit:UInt64}"
#define ET_SQL_RELEASES_ASC                                                   \
    " ORDER BY key, hash LIMIT {limit:UInt64}"

#define ET_SQL_RELEASES_COLUMNS  "sqQCCttttQsssQsA"


/* errors whose first event was in the release */

#define ET_SQL_NEW_ERRORS                                                     \
    "SELECT project_id, finalizeAggregation(errors.first_release) AS version" \
    ", count() FROM errors FINAL WHERE "
#define ET_SQL_NEW_ERRORS_END                                                 \
    " AND version IN {versions:Array(String)} GROUP BY project_id, version"

#define ET_SQL_NEW_ERRORS_COLUMNS  "QsQ"

#define ET_SQL_DEPLOYS_OF                                                     \
    "SELECT version, n, toUInt64(tupleElement(d, 1)), tupleElement(d, 2), "   \
    "tupleElement(d, 3), tupleElement(d, 4), tupleElement(d, 5), "            \
    "tupleElement(d, 6) FROM (SELECT version, uniqExact(deploy_id) AS n, "    \
    "argMax((deploy_id, toString(environment), name, url, started, "          \
    "finished), (finished, deploy_id)) AS d FROM deploys "                    \
    "WHERE project_id IN {projects:Array(UInt64)} "                           \
    "AND version IN {versions:Array(String)} GROUP BY version)"

#define ET_SQL_DEPLOYS_OF_COLUMNS  "sQQssstt"


/* what is not said stays as it was */

#define ET_SQL_RELEASE_WRITE                                                  \
    "INSERT INTO releases (project_id, version, updated, created, released, " \
    "ref, url, status, commit_count, last_commit, commits) SELECT p.id, "     \
    "{version:String}, now64(6), if(r.version = '', now64(6), r.created), "   \
    "if({released:Int64} < 0, r.released, "                                   \
    "fromUnixTimestamp64Micro({released:Int64}, 'UTC')), "                    \
    "if({has_ref:UInt8} = 1, {ref:String}, r.ref), "                          \
    "if({has_url:UInt8} = 1, {url:String}, r.url), "                          \
    "if({has_status:UInt8} = 1, {status:String}, r.status), "                 \
    "if({has_commits:UInt8} = 1, {ncommits:UInt64}, r.commit_count), "        \
    "if({has_commits:UInt8} = 1, {last_commit:String}, r.last_commit), "      \
    "if({has_commits:UInt8} = 1, {commits:String}, r.commits) "               \
    "FROM (SELECT arrayJoin({projects:Array(UInt64)}) AS id) AS p "           \
    "LEFT JOIN (SELECT * FROM releases FINAL "                                \
    "WHERE project_id IN {projects:Array(UInt64)} "                           \
    "AND version = {version:String}) AS r ON r.project_id = p.id"

#define ET_SQL_RELEASE_DELETE                                                 \
    "DELETE FROM releases WHERE project_id IN {projects:Array(UInt64)} "      \
    "AND version = {version:String} "                                         \
    "SETTINGS lightweight_deletes_sync = 2, mutations_sync = 2"
#define ET_SQL_DEPLOYS_DELETE                                                 \
    "DELETE FROM deploys WHERE project_id IN {projects:Array(UInt64)} "       \
    "AND version = {version:String} "                                         \
    "SETTINGS lightweight_deletes_sync = 2, mutations_sync = 2"

#define ET_SQL_COMMITS                                                        \
    "SELECT argMax(r.commits, r.updated) FROM (SELECT commits, updated "      \
    "FROM releases FINAL WHERE project_id IN {projects:Array(UInt64)} "       \
    "AND version = {version:String} AND commit_count > 0) AS r"

#define ET_SQL_COMMITS_COLUMNS  "s"

#define ET_SQL_DEPLOYS                                                        \
    "SELECT deploy_id, toString(any(deploys.environment)) AS environment, "   \
    "any(deploys.name) AS name, any(deploys.url) AS url, "                    \
    "any(deploys.started) AS started, any(deploys.finished) AS finished "     \
    "FROM deploys WHERE project_id IN {projects:Array(UInt64)} "              \
    "AND version = {version:String} GROUP BY deploy_id "                      \
    "ORDER BY finished DESC, deploy_id DESC LIMIT 100"

#define ET_SQL_DEPLOYS_COLUMNS  "Qssstt"

#define ET_SQL_DEPLOY_WRITE                                                   \
    "INSERT INTO deploys (project_id, version, deploy_id, environment, name, "\
    "url, started, finished) SELECT arrayJoin({projects:Array(UInt64)}), "    \
    "{version:String}, {deploy:UInt64}, {environment:String}, "               \
    "{name:String}, {url:String}, "                                           \
    "fromUnixTimestamp64Micro({started:Int64}, 'UTC'), "                      \
    "fromUnixTimestamp64Micro({finished:Int64}, 'UTC')"


#endif /* ET_RELEASES_SQL_H */
