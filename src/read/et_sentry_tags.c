/*
 * Tags and their values, from error_tags, which has a row for each value of
 * an error: no event is read for them, but those of one error for its users.
 */

#include "et_discover_sql.h"
#include "et_lists.h"
#include "et_offset.h"
#include "et_sentry.h"
#include "et_sentry_tags.h"


#define ET_TAGS_TOP     10     /* values of a tag, in a list of tags */
#define ET_TAGS_VALUES  100    /* on a page */
#define ET_TAGS_KEYS    1000   /* tags of a project */

/* a row a tag and value: of error_tags, or of an error's events */
#define ET_SQL_TAG_ROWS                                                       \
    "(SELECT toString(key) AS name, value, n, first_seen, last_seen "         \
    "FROM error_tags WHERE project_id IN {projects:Array(UInt64)}"
#define ET_SQL_TAG_USERS                                                      \
    "(SELECT 'user' AS name, " ET_SQL_EVENT_USER " AS value, n, "             \
    "first_timestamp AS first_seen, timestamp AS last_seen FROM events "      \
    "WHERE project_id IN {projects:Array(UInt64)} "                           \
    "AND fingerprint = {fingerprint:UInt64} AND value != ''"
#define ET_SQL_TAG_ISSUE   " AND fingerprint = {fingerprint:UInt64}"
#define ET_SQL_TAG_KEY     " AND key = {key:String}"
#define ET_SQL_TAG_SINCE                                                      \
    " AND last_seen >= fromUnixTimestamp64Micro({from:Int64}, 'UTC')"
#define ET_SQL_TAG_LIKE                                                       \
    " AND positionCaseInsensitiveUTF8(value, {query:String}) > 0"

/* tags, each with the values that are there most often */
#define ET_SQL_TAG_TOP                                                        \
    "SELECT name, value, times, first, last, total, different FROM ("         \
    "SELECT name, value, sum(r.n) AS times, min(r.first_seen) AS first, "     \
    "max(r.last_seen) AS last, sum(times) OVER (PARTITION BY name) AS total," \
    " toUInt64(count() OVER (PARTITION BY name)) AS different, row_number() " \
    "OVER (PARTITION BY name ORDER BY times DESC, value) AS place FROM "
#define ET_SQL_TAG_TOP_END                                                    \
    ") AS r GROUP BY name, value) WHERE place <= {limit:UInt64} "             \
    "ORDER BY total DESC, name, place"

#define ET_SQL_TAG_TOP_COLUMNS  "ssQttQQ"

#define ET_SQL_TAG_VALUES                                                     \
    "SELECT name, value, sum(r.n) AS times, min(r.first_seen) AS first, "     \
    "max(r.last_seen) AS last FROM "
#define ET_SQL_TAG_VALUES_END                                                 \
    ") AS r GROUP BY name, value ORDER BY "

#define ET_SQL_TAG_VALUES_COLUMNS  "ssQtt"

#define ET_SQL_TAG_KEYS                                                       \
    "SELECT toString(key) AS name, sum(error_tags.n) AS times, "              \
    "uniq(value) FROM error_tags "                                            \
    "WHERE project_id IN {projects:Array(UInt64)}"
#define ET_SQL_TAG_KEYS_END                                                   \
    " GROUP BY name ORDER BY times DESC, name LIMIT {limit:UInt64}"

#define ET_SQL_TAG_KEYS_COLUMNS  "sQQ"


typedef struct {
    et_sentry_t   sentry;
    et_slice_t    key;             /* len 0: all */
    et_slice_t    query;           /* a part of the value */
    int64_t       from;            /* seen since; 0: ever */
    unsigned      sort;
    uint64_t      limit;
    uint64_t      offset;
} et_tags_t;


static et_tags_t *et_tags_begin(et_call_t *call);
static int et_tags_since(et_call_t *call, et_tags_t *tags);
static et_call_rc_t et_tags_issue(et_call_t *call, size_t named,
    et_call_rc_t (*answer)(et_call_t *call, et_tags_t *tags));
static void et_tags_ask(et_call_t *call, const et_tags_t *tags, int values);
static et_call_rc_t et_tags_answer(et_call_t *call, et_tags_t *tags);
static et_call_rc_t et_tags_answer_one(et_call_t *call, et_tags_t *tags);
static cJSON *et_tags_list(et_call_t *call, et_slice_t answer, int *bad);
static int et_tags_values_parse(et_call_t *call, et_tags_t *tags);
static et_call_rc_t et_tags_values_answer(et_call_t *call, et_tags_t *tags);
static et_call_rc_t et_tags_keys(et_call_t *call, et_sentry_place_t place);
static et_call_rc_t et_tags_place_values(et_call_t *call,
    et_sentry_place_t place);
