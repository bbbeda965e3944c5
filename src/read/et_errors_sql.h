/*
 * The SQL of et_errors.c, in parts that are put together.  Parameters of the
 * page's query: projects, fingerprints, since, until, from, to, asof, key,
 * id0, id1, limit, text, status, environments; of its numbered words: k%u,
 * v%u.
 */

#ifndef ET_ERRORS_SQL_H
#define ET_ERRORS_SQL_H


#define ET_SQL_OF_PROJECTS  "project_id IN {projects:Array(UInt64)}"

#define ET_SQL_TIME(name)  "fromUnixTimestamp64Micro({" name ":Int64}, 'UTC')"


/* The page, outermost first */

#define ET_SQL_PAGE                                                           \
    "SELECT project_id, fingerprint, key, toInt64(toUnixTimestamp64Micro("    \
    "now64(6))) AS now, first_seen, last_seen, n, status, decided, changed, " \
    "changed_by, release, after_release, until, until_n, until_users, "       \
    "assigned_to FROM (SELECT e.project_id AS project_id, "                   \
    "e.fingerprint AS fingerprint, e.first_seen AS first_seen, "              \
    "e.last_seen AS last_seen, e.n AS n, s.status AS decided, "               \
    "s.changed AS changed, s.changed_by AS changed_by, "                      \
    "s.release AS release, s.after_release AS after_release, "                \
    "s.until AS until, s.until_n AS until_n, "                                \
    "s.until_users AS until_users, s.assigned_to AS assigned_to, "            \
    "multiIf("                                                                \
    "s.status = 'resolved' AND NOT (e.last_seen > s.changed "                 \
    "AND (s.release = '' OR r.reached = 1)), 'resolved', "                    \
    "s.status = 'ignored' AND NOT ((s.until > toDateTime64(0, 6) "            \
    "AND s.until <= now64(6)) OR (s.until_n > 0 AND e.n >= s.until_n) "       \
    "OR (s.until_users > 0 AND u.users >= s.until_users)), 'ignored', "       \
    "'unresolved') AS status, "

#define ET_SQL_PAGE_COLUMNS  "QQqqttQsstssCtQQs"

/* keys of the order, as they were at "asof" where there is one */

#define ET_SQL_KEY_LAST                                                       \
    "toInt64(toUnixTimestamp64Micro(e.last_seen)) AS key FROM "
#define ET_SQL_KEY_LAST_ASOF                                                  \
    "toInt64(toUnixTimestamp64Micro(if(c.last_seen >= e.last_seen, "          \
    "b.last_seen, e.last_seen))) AS key FROM "
#define ET_SQL_KEY_FIRST                                                      \
    "toInt64(toUnixTimestamp64Micro(e.first_seen)) AS key FROM "
#define ET_SQL_KEY_N          "toInt64(e.n) AS key FROM "
#define ET_SQL_KEY_N_ASOF     "toInt64(e.n - least(c.n, e.n)) AS key FROM "
#define ET_SQL_KEY_USERS      "toInt64(e.users) AS key FROM "
#define ET_SQL_KEY_COUNT      "toInt64(p.n) AS key FROM "

/* the errors, narrow: users are costly, and counted only where they are the
 * order, or a decision depends on them */

#define ET_SQL_ERRORS                                                         \
    "(SELECT project_id, fingerprint, min(errors.first_seen) AS first_seen, " \
    "max(errors.last_seen) AS last_seen, sum(errors.n) AS n"
#define ET_SQL_ERRORS_USERS  ", uniqMerge(errors.users) AS users"
#define ET_SQL_ERRORS_USERS_DECIDED                                           \
    ", uniqMergeIf(errors.users, (project_id, fingerprint) IN ("              \
    "SELECT project_id, fingerprint FROM error_status WHERE "                 \
    ET_SQL_OF_PROJECTS " AND until_users > 0)) AS users"
#define ET_SQL_ERRORS_LAST   ", argMaxMerge(errors.last) AS l"
#define ET_SQL_ERRORS_FIRST  ", argMinMerge(errors.first) AS f"
#define ET_SQL_ERRORS_FROM                                                    \
    " FROM errors WHERE " ET_SQL_OF_PROJECTS
#define ET_SQL_ERRORS_THESE                                                   \
    " AND fingerprint IN {fingerprints:Array(UInt64)}"
#define ET_SQL_ERRORS_GROUP  " GROUP BY project_id, fingerprint HAVING 1"
#define ET_SQL_ERRORS_SINCE                                                   \
    " AND last_seen >= " ET_SQL_TIME("since")
#define ET_SQL_ERRORS_UNTIL                                                   \
    " AND first_seen < " ET_SQL_TIME("until")
