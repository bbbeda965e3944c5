/*
 * The SQL of et_errors*.c, in parts that are put together.  Parameters of the
 * page's query: projects, since, until, asof, key, id0, id1, limit, nearest,
 * text, environments; of its numbered words: k%u, v%u.
 */

#ifndef ET_ERRORS_SQL_H
#define ET_ERRORS_SQL_H


#define ET_SQL_TIME(name)  "fromUnixTimestamp64Micro({" name ":Int64}, 'UTC')"


/* What a page's query need not do: see et_errors_ask_needs(). */

#define ET_SQL_NEEDS                                                          \
    "SELECT count(), countIf(release != ''), countIf(until_users > 0) "       \
    "FROM error_status WHERE " ET_SQL_OF_PROJECTS                             \
    " AND status != 'unresolved'"

#define ET_SQL_CHANGED                                                        \
    "SELECT count() FROM error_changes WHERE " ET_SQL_OF_PROJECTS             \
    " AND changed > " ET_SQL_TIME("asof")

#define ET_SQL_NEEDS_COLUMNS    "QQQ"
#define ET_SQL_CHANGED_COLUMNS  "Q"


/*
 * The page.  A key is as it was at "asof" where something has changed since.
 * Of candidates it says which were decided about, whose state is to be seen.
 */

#define ET_SQL_PAGE                                                           \
    "SELECT project_id, fingerprint, key, toInt64(toUnixTimestamp64Micro("    \
    "now64(6))) AS now, first_seen, last_seen, n, users, "
#define ET_SQL_PAGE_SURE        "toUInt8(0) AS candidate"
#define ET_SQL_PAGE_CANDIDATES                                                \
    "(project_id, fingerprint) IN (" ET_SQL_DECIDED ") AS candidate"
#define ET_SQL_PAGE_KEYS        ", key AS low, key AS high"
#define ET_SQL_PAGE_BOUNDS      ", low, high"
#define ET_SQL_PAGE_FROM                                                      \
    " FROM (SELECT e.project_id AS project_id, "                              \
    "e.fingerprint AS fingerprint, e.first_seen AS first_seen, "              \
    "e.last_seen AS last_seen, e.n AS n, e.known AS users, "

#define ET_SQL_PAGE_COLUMNS  "QQqqttQqCqq"

#define ET_SQL_KEY_LAST                                                       \
    "toInt64(toUnixTimestamp64Micro(e.last_seen)) AS key FROM "
#define ET_SQL_KEY_LAST_ASOF                                                  \
    "toInt64(toUnixTimestamp64Micro(if(c.last_seen >= e.last_seen, "          \
    "b.last_seen, e.last_seen))) AS key FROM "
#define ET_SQL_KEY_FIRST                                                      \
    "toInt64(toUnixTimestamp64Micro(e.first_seen)) AS key FROM "
#define ET_SQL_KEY_N          "toInt64(e.n) AS key FROM "
#define ET_SQL_KEY_N_ASOF     "toInt64(e.n - least(c.n, e.n)) AS key FROM "
#define ET_SQL_KEY_USERS                                                      \
    "if(e.known >= 0, e.known, toInt64(e.users)) + 1 AS key FROM "
#define ET_SQL_KEY_HIGH       "e.low AS low, e.high AS high, high AS key FROM "
#define ET_SQL_KEY_LOW        "e.low AS low, e.high AS high, low AS key FROM "

/*
 * The errors, narrow: users are costly, and counted only where they are the
 * order.  known are those that were counted before, or -1.  FINAL puts the
 * pieces of an error together as a merge does, in less than half the time of
 * GROUP BY, which looks each up in a table.
 */

#define ET_SQL_ERRORS                                                         \
    "(SELECT project_id, fingerprint, first_seen, last_seen, n, "             \
    "toInt64(n) AS seen, if(seen = counted_n, counted_users, -1) AS known"
#define ET_SQL_ERRORS_USERS  ", finalizeAggregation(errors.users) AS users"

/*
 * Between which its key by users is: they were counted when it had counted_n
 * occurrences, and each that came since may be of another.  What has been
 * counted is a number, a hundred times faster than the users.  Many users are
 * estimated, within a percent or two.
 */
#define ET_SQL_ERRORS_BOUNDS                                                  \
    ", least(seen, counted_users + seen - if(seen < counted_n, 0, counted_n))"\
    " AS most, if(seen < counted_n, 0, counted_users) AS fewest, "            \
    "1 + if(known >= 0, known, most + if(most > 50000, "                      \
    "bitShiftRight(most, 4), 0)) AS high, "                                   \
    "1 + if(known >= 0, known, fewest - if(fewest > 50000, "                  \
    "bitShiftRight(fewest, 4), 0)) AS low"
