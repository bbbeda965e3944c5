/*
 * The SQL of et_events.c.
 */

#ifndef ET_EVENTS_SQL_H
#define ET_EVENTS_SQL_H


#define ET_SQL_EVENT                                                          \
    "project_id, fingerprint, replaceAll(toString(event_id), '-', '') AS id," \
    " timestamp, received, level, platform, type, value, message, culprit, "  \
    "environment, release, payload, found"

#define ET_SQL_EVENT_COLUMNS  "QQsttsssssssssQ"

/*
 * A page is found by its times alone, in the order of the table, which stops
 * where the page ends; only what lies between its first and last time is read
 * with its payload then.
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

/* the page, cut where its payloads get too large; "found" is how many there
 * would have been */

#define ET_SQL_EVENTS                                                         \
    "SELECT " ET_SQL_EVENT " FROM (SELECT *, sum(length(payload)) OVER w "    \
    "AS total, row_number() OVER w AS place, count() OVER () AS found "       \
    "FROM (SELECT project_id, fingerprint, event_id, timestamp, received, "   \
    "level, platform, type, value, message, culprit, environment, release, "  \
    "payload FROM events WHERE project_id = {project:UInt64} "                \
    "AND fingerprint = {fingerprint:UInt64} "                                 \
    "AND timestamp >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') "         \
    "AND timestamp <= fromUnixTimestamp64Micro({to:Int64}, 'UTC') "           \
    "AND payload != ''"

#define ET_SQL_EVENTS_BEHIND                                                  \
    " AND (timestamp, event_id) > (fromUnixTimestamp64Micro({key:Int64}, "    \
    "'UTC'), {id:UUID})"
#define ET_SQL_EVENTS_BEFORE                                                  \
    " AND (timestamp, event_id) < (fromUnixTimestamp64Micro({key:Int64}, "    \
    "'UTC'), {id:UUID})"

#define ET_SQL_EVENTS_ASC                                                     \
    " ORDER BY timestamp, event_id LIMIT {limit:UInt64}) "                    \
    "WINDOW w AS (ORDER BY timestamp, event_id "                              \
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) "                     \
    "WHERE place = 1 OR total <= {bytes:UInt64} ORDER BY place"
#define ET_SQL_EVENTS_DESC                                                    \
    " ORDER BY timestamp DESC, event_id DESC LIMIT {limit:UInt64}) "          \
    "WINDOW w AS (ORDER BY timestamp DESC, event_id DESC "                    \
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) "                     \
    "WHERE place = 1 OR total <= {bytes:UInt64} ORDER BY place"


/*
 * The newest messages of a project are events of as many errors, at the most,
 * that are messages and were seen last; so no other error's events are read,
 * and none that is older than the last of these.
 */

#define ET_SQL_MESSAGE_ERRORS                                                 \
    "SELECT fingerprint, max(errors.last_seen) AS last_seen FROM errors "     \
    "WHERE project_id = {project:UInt64} GROUP BY fingerprint "               \
    "HAVING tupleElement(argMaxMerge(errors.last), 'type') = '' "             \
    "ORDER BY last_seen DESC LIMIT {limit:UInt64}"

#define ET_SQL_MESSAGES                                                       \
    "SELECT " ET_SQL_EVENT " FROM (SELECT project_id, fingerprint, event_id," \
    " timestamp, received, level, platform, type, value, message, culprit, "  \
    "environment, release, '' AS payload, toUInt64(0) AS found FROM events "  \
    "WHERE project_id = {project:UInt64} "                                    \
    "AND fingerprint IN (SELECT fingerprint FROM (" ET_SQL_MESSAGE_ERRORS     \
    ")) AND timestamp >= (SELECT if(count() < {limit:UInt64}, "               \
    "toDateTime64(0, 6, 'UTC'), min(last_seen)) FROM ("                       \
    ET_SQL_MESSAGE_ERRORS ")) "                                               \
    "ORDER BY timestamp DESC, event_id DESC LIMIT {limit:UInt64})"            \
    " ORDER BY timestamp DESC, event_id DESC"


#endif /* ET_EVENTS_SQL_H */
