/*
 * The SQL of et_events.c.
 */

#ifndef ET_EVENTS_SQL_H
#define ET_EVENTS_SQL_H


#define ET_SQL_EVENT                                                          \
    "project_id, fingerprint, replaceAll(toString(event_id), '-', '') AS id," \
    " timestamp, received, level, platform, type, value, message, culprit, "  \
    "environment, release, "

#define ET_SQL_EVENT_COLUMNS  "QQsttsssssssssQ"

/* what rows have beyond that, behind "found" */

#define ET_SQL_EVENT_WIDE                                                     \
    ", logger, dist, transaction, server_name, trace_id, user_id, "           \
    "user_email, user_name, user_ip, sdk_name, sdk_version, tags, notes"

/* of those a list does not show all, and each is read for whole granules */

#define ET_SQL_EVENT_BRIEF                                                    \
    ", logger, dist, transaction, server_name, '' AS trace_id, user_id, "     \
    "user_email, user_name, user_ip, '' AS sdk_name, '' AS sdk_version, "     \
    "tags, CAST([], 'Array(String)') AS notes"

#define ET_SQL_EVENT_WIDE_COLUMNS  ET_SQL_EVENT_COLUMNS "sssssssssssMS"

/*
 * When an error was seen, and how often: from that it is guessed which time has
 * a page of its events.
 */

#define ET_SQL_EVENTS_SPAN                                                    \
    "SELECT min(errors.first_seen), max(errors.last_seen), sum(errors.n) "    \
    "FROM errors WHERE project_id = {project:UInt64} "                        \
    "AND fingerprint = {fingerprint:UInt64}"

#define ET_SQL_EVENTS_SPAN_COLUMNS  "ttQ"

/*
 * Where the guess was wrong, a page is found by its times alone, in the order
 * of the table, which stops where the page ends; only what lies between its
 * first and last time is read with its payload then.
 */

#define ET_SQL_EVENT_TIMES                                                    \
    "SELECT count(), min(timestamp), max(timestamp) FROM (SELECT timestamp "  \
    "FROM events WHERE project_id = {project:UInt64} "                        \
    "AND fingerprint = {fingerprint:UInt64}"

#define ET_SQL_EVENT_TIMES_COLUMNS  "Qtt"

#define ET_SQL_TIMES_FROM                                                     \
    " AND timestamp >= fromUnixTimestamp64Micro({key:Int64}, 'UTC')"
#define ET_SQL_TIMES_TO                                                       \
    " AND timestamp <= fromUnixTimestamp64Micro({key:Int64}, 'UTC')"
#define ET_SQL_TIMES_ASC                                                      \
    " ORDER BY timestamp LIMIT {window:UInt64})"
#define ET_SQL_TIMES_DESC                                                     \
    " ORDER BY timestamp DESC LIMIT {window:UInt64})"


/*
 * The page: without payloads, or with the first event's; or with all of them,
 * cut where they get too large, where "found" is how many there would have
 * been.  Planning the latter costs as much as reading a short page.
 */

#define ET_SQL_EVENTS_BARE     "SELECT " ET_SQL_EVENT                         \
    "'' AS payload, toUInt64(0) AS found"

/* p: another name than the column's, which it is made of */
#define ET_SQL_EVENTS_ONE      "SELECT " ET_SQL_EVENT                         \
    "if(rowNumberInAllBlocks() = 0, payload, '') AS p, toUInt64(0) AS found"
#define ET_SQL_EVENTS_ONE_FROM  " FROM (SELECT " ET_SQL_EVENTS_INNER

#define ET_SQL_EVENTS_CUT      "SELECT " ET_SQL_EVENT "payload, found"
#define ET_SQL_EVENTS_CUT_FROM                                                \
    " FROM (SELECT *, sum(length(payload)) OVER w "                           \
    "AS total, row_number() OVER w AS place, count() OVER () AS found "       \
    "FROM (SELECT " ET_SQL_EVENTS_INNER

#define ET_SQL_EVENTS_INNER                                                   \
    "project_id, fingerprint, event_id, timestamp, received, "                \
    "level, platform, type, value, message, culprit, environment, release, "  \
    "payload"

#define ET_SQL_EVENTS_BY_ERROR  " FROM events"
#define ET_SQL_EVENTS_BY_TIME   " FROM events_by_time"
#define ET_SQL_EVENTS_WHERE                                                   \
    " WHERE project_id = {project:UInt64} "                                   \
    "AND timestamp >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') "         \
    "AND timestamp <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')"
#define ET_SQL_EVENTS_ERROR                                                   \
    " AND fingerprint = {fingerprint:UInt64}"
#define ET_SQL_EVENTS_BODY      " AND payload != ''"

/* the same without reading the payloads, which are most of the bytes */

#define ET_SQL_EVENTS_LISTED    " AND body"

/* a project's page with its payloads: those of the page without them */