#define ET_SQL_ERRORS_LAST   ", finalizeAggregation(errors.last) AS l"
#define ET_SQL_ERRORS_TEXTS  ", finalizeAggregation(errors.text) AS texts"
#define ET_SQL_ERRORS_FIRST                                                   \
    ", finalizeAggregation(errors.first_release) AS f"
#define ET_SQL_ERRORS_FROM   " FROM errors FINAL WHERE "
#define ET_SQL_ERRORS_NONE   " AND 0"
#define ET_SQL_ERRORS_SINCE                                                   \
    " AND last_seen >= " ET_SQL_TIME("since")
#define ET_SQL_ERRORS_UNTIL                                                   \
    " AND first_seen < " ET_SQL_TIME("until")
#define ET_SQL_ERRORS_END    ") AS e"

/*
 * Where the order is by users and bounds do not do: those that can be as near
 * as an error that is known to be on the page, or to be the first behind it.
 */

#define ET_SQL_ERRORS_NEAR                                                    \
    " AND (project_id, fingerprint) IN (SELECT project_id, fingerprint FROM " \
    ET_SQL_ERRORS ET_SQL_ERRORS_BOUNDS
#define ET_SQL_ERRORS_NEAR_HIGH  ") AS e WHERE high >= {nearest:Int64}"
#define ET_SQL_ERRORS_NEAR_LOW   ") AS e WHERE low <= {nearest:Int64}"

/*
 * The words of a search.  What has to be in a set is hidden from the index,
 * which would be asked about each granule, and for which the set has to be
 * ready before anything is read; but not where costly columns are read of what
 * is in it.
 */

#define ET_SQL_IN            " AND (project_id, fingerprint) IN ("
#define ET_SQL_HIDDEN        "(identity(project_id), identity(fingerprint))"
#define ET_SQL_HIDDEN_IN     " AND " ET_SQL_HIDDEN " IN ("
#define ET_SQL_HIDDEN_NOT_IN " AND " ET_SQL_HIDDEN " NOT IN ("

/*
 * Those with a tag.  By value they are one range of all projects, or one of
 * each project; where any value may be it, those of some projects are a range
 * of error_tags, and in errors_by_tag among the values of all.
 */

#define ET_SQL_BY_TAG                                                         \
    "SELECT project_id, fingerprint FROM errors_by_tag WHERE 1"
#define ET_SQL_TAGS                                                           \
    "SELECT project_id, fingerprint FROM error_tags WHERE 1"
#define ET_SQL_OF_KEY        " AND key = {k%u:String}"
#define ET_SQL_BY_TAG_ENVIRONMENTS                                            \
    " AND key = 'environment' AND "                                           \
    "value IN {environments:Array(String)})"

#define ET_SQL_EVENTS_OF                                                      \
    "SELECT project_id, fingerprint FROM events_by_time WHERE "               \
    ET_SQL_OF_PROJECTS " AND "
#define ET_SQL_DECISIONS_OF                                                   \
    "SELECT project_id, fingerprint FROM error_status FINAL WHERE "           \
    ET_SQL_OF_PROJECTS " AND "

#define ET_SQL_AND           " AND "
#define ET_SQL_AND_NOT       " AND NOT "

/*
 * The errors that are resolved, ignored, or either, or not: what was decided
 * beside each, which nobody has decided about has empty, and a condition of
 * these parts.  et_error_state() says the same about one.
 */

#define ET_SQL_DECIDED                                                        \
    "SELECT project_id, fingerprint FROM error_status WHERE "                 \
    ET_SQL_OF_PROJECTS " AND status != 'unresolved'"

#define ET_SQL_JOIN_DECISIONS                                                 \
    " LEFT JOIN (SELECT project_id, fingerprint, status, changed, release, "  \
    "until, until_n, until_users FROM error_status FINAL "                    \
    "WHERE " ET_SQL_OF_PROJECTS ") AS s "                                     \
    "ON s.project_id = e.project_id AND s.fingerprint = e.fingerprint"

#define ET_SQL_STATE_IN      " WHERE (0"
#define ET_SQL_STATE_NOT_IN  " WHERE NOT (0"
#define ET_SQL_STATE_RESOLVED                                                 \
    " OR (s.status = 'resolved' AND (e.last_seen <= s.changed"
#define ET_SQL_STATE_RELEASED                                                 \
    " OR (s.release != '' AND (e.project_id, e.fingerprint) NOT IN ("         \
    ET_SQL_REACHED "))"
