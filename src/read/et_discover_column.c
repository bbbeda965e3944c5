/*
 * Fields of events, named as Sentry's Discover names them.
 */

#include "et_discover_internal.h"
#include "et_discover_sql.h"


#define ET_TEXT(name, sql, counts)                                            \
    { name, ET_DISCOVER_STRING, ET_FIND_TEXT, sql, counts, 0, 0 }
#define ET_TIME(name, sql, newest)                                            \
    { name, ET_DISCOVER_TIME, ET_FIND_TIME, sql, NULL, 0, newest }
#define ET_USER(name, sql)                                                    \
    { name, ET_DISCOVER_STRING, ET_FIND_TEXT, sql, NULL, 1, 0 }

/* an issue's id, as et_issue_id() has it */
#define ET_SQL_ISSUE_ID                                                       \
    "bitAnd(fingerprint + project_id * 11400714819323198485, "                \
    "9007199254740991)"
#define ET_SQL_ISSUE_SHORT                                                    \
    "concat(toString(project_id), ':', toString(" ET_SQL_ISSUE_ID "))"


static const et_discover_column_t  et_discover_columns_list[] = {
    { "id", ET_DISCOVER_STRING, ET_FIND_ID, ET_SQL_EVENT_HEX, NULL, 0, 0 },
    { "event_id", ET_DISCOVER_STRING, ET_FIND_ID, ET_SQL_EVENT_HEX, NULL, 0,
      0 },
    { "issue.id", ET_DISCOVER_INTEGER, ET_FIND_ISSUE, ET_SQL_ISSUE_ID,
      ET_SQL_ISSUE_ID, 0, 0 },
    { "issue", ET_DISCOVER_ISSUE, ET_FIND_ISSUE, ET_SQL_ISSUE_SHORT,
      ET_SQL_ISSUE_SHORT, 0, 0 },
    { "project", ET_DISCOVER_PROJECT, ET_FIND_PROJECT, "project_id",
      "project_id", 0, 0 },
    { "project.name", ET_DISCOVER_PROJECT, ET_FIND_PROJECT, "project_id",
      "project_id", 0, 0 },
    { "project.id", ET_DISCOVER_INTEGER, ET_FIND_NUMBER, "project_id",
      "project_id", 0, 0 },
    { "project_id", ET_DISCOVER_INTEGER, ET_FIND_NUMBER, "project_id",
      "project_id", 0, 0 },

    ET_TIME("timestamp", "timestamp", 1),
    ET_TIME("received", "received", 0),
    { "timestamp.to_hour", ET_DISCOVER_TIME, ET_FIND_TIME,
      "toDateTime64(toStartOfHour(timestamp), 6, 'UTC')",
      "toDateTime64(toStartOfHour(minute), 6, 'UTC')", 0, 0 },
    { "timestamp.to_day", ET_DISCOVER_TIME, ET_FIND_TIME,
      "toDateTime64(toStartOfDay(timestamp), 6, 'UTC')",
      "toDateTime64(toStartOfDay(minute), 6, 'UTC')", 0, 0 },

    ET_TEXT("level", "toString(level)", "toString(level)"),
    ET_TEXT("environment", "toString(environment)", "toString(environment)"),
    ET_TEXT("release", "toString(release)", "toString(release)"),
    ET_TEXT("title", ET_SQL_EVENT_TITLE, NULL),
    ET_TEXT("message", ET_SQL_MESSAGE(""), NULL),
    ET_TEXT("event.type", "if(type = '', 'default', 'error')", NULL),
    ET_TEXT("error.type", "toString(type)", NULL),
    ET_TEXT("error.value", "value", NULL),
    ET_TEXT("culprit", "culprit", NULL),
    ET_TEXT("location", "culprit", NULL),
    ET_TEXT("platform", "toString(platform)", NULL),
    ET_TEXT("platform.name", "toString(platform)", NULL),
    ET_TEXT("logger", "toString(logger)", NULL),
    ET_TEXT("dist", "toString(dist)", NULL),
    ET_TEXT("server_name", "server_name", NULL),
    ET_TEXT("transaction", "transaction", NULL),
    ET_TEXT("trace", "trace_id", NULL),
    ET_TEXT("sdk.name", "toString(sdk_name)", NULL),
    ET_TEXT("sdk.version", "toString(sdk_version)", NULL),

    ET_USER("user", ET_SQL_EVENT_USER),
    ET_USER("user.display", ET_SQL_EVENT_DISPLAY),
    ET_TEXT("user.id", "user_id", NULL),
    ET_TEXT("user.email", "user_email", NULL),
    ET_TEXT("user.username", "user_name", NULL),
    ET_TEXT("user.ip", "user_ip", NULL),

    { NULL, ET_DISCOVER_STRING, ET_FIND_TEXT, NULL, NULL, 0, 0 }
};


const et_discover_column_t *
et_discover_column(et_slice_t name)
{
    const et_discover_column_t  *column;

    for (column = et_discover_columns_list; column->name != NULL; column++) {
        if (et_slice_eq(name, et_slice_str(column->name))) {
            return column;
        }
    }

    return NULL;
}


et_slice_t
et_discover_tag(et_slice_t name)
{
    if (name.len > 6 && memcmp(name.data, "tags[", 5) == 0
        && name.data[name.len - 1] == ']')
    {
        return et_slice(name.data + 5, name.len - 6);
    }

    return name;
}


void
et_discover_column_sql(et_sql_t *query, const et_discover_column_t *column,
    int counts, unsigned i)
{
    if (column == NULL) {
        et_sql_add_n(query, "tags[{t%u:String}]", i);
        return;
    }

    et_sql_add(query, counts ? column->counts : column->sql);
}