#define ET_SQL_EVENTS_OF_KEYS                                                 \
    ET_SQL_EVENTS_BY_ERROR ET_SQL_EVENTS_WHERE ET_SQL_EVENTS_BODY             \
    " AND (fingerprint, timestamp, event_id) IN (SELECT fingerprint, "        \
    "timestamp, event_id"

#define ET_SQL_EVENTS_BEHIND                                                  \
    " AND (timestamp, event_id) > (fromUnixTimestamp64Micro({key:Int64}, "    \
    "'UTC'), {id:UUID})"
#define ET_SQL_EVENTS_BEFORE                                                  \
    " AND (timestamp, event_id) < (fromUnixTimestamp64Micro({key:Int64}, "    \
    "'UTC'), {id:UUID})"

#define ET_SQL_EVENTS_FIRST                                                   \
    " ORDER BY timestamp, event_id LIMIT {limit:UInt64}"
#define ET_SQL_EVENTS_LAST                                                    \
    " ORDER BY timestamp DESC, event_id DESC LIMIT {limit:UInt64}"
#define ET_SQL_EVENTS_END       ")"

#define ET_SQL_EVENTS_CUT_ASC                                                 \
    ") WINDOW w AS (ORDER BY timestamp, event_id "                            \
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) "                     \
    "WHERE place = 1 OR total <= {bytes:UInt64} ORDER BY place"
#define ET_SQL_EVENTS_CUT_DESC                                                \
    ") WINDOW w AS (ORDER BY timestamp DESC, event_id DESC "                  \
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) "                     \
    "WHERE place = 1 OR total <= {bytes:UInt64} ORDER BY place"


/*
 * One event, by its id: of its error, which is one range of the table, or
 * wherever it is, which the index by_event_id tells.
 */

#define ET_SQL_ONE_EVENT                                                      \
    "SELECT " ET_SQL_EVENT "payload, toUInt64(1) AS found" ET_SQL_EVENT_WIDE  \
    " FROM events WHERE project_id IN {projects:Array(UInt64)} "              \
    "AND event_id = {id:UUID} AND payload != ''"
#define ET_SQL_ONE_EVENT_ERROR  " AND fingerprint = {fingerprint:UInt64}"
#define ET_SQL_ONE_EVENT_END    " ORDER BY received LIMIT 1"

/*
 * The event before or behind another: its time first, in the order of the
 * table, which stops there; by time and id all rows would be read and sorted.
 */

#define ET_SQL_BESIDE                                                         \
    " FROM events WHERE project_id = {project:UInt64} "                       \
    "AND fingerprint = {fingerprint:UInt64} AND body"
#define ET_SQL_BESIDE_AT(place, order)                                        \
    "SELECT replaceAll(toString(event_id), '-', '')" ET_SQL_BESIDE place      \
    " AND timestamp = (SELECT timestamp" ET_SQL_BESIDE place                  \
    " ORDER BY timestamp" order " LIMIT 1) ORDER BY event_id" order " LIMIT 1"

#define ET_SQL_BESIDE_NEXT                                                    \
    ET_SQL_BESIDE_AT(ET_SQL_TIMES_FROM ET_SQL_EVENTS_BEHIND, "")
#define ET_SQL_BESIDE_PREVIOUS                                                \
    ET_SQL_BESIDE_AT(ET_SQL_TIMES_TO ET_SQL_EVENTS_BEFORE, " DESC")

#define ET_SQL_BESIDE_COLUMNS  "s"


/*
 * The newest messages of a project are events of as many errors, at the most,
 * that are messages and were seen last; so no other error's events are read,
 * and none that is older than the last of these.
 */

#define ET_SQL_MESSAGE_ERRORS                                                 \
    "SELECT fingerprint, last_seen FROM errors FINAL "                        \
    "WHERE project_id = {project:UInt64} "                                    \
    "AND startsWith(finalizeAggregation(errors.text), ': ') "                 \
    "ORDER BY last_seen DESC LIMIT {limit:UInt64}"

#define ET_SQL_MESSAGES                                                       \
    "SELECT " ET_SQL_EVENT "payload, found "                                  \
    "FROM (SELECT project_id, fingerprint, event_id, timestamp, received, "   \
    "level, platform, type, value, message, culprit, "                        \
    "environment, release, '' AS payload, toUInt64(0) AS found FROM events "  \
    "WHERE project_id = {project:UInt64} "                                    \
    "AND fingerprint IN (SELECT fingerprint FROM (" ET_SQL_MESSAGE_ERRORS     \
    ")) AND timestamp >= (SELECT if(count() < {limit:UInt64}, "               \
    "toDateTime64(0, 6, 'UTC'), min(last_seen)) FROM ("                       \
    ET_SQL_MESSAGE_ERRORS ")) "                                               \
    "ORDER BY timestamp DESC, event_id DESC LIMIT {limit:UInt64})"            \
    " ORDER BY timestamp DESC, event_id DESC"


#endif /* ET_EVENTS_SQL_H */
