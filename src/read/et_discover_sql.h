/*
 * The SQL of et_discover.c: what a field and a function is of the table
 * events (or events_by_time), and of error_counts where that can tell.
 */

#ifndef ET_DISCOVER_SQL_H
#define ET_DISCOVER_SQL_H


#define ET_SQL_EVENT_HEX  "replaceAll(toString(event_id), '-', '')"

/* of: what is before the names of the fields */
#define ET_SQL_TITLE(of)                                                      \
    "multiIf(" of "type = '', if(" of "message = '', " of "value, "           \
    of "message), " of "value = '', toString(" of "type), "                   \
    "concat(" of "type, ': ', " of "value))"
#define ET_SQL_MESSAGE(of)                                                    \
    "if(" of "message = '', " ET_SQL_TITLE(of) ", " of "message)"

#define ET_SQL_EVENT_TITLE  ET_SQL_TITLE("")

#define ET_SQL_EVENT_USER                                                     \
    "multiIf(user_id != '', concat('id:', user_id), user_email != '', "       \
    "concat('email:', user_email), user_name != '', concat('username:', "     \
    "user_name), user_ip != '', concat('ip:', user_ip), '')"

#define ET_SQL_EVENT_DISPLAY                                                  \
    "multiIf(user_email != '', user_email, user_name != '', user_name, "      \
    "user_id != '', user_id, user_ip)"

#define ET_SQL_DISCOVER_START(table)                                          \
    " FROM " table " WHERE project_id IN {projects:Array(UInt64)}"

#define ET_SQL_DISCOVER_PERIOD                                                \
    " AND timestamp >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')"         \
    " AND timestamp < fromUnixTimestamp64Micro({to:Int64}, 'UTC')"

#define ET_SQL_DISCOVER_EVENTS                                                \
    ET_SQL_DISCOVER_START("events") ET_SQL_DISCOVER_PERIOD

#define ET_SQL_DISCOVER_BY_TIME                                               \
    ET_SQL_DISCOVER_START("events_by_time") ET_SQL_DISCOVER_PERIOD

/* the days, which are what the table is sorted by, and the minutes of them */
#define ET_SQL_DISCOVER_SECOND(name)                                          \
    "toDateTime(intDiv({" name ":Int64}, 1000000), 'UTC')"
#define ET_SQL_DISCOVER_COUNTS  ET_SQL_DISCOVER_START("error_counts")         \
    " AND toDate(minute) BETWEEN toDate(" ET_SQL_DISCOVER_SECOND("from") ")"  \
    " AND toDate(" ET_SQL_DISCOVER_SECOND("to") ")"                           \
    " AND minute >= toStartOfMinute(" ET_SQL_DISCOVER_SECOND("from") ")"      \
    " AND minute < " ET_SQL_DISCOVER_SECOND("to")

#define ET_SQL_DISCOVER_ENVIRONMENTS                                          \
    " AND environment IN {environments:Array(String)}"

#define ET_SQL_DISCOVER_BODY  " AND body"

/* what a search's text is looked for in */
#define ET_SQL_DISCOVER_TEXT                                                  \
    "concat(type, ': ', value, '\\0', message, '\\0', culprit, '\\0', "       \
    "transaction)"

/* where rows come newest first, how far back they reach: one with a body has n
 * = 1, and so have few without one, for which there is room in "reach" */
#define ET_SQL_DISCOVER_NEWEST                                                \
    " AND timestamp >= (SELECT min(timestamp) FROM (SELECT timestamp"
#define ET_SQL_DISCOVER_NEWEST_END                                            \
    " AND n = 1 ORDER BY timestamp DESC LIMIT {reach:UInt64}))"

#define ET_SQL_DISCOVER_BUCKET_EVENTS                                         \
    "toInt64(intDiv(toUnixTimestamp64Micro(timestamp) - {from:Int64}, "       \
    "{step:Int64} * 1000000))"
#define ET_SQL_DISCOVER_BUCKET_COUNTS                                         \
    "toInt64(intDiv(toUnixTimestamp(minute) - intDiv({from:Int64}, "          \
    "1000000), {step:Int64}))"


#endif /* ET_DISCOVER_SQL_H */