#define ET_SQL_STATE_IGNORED                                                  \
    " OR (s.status = 'ignored' AND NOT ((s.until > toDateTime64(0, 6) "       \
    "AND s.until <= now64(6)) OR (s.until_n > 0 AND e.n >= s.until_n)"
#define ET_SQL_STATE_USERS                                                    \
    " OR (s.until_users > 0 AND (e.project_id, e.fingerprint) IN ("           \
    ET_SQL_SEEN_BY_USERS "))"

/* ignored until so many users have seen it, and they have */

#define ET_SQL_UNTIL_USERS                                                    \
    "SELECT project_id, fingerprint, until_users FROM error_status FINAL "    \
    "WHERE " ET_SQL_OF_PROJECTS " AND until_users > 0"

#define ET_SQL_SEEN_BY_USERS                                                  \
    "SELECT u.project_id, u.fingerprint FROM (SELECT project_id, "            \
    "fingerprint, uniqMerge(errors.users) AS users FROM errors "              \
    "WHERE " ET_SQL_OF_PROJECTS " AND (project_id, fingerprint) IN ("         \
    "SELECT project_id, fingerprint FROM (" ET_SQL_UNTIL_USERS ")) "          \
    "GROUP BY project_id, fingerprint) AS u "                                 \
    "INNER JOIN (" ET_SQL_UNTIL_USERS ") AS d "                               \
    "ON d.project_id = u.project_id AND d.fingerprint = u.fingerprint "       \
    "WHERE u.users >= d.until_users"

/* resolved in a release, and seen since in one that counts */

#define ET_SQL_IN_RELEASE                                                     \
    "SELECT project_id, fingerprint, changed, release, after_release "        \
    "FROM error_status FINAL WHERE " ET_SQL_OF_PROJECTS                       \
    " AND status = 'resolved' AND release != ''"

/* et_release_version(): behind the last @ */

#define ET_SQL_VERSION(name)                                                  \
    "arraySlice(arrayMap(x -> toUInt64OrZero(x), splitByChar('.', "           \
    "extract(" name ", '(?:^|@)v?([0-9]+(?:[.][0-9]+)+)[^@]*$'))), 1, 8)"

#define ET_SQL_REACHED                                                        \
    "SELECT r.project_id, r.fingerprint FROM (SELECT project_id, "            \
    "fingerprint, value, min(error_tags.first_seen) AS first_seen, "          \
    "max(error_tags.last_seen) AS last_seen FROM error_tags "                 \
    "WHERE " ET_SQL_OF_PROJECTS " AND key = 'release' "                       \
    "AND (project_id, fingerprint) IN (SELECT project_id, fingerprint "       \
    "FROM (" ET_SQL_IN_RELEASE ")) "                                          \
    "GROUP BY project_id, fingerprint, value) AS r "                          \
    "INNER JOIN (" ET_SQL_IN_RELEASE ") AS q "                                \
    "ON q.project_id = r.project_id AND q.fingerprint = r.fingerprint "       \
    "WHERE r.last_seen > q.changed "                                          \
    "AND multiIf(r.value = q.release, q.after_release = 0, "                  \
    "length(" ET_SQL_VERSION("r.value") ") > 1 "                              \
    "AND length(" ET_SQL_VERSION("q.release") ") > 1, "                       \
    ET_SQL_VERSION("r.value") " > " ET_SQL_VERSION("q.release") ", "          \
    "r.first_seen > q.changed)"

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

#define ET_SQL_PAGE_END      ") WHERE key > 0 AND n > 0"
#define ET_SQL_PAGE_BEHIND                                                    \
    " AND (key, project_id, fingerprint) < ({key:Int64}, {id0:UInt64}, "      \
    "{id1:UInt64})"
#define ET_SQL_PAGE_BEFORE                                                    \
    " AND (key, project_id, fingerprint) > ({key:Int64}, {id0:UInt64}, "      \
    "{id1:UInt64})"
#define ET_SQL_PAGE_MAY_BE_BEHIND                                             \
    " AND low <= {key:Int64} AND (low != high OR (key, project_id, "          \
    "fingerprint) < ({key:Int64}, {id0:UInt64}, {id1:UInt64}))"
#define ET_SQL_PAGE_MAY_BE_BEFORE                                             \
    " AND high >= {key:Int64} AND (low != high OR (key, project_id, "         \
    "fingerprint) > ({key:Int64}, {id0:UInt64}, {id1:UInt64}))"
#define ET_SQL_PAGE_DESC                                                      \
    " ORDER BY key DESC, project_id DESC, fingerprint DESC "                  \
    "LIMIT {limit:UInt64}"