#define ET_SQL_ERRORS_TEXT                                                    \
    " AND positionCaseInsensitiveUTF8(concat(l.type, ': ', l.value, '\\0', "  \
    "l.message, '\\0', l.culprit), {text:String}) > 0"
#define ET_SQL_ERRORS_END    ") AS e"

/* words of a search: of the WHERE, and of the HAVING */

#define ET_SQL_IN            " AND (project_id, fingerprint) IN ("
#define ET_SQL_NOT_IN        " AND (project_id, fingerprint) NOT IN ("
#define ET_SQL_TAGS                                                           \
    "SELECT project_id, fingerprint FROM error_tags WHERE "                   \
    ET_SQL_OF_PROJECTS
#define ET_SQL_TAGS_HAVE     " AND key = {k%u:String})"
#define ET_SQL_TAGS_VALUE    " AND key = {k%u:String} AND "                   \
    "value IN {v%u:Array(String)})"
#define ET_SQL_TAGS_LIKE     " AND key = {k%u:String} AND "                   \
    "arrayExists(x -> value ILIKE x, {v%u:Array(String)}))"
#define ET_SQL_ENVIRONMENTS                                                   \
    " AND (project_id, fingerprint) IN (" ET_SQL_TAGS                         \
    " AND key = 'environment' AND value IN {environments:Array(String)})"
#define ET_SQL_USERS(column)                                                  \
    "SELECT project_id, fingerprint FROM events WHERE " ET_SQL_OF_PROJECTS    \
    " AND " column " IN {v%u:Array(String)})"

#define ET_SQL_AND           " AND "
#define ET_SQL_AND_NOT       " AND NOT "
#define ET_SQL_FIELD(field)  "has({v%u:Array(String)}, " field ")"
#define ET_SQL_FIELD_LIKE(field)                                              \
    "arrayExists(x -> " field " ILIKE x, {v%u:Array(String)})"

/* what was decided, and which of it has come back in a release that counts */

#define ET_SQL_STATUS                                                         \
    " LEFT JOIN (SELECT * FROM error_status FINAL WHERE " ET_SQL_OF_PROJECTS  \
    ") AS s ON s.project_id = e.project_id "                                  \
    "AND s.fingerprint = e.fingerprint"

#define ET_SQL_JOIN_USERS                                                     \
    " LEFT JOIN (SELECT project_id, fingerprint, uniqMerge(errors.users) "    \
    "AS users FROM errors WHERE " ET_SQL_OF_PROJECTS                          \
    " AND (project_id, fingerprint) IN (SELECT project_id, fingerprint "      \
    "FROM error_status WHERE " ET_SQL_OF_PROJECTS " AND until_users > 0) "    \
    "GROUP BY project_id, fingerprint) AS u "                                 \
    "ON u.project_id = e.project_id AND u.fingerprint = e.fingerprint"

#define ET_SQL_IN_RELEASE                                                     \
    "SELECT project_id, fingerprint, changed, release, after_release "        \
    "FROM error_status FINAL WHERE " ET_SQL_OF_PROJECTS                       \
    " AND status = 'resolved' AND release != ''"

#define ET_SQL_VERSION(name)                                                  \
    "arrayMap(x -> toUInt64OrZero(x), splitByChar('.', extract(" name ", "    \
    "'(?:^|@)v?([0-9]+(?:[.][0-9]+)+)')))"

#define ET_SQL_REACHED                                                        \
    " LEFT JOIN (SELECT t.project_id AS project_id, "                         \
    "t.fingerprint AS fingerprint, toUInt8(1) AS reached "                    \
    "FROM error_tags AS t INNER JOIN (" ET_SQL_IN_RELEASE ") AS q "           \
    "ON q.project_id = t.project_id AND q.fingerprint = t.fingerprint "       \
    "WHERE t.project_id IN {projects:Array(UInt64)} "                         \
    "AND (t.project_id, t.fingerprint) IN (SELECT project_id, fingerprint "   \
    "FROM (" ET_SQL_IN_RELEASE ")) "                                          \
    "AND t.key = 'release' AND t.last_seen > q.changed "                      \
    "AND multiIf(t.value = q.release, q.after_release = 0, "                  \
    "length(" ET_SQL_VERSION("t.value") ") > 1 "                              \
    "AND length(" ET_SQL_VERSION("q.release") ") > 1, "                       \
    ET_SQL_VERSION("t.value") " > " ET_SQL_VERSION("q.release") ", "          \
    "t.first_seen > q.changed) "                                              \
    "GROUP BY t.project_id, t.fingerprint) AS r "                             \
    "ON r.project_id = e.project_id AND r.fingerprint = e.fingerprint"

/* what has come since the first page was read, and when each was seen before
 * that */