static cJSON *et_tag_value(et_call_t *call, const et_value_t *row);
static void et_tag_user(cJSON *item, et_slice_t value);
static void et_tag_name(et_call_t *call, cJSON *item, et_slice_t key);
static et_slice_t et_tag_query(et_call_t *call, et_slice_t key,
    et_slice_t value);


et_call_rc_t
et_sentry_issue_tags(et_call_t *call)
{
    return et_tags_issue(call, 0, et_tags_answer);
}


et_call_rc_t
et_sentry_issue_tag(et_call_t *call)
{
    return et_tags_issue(call, 1, et_tags_answer_one);
}


et_call_rc_t
et_sentry_issue_tag_values(et_call_t *call)
{
    return et_tags_issue(call, 1, et_tags_values_answer);
}


/* The issue is the path's first segment, or the second behind an
 * organization; "named" segments are behind it. */

static et_call_rc_t
et_tags_issue(et_call_t *call, size_t named,
    et_call_rc_t (*answer)(et_call_t *call, et_tags_t *tags))
{
    size_t      issue;
    et_tags_t  *tags;

    tags = et_tags_begin(call);
    if (tags == NULL) {
        return ET_CALL_ANSWERED;
    }

    issue = call->nsegments - named - 1;

    switch (call->step) {

    case 0:
        if (!et_tags_since(call, tags)
            || !et_tags_values_parse(call, tags))
        {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask_issue(call, issue);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_issue(call, call->answers,
                                  issue == 0 ? ET_SENTRY_ALL
                                             : ET_SENTRY_ORGANIZATION,
                                  &tags->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        if (named != 0) {
            tags->key = call->segments[issue + 1];
        }

        et_tags_ask(call, tags, answer == et_tags_values_answer);

        return ET_CALL_ASK;
    }

    return answer(call, tags);
}


static et_tags_t *
et_tags_begin(et_call_t *call)
{
    et_tags_t  *tags;

    tags = et_call_state(call, sizeof(et_tags_t));

    if (tags == NULL) {
        et_call_no_memory(call);
    }

    return tags;
}


/* Without a period they are those of all time. */

static int
et_tags_since(et_call_t *call, et_tags_t *tags)
{
    int64_t  to;

    if (et_params_get(&call->params, "start").len == 0
        && et_params_get(&call->params, "statsPeriod").len == 0)
    {
        return 1;
    }

    return et_call_times(call, &tags->from, &to);
}


static int
et_tags_values_parse(et_call_t *call, et_tags_t *tags)
{
    static const char *const  sorts[] = {
        "date", "-last_seen", "count", "-count", "age", "-first_seen", NULL
    };

    tags->limit = ET_TAGS_VALUES;
    tags->query = et_params_get(&call->params, "query");

    return et_call_choice(call, "sort", sorts, &tags->sort)
           && et_call_offset(call, ET_TAGS_VALUES, &tags->limit,
                             &tags->offset);
}


static void
et_tags_ask(et_call_t *call, const et_tags_t *tags, int values)
{
    int        users;
    et_sql_t  *query;

    static const char *const  orders[] = {
        "last DESC", "times DESC", "first DESC"
    };

    users = tags->sentry.fingerprint != 0
            && et_slice_eq(tags->key, et_slice("user", 4));

    query = et_call_query(call, values ? ET_SQL_TAG_VALUES_COLUMNS
                                       : ET_SQL_TAG_TOP_COLUMNS);

    et_sql_add(query, values ? ET_SQL_TAG_VALUES : ET_SQL_TAG_TOP);
    et_sql_add(query, users ? ET_SQL_TAG_USERS : ET_SQL_TAG_ROWS);
    et_sql_u64s(query, "projects", tags->sentry.ids, tags->sentry.nids);

    if (tags->sentry.fingerprint != 0) {
        et_sql_add(query, users ? "" : ET_SQL_TAG_ISSUE);
        et_sql_u64(query, "fingerprint", tags->sentry.fingerprint);
    }

    if (tags->key.len != 0 && !users) {
        et_sql_add(query, ET_SQL_TAG_KEY);
        et_sql_str(query, "key", tags->key);
    }

    if (tags->from != 0) {
        et_sql_add(query, ET_SQL_TAG_SINCE);
        et_sql_i64(query, "from", tags->from);
    }

    if (values && tags->query.len != 0) {
        et_sql_add(query, ET_SQL_TAG_LIKE);
        et_sql_str(query, "query", tags->query);
    }

    if (!values) {
        et_sql_add(query, ET_SQL_TAG_TOP_END);
        et_sql_u64(query, "limit", ET_TAGS_TOP);
        return;
    }

    et_sql_add(query, ET_SQL_TAG_VALUES_END);
    et_sql_add(query, orders[tags->sort / 2]);
    et_sql_add(query, ", value LIMIT {limit:UInt64} OFFSET {offset:UInt64}");
    et_sql_u64(query, "limit", tags->limit + 1);
    et_sql_u64(query, "offset", tags->offset);
}


static et_call_rc_t
et_tags_answer(et_call_t *call, et_tags_t *tags)
{
    int     bad;
    cJSON  *list;

    (void) tags;

    list = et_tags_list(call, call->answers[0], &bad);

    return bad ? et_call_unreadable(call) : et_call_json(call, 200, list);
}


static et_call_rc_t
et_tags_answer_one(et_call_t *call, et_tags_t *tags)
{
    int     bad;
    cJSON  *list;

    (void) tags;

    list = et_tags_list(call, call->answers[0], &bad);

    if (bad) {
        return et_call_unreadable(call);
    }

    if (list != NULL && list->child == NULL) {
        return et_call_fail(call, 404, "the issue has no such tag");
    }

    return et_call_json(call, 200, list == NULL ? NULL : list->child);
}


/* Rows of a tag follow one another. */

static cJSON *
et_tags_list(et_call_t *call, et_slice_t answer, int *bad)
{
    cJSON        *list, *item, *values;
    et_slice_t    key;
    et_result_t   result;

    list = cJSON_CreateArray();
    values = NULL;
    key = et_slice(NULL, 0);

    et_result_open(&result, ET_SQL_TAG_TOP_COLUMNS, answer);

    while (et_result_next(&result)) {

        if (key.data == NULL || !et_slice_eq(key, result.row[0].s)) {
            key = result.row[0].s;
            item = cJSON_CreateObject();

            et_out_str(item, "key", key);
            et_tag_name(call, item, key);
            et_out_u64(item, "totalValues", result.row[5].u);
            et_out_u64(item, "uniqueValues", result.row[6].u);
            values = et_out_array(item, "topValues");

            cJSON_AddItemToArray(list, item);
        }

        cJSON_AddItemToArray(values, et_tag_value(call, result.row));
    }

    *bad = result.bad;

    return list;
}


static et_call_rc_t
et_tags_values_answer(et_call_t *call, et_tags_t *tags)
{
    cJSON        *list;
    uint64_t      n;
    et_result_t   result;

    list = cJSON_CreateArray();
    n = 0;

    et_result_open(&result, ET_SQL_TAG_VALUES_COLUMNS, call->answers[0]);

    while (et_result_next(&result) && ++n <= tags->limit) {
        cJSON_AddItemToArray(list, et_tag_value(call, result.row));
    }

    if (result.bad) {
        return et_call_unreadable(call);
    }

    et_call_link_offset(call, tags->limit, tags->offset, n > tags->limit);

    return et_call_json(call, 200, list);
}


et_call_rc_t
et_sentry_project_tags(et_call_t *call)
{
    return et_tags_keys(call, ET_SENTRY_PROJECT);
}


et_call_rc_t
et_sentry_organization_tags(et_call_t *call)
{
    return et_tags_keys(call, ET_SENTRY_ORGANIZATION);
}


static et_call_rc_t
et_tags_keys(et_call_t *call, et_sentry_place_t place)
{
    cJSON       *list, *item;
    et_sql_t    *query;
    et_tags_t   *tags;
    et_result_t  result;

    tags = et_tags_begin(call);
    if (tags == NULL) {
        return ET_CALL_ANSWERED;
    }

    switch (call->step) {

    case 0:
        if (!et_tags_since(call, tags)) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0], place,
                                     &tags->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        query = et_call_query(call, ET_SQL_TAG_KEYS_COLUMNS);

        et_sql_add(query, ET_SQL_TAG_KEYS);
        et_sql_u64s(query, "projects", tags->sentry.ids, tags->sentry.nids);
        et_sql_u64(query, "limit", ET_TAGS_KEYS);

        if (tags->from != 0) {
            et_sql_add(query, ET_SQL_TAG_SINCE);
            et_sql_i64(query, "from", tags->from);
        }

        et_sql_add(query, ET_SQL_TAG_KEYS_END);

        return ET_CALL_ASK;
    }

    list = cJSON_CreateArray();

    et_result_open(&result, ET_SQL_TAG_KEYS_COLUMNS, call->answers[0]);

    while (et_result_next(&result)) {
        item = cJSON_CreateObject();

        et_out_str(item, "key", result.row[0].s);
        et_tag_name(call, item, result.row[0].s);
        et_out_u64(item, "totalValues", result.row[1].u);
        et_out_u64(item, "uniqueValues", result.row[2].u);
        et_out_bool(item, "canDelete", 0);

        cJSON_AddItemToArray(list, item);
    }

    return result.bad ? et_call_unreadable(call)
                      : et_call_json(call, 200, list);
}


et_call_rc_t
et_sentry_project_tag_values(et_call_t *call)
{
    return et_tags_place_values(call, ET_SENTRY_PROJECT);
}


et_call_rc_t
et_sentry_organization_tag_values(et_call_t *call)
{
    return et_tags_place_values(call, ET_SENTRY_ORGANIZATION);
}


static et_call_rc_t
et_tags_place_values(et_call_t *call, et_sentry_place_t place)
{
    et_tags_t  *tags;

    tags = et_tags_begin(call);
    if (tags == NULL) {
        return ET_CALL_ANSWERED;
    }

    switch (call->step) {

    case 0:
        if (!et_tags_since(call, tags)
            || !et_tags_values_parse(call, tags))
        {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0], place,
                                     &tags->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        tags->key = call->segments[call->nsegments - 1];

        et_tags_ask(call, tags, 1);

        return ET_CALL_ASK;
    }

    return et_tags_values_answer(call, tags);
}


/* name, value, times, first, last */

static cJSON *
et_tag_value(et_call_t *call, const et_value_t *row)
{
    cJSON  *item;

    item = cJSON_CreateObject();

    et_out_str(item, "key", row[0].s);
    et_out_str(item, "name", row[1].s);
    et_out_str(item, "value", row[1].s);
    et_out_u64(item, "count", row[2].u);
    et_out_time(item, "firstSeen", row[3].i);
    et_out_time(item, "lastSeen", row[4].i);
    et_out_str(item, "query", et_tag_query(call, row[0].s, row[1].s));

    if (et_slice_eq(row[0].s, et_slice("user", 4))) {
        et_tag_user(item, row[1].s);
    }

    return item;
}


/* "email:somebody@example.com" */

static void
et_tag_user(cJSON *item, et_slice_t value)
{
    size_t       i, k;
    const char  *colon;

    static const char *const  keys[] = { "id", "email", "username", "ip" };
    static const char *const  names[] = {
        "identifier", "email", "username", "ipAddress"
    };

    colon = value.len == 0 ? NULL : memchr(value.data, ':', value.len);
    k = colon == NULL ? 0 : (size_t) (colon - value.data);

    for (i = 0; i < 4; i++) {
        if (k != 0 && et_slice_eq(et_slice(value.data, k),
                                  et_slice_str(keys[i])))
        {
            et_out_str(item, names[i], et_slice(value.data + k + 1,
                                                value.len - k - 1));

        } else {
            et_out_null(item, names[i]);
        }
    }
}


/* "server_name" is shown as "Server Name". */

static void
et_tag_name(et_call_t *call, cJSON *item, et_slice_t key)
{
    char       c;
    int        first;
    size_t     i;
    et_text_t  text;

    et_text_init(&text, call->arena);

    for (first = 1, i = 0; i < key.len; i++) {
        c = key.data[i] == '_' ? ' ' : key.data[i];

        et_text_char(&text, first && c >= 'a' && c <= 'z'
                            ? (char) (c - 'a' + 'A') : c);
        first = c == ' ';
    }

    et_out_str(item, "name", et_text_slice(&text));
}


/* key:"value", which finds it again */

static et_slice_t
et_tag_query(et_call_t *call, et_slice_t key, et_slice_t value)
{
    size_t     i;
    et_text_t  text;

    et_text_init(&text, call->arena);
    et_text_add(&text, key);
    et_text_str(&text, ":\"");

    for (i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\'
            || value.data[i] == '*')
        {
            et_text_char(&text, '\\');
        }

        et_text_char(&text, value.data[i]);
    }

    et_text_char(&text, '"');

    return et_text_slice(&text);
}