#define ET_SQL_PAGE_ASC                                                       \
    " ORDER BY key, project_id, fingerprint LIMIT {limit:UInt64}"


/*
 * What is shown of the errors of a page.  Pairs, as an error of one project
 * and the fingerprint of another's would be looked for, too; and several lists
 * of them, as ClickHouse takes 128 KiB of a parameter.
 */

#define ET_SQL_THESE                                                          \
    "(project_id, fingerprint) IN {errors%u:Array(Tuple(UInt64, UInt64))}"
#define ET_SQL_OR_THESE  " OR " ET_SQL_THESE

#define ET_SQL_SHOWN                                                          \
    "WITH argMinMerge(errors.first) AS f, argMaxMerge(errors.last) AS l "     \
    "SELECT project_id, fingerprint, min(errors.first_seen) AS first_seen, "  \
    "max(errors.last_seen) AS last_seen, sum(errors.n) AS n, "                \
    "l.level, l.platform, l.type, l.value, l.message, l.culprit, l.logger, "  \
    "l.environment, replaceAll(toString(f.event_id), '-', ''), "              \
    "replaceAll(toString(l.event_id), '-', ''), f.release, l.release, "
#define ET_SQL_SHOWN_USERS  "uniqMerge(errors.users)"
#define ET_SQL_SHOWN_KNOWN  "toUInt64(0)"
#define ET_SQL_SHOWN_FROM   " FROM errors WHERE ("
#define ET_SQL_SHOWN_END  ") GROUP BY project_id, fingerprint HAVING n > 0"

#define ET_SQL_SHOWN_COLUMNS  "QQttQssssssssssssQ"

#define ET_SQL_COUNTS                                                         \
    "SELECT project_id, fingerprint, "                                        \
    "toInt64(intDiv(toUnixTimestamp(minute) - {from:Int64}, {step:Int64})) "  \
    "AS bucket, sum(error_counts.n) FROM error_counts "                       \
    "WHERE toDate(minute) >= toDate(toDateTime({from:Int64}, 'UTC')) "        \
    "AND minute >= toDateTime({from:Int64}, 'UTC') AND ("
#define ET_SQL_COUNTS_END  ") GROUP BY project_id, fingerprint, bucket"

#define ET_SQL_COUNTS_COLUMNS  "QQqQ"

#define ET_SQL_DECISIONS                                                      \
    "SELECT project_id, fingerprint, status, changed, changed_by, release, "  \
    "after_release, until, until_n, until_users, assigned_to "                \
    "FROM error_status FINAL WHERE ("
#define ET_SQL_DECISIONS_END  ")"

#define ET_SQL_DECISIONS_COLUMNS  "QQstssCtQQs"

#define ET_SQL_RELEASES                                                       \
    "SELECT project_id, fingerprint, value, "                                 \
    "min(error_tags.first_seen) AS first_seen, "                              \
    "max(error_tags.last_seen) AS last_seen FROM error_tags "                 \
    "WHERE key = 'release' AND ("
#define ET_SQL_RELEASES_END  ") GROUP BY project_id, fingerprint, value"

#define ET_SQL_RELEASES_COLUMNS  "QQstt"

/* the first event since a decision that counts against it: ET_SQL_REACHED for
 * the events of one error */

#define ET_SQL_REGRESSION                                                     \
    "SELECT timestamp, release FROM events "                                  \
    "WHERE project_id = {project:UInt64} "                                    \
    "AND fingerprint = {fingerprint:UInt64} "                                 \
    "AND timestamp > " ET_SQL_TIME("changed")
#define ET_SQL_REGRESSION_RELEASE                                             \
    " AND multiIf(release = {release:String}, {after:UInt8} = 0, "            \
    "length(" ET_SQL_VERSION("release") ") > 1 "                              \
    "AND length(" ET_SQL_VERSION("{release:String}") ") > 1, "                \
    ET_SQL_VERSION("release") " > " ET_SQL_VERSION("{release:String}") ", "   \
    "release NOT IN (SELECT value FROM error_tags "                           \
    "WHERE project_id = {project:UInt64} "                                    \
    "AND fingerprint = {fingerprint:UInt64} AND key = 'release' "             \
    "GROUP BY value HAVING min(error_tags.first_seen) <= "                    \
    ET_SQL_TIME("changed") "))"
#define ET_SQL_REGRESSION_END  " ORDER BY timestamp LIMIT 1"

#define ET_SQL_REGRESSION_COLUMNS  "ts"


#endif /* ET_ERRORS_SQL_H */