#define ET_SQL_CHANGES                                                        \
    "SELECT project_id, fingerprint, min(error_changes.first_seen) "          \
    "AS first_seen, max(error_changes.last_seen) AS last_seen, "              \
    "sum(error_changes.n) AS n FROM error_changes WHERE " ET_SQL_OF_PROJECTS  \
    " AND changed > " ET_SQL_TIME("asof")                                     \
    " GROUP BY project_id, fingerprint"

#define ET_SQL_JOIN_CHANGES                                                   \
    " LEFT JOIN (" ET_SQL_CHANGES ") AS c ON c.project_id = e.project_id "    \
    "AND c.fingerprint = e.fingerprint"

#define ET_SQL_JOIN_BEFORE                                                    \
    " LEFT JOIN (SELECT v.project_id AS project_id, "                         \
    "v.fingerprint AS fingerprint, max(v.timestamp) AS last_seen "            \
    "FROM events AS v INNER JOIN (" ET_SQL_CHANGES ") AS w "                  \
    "ON w.project_id = v.project_id AND w.fingerprint = v.fingerprint "       \
    "WHERE v.project_id IN {projects:Array(UInt64)} AND v.fingerprint IN "    \
    "(SELECT fingerprint FROM (" ET_SQL_CHANGES ")) "                         \
    "AND v.timestamp < w.first_seen "                                         \
    "GROUP BY v.project_id, v.fingerprint) AS b "                             \
    "ON b.project_id = e.project_id AND b.fingerprint = e.fingerprint"

/* counts of the period that the order is by */

#define ET_SQL_JOIN_COUNT                                                     \
    " INNER JOIN (SELECT project_id, fingerprint, sum(error_counts.n) AS n "  \
    "FROM error_counts WHERE " ET_SQL_OF_PROJECTS                             \
    " AND toDate(minute) BETWEEN toDate(" ET_SQL_TIME("from") ") "            \
    "AND toDate(" ET_SQL_TIME("to") ")"                                       \
    " AND minute >= " ET_SQL_TIME("from") " AND minute < " ET_SQL_TIME("to")  \
    " GROUP BY project_id, fingerprint) AS p "                                \
    "ON p.project_id = e.project_id AND p.fingerprint = e.fingerprint"

#define ET_SQL_PAGE_END      ") WHERE key > 0"
#define ET_SQL_PAGE_STATUS   " AND status = {status:String}"
#define ET_SQL_PAGE_STATUS_NOT  " AND status != {status:String}"
#define ET_SQL_PAGE_BEHIND                                                    \
    " AND (key, project_id, fingerprint) < ({key:Int64}, {id0:UInt64}, "      \
    "{id1:UInt64})"
#define ET_SQL_PAGE_BEFORE                                                    \
    " AND (key, project_id, fingerprint) > ({key:Int64}, {id0:UInt64}, "      \
    "{id1:UInt64})"
#define ET_SQL_PAGE_DESC                                                      \
    " ORDER BY key DESC, project_id DESC, fingerprint DESC "                  \
    "LIMIT {limit:UInt64}"
#define ET_SQL_PAGE_ASC                                                       \
    " ORDER BY key, project_id, fingerprint LIMIT {limit:UInt64}"


/* What is shown of the errors of a page */

#define ET_SQL_SHOWN                                                          \
    "WITH argMinMerge(errors.first) AS f, argMaxMerge(errors.last) AS l "     \
    "SELECT project_id, fingerprint, min(errors.first_seen) AS first_seen, "  \
    "max(errors.last_seen) AS last_seen, sum(errors.n) AS n, "                \
    "uniqMerge(errors.users) AS users, "                                      \
    "l.level, l.platform, l.type, l.value, l.message, l.culprit, l.logger, "  \
    "l.environment, replaceAll(toString(f.event_id), '-', ''), "              \
    "replaceAll(toString(l.event_id), '-', ''), f.release, l.release "        \
    "FROM errors WHERE " ET_SQL_OF_PROJECTS ET_SQL_ERRORS_THESE               \
    " GROUP BY project_id, fingerprint"

#define ET_SQL_SHOWN_COLUMNS  "QQttQQssssssssssss"

#define ET_SQL_COUNTS                                                         \
    "SELECT project_id, fingerprint, "                                        \
    "toInt64(intDiv(toUnixTimestamp(minute) - {from:Int64}, {step:Int64})) "  \
    "AS bucket, sum(error_counts.n) FROM error_counts "                       \
    "WHERE " ET_SQL_OF_PROJECTS ET_SQL_ERRORS_THESE                           \
    " AND toDate(minute) >= toDate(toDateTime({from:Int64}, 'UTC')) "         \
    "AND minute >= toDateTime({from:Int64}, 'UTC') "                          \
    "GROUP BY project_id, fingerprint, bucket"

#define ET_SQL_COUNTS_COLUMNS  "QQqQ"


#endif /* ET_ERRORS_SQL_H */
