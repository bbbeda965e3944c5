/*
 * Monitored jobs.  A check-in that did not come is none of the table: it is
 * made of the one before, which said when the next was due.
 */

#include "et_lists.h"
#include "et_offset.h"
#include "et_route.h"
#include "et_sentry.h"
#include "et_sentry_monitors.h"


#define ET_MONITORS_PAGE      100
#define ET_MONITOR_CHECK_INS  100

#define ET_SQL_MONITORS                                                       \
    "SELECT project_id, toString(monitor_slug) AS slug, "                     \
    "toString(environment) AS env, toUInt64(check_ins), last_check_in, "      \
    "last_status, last_duration, schedule_type, schedule, schedule_unit, "    \
    "timezone, toUInt64(margin), toUInt64(max_runtime), "                     \
    "toDateTime64(expected, 6, 'UTC'), toUInt8(missed), first_check_in "      \
    "FROM monitors LEFT JOIN (SELECT project_id, monitor_slug, environment, " \
    "min(check_ins.started) AS first_check_in FROM check_ins "                \
    "WHERE project_id IN {projects:Array(UInt64)} "                           \
    "GROUP BY project_id, monitor_slug, environment) AS f "                   \
    "USING (project_id, monitor_slug, environment) "                          \
    "WHERE project_id IN {projects:Array(UInt64)}"
#define ET_SQL_MONITORS_SLUG  " AND monitor_slug = {slug:String}"
#define ET_SQL_MONITORS_ENVIRONMENTS                                          \
    " AND environment IN {environments:Array(String)}"
#define ET_SQL_MONITORS_END                                                   \
    " ORDER BY project_id, slug, env LIMIT 10000"

#define ET_SQL_MONITORS_COLUMNS  "QssQtsdssssQQtCt"

#define ET_SQL_CHECK_IN_DUE                                                   \
    "expected + toIntervalMinute(if(margin = 0, 1, margin))"

#define ET_SQL_CHECK_INS_OF                                                   \
    "WITH c AS (SELECT check_in_id, toString(environment) AS env, started, "  \
    "last, status, duration, margin, toDateTime64(expected, 6, 'UTC') AS "    \
    "expected, leadInFrame(started) OVER w AS after, "                        \
    "lagInFrame(toDateTime64(expected, 6, 'UTC')) OVER w AS before, "         \
    "release, trace_id FROM check_ins_list "                                  \
    "WHERE project_id IN {projects:Array(UInt64)} "                           \
    "AND monitor_slug = {slug:String}"
#define ET_SQL_CHECK_INS                                                      \
    " WINDOW w AS (PARTITION BY environment ORDER BY started "                \
    "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) "             \
    "SELECT id, env, what, at, changed, took, due, release, trace FROM ("     \
    "SELECT replaceAll(toString(check_in_id), '-', '') AS id, env, "          \
    "status AS what, started AS at, last AS changed, duration AS took, "      \
    "before AS due, release, trace_id AS trace FROM c UNION ALL "             \
    "SELECT lower(hex(sipHash128(check_in_id, 'missed'))), env, 'missed', "   \
    "expected, expected, 0., expected, '', '' FROM c "                        \
    "WHERE expected > toDateTime64(0, 6, 'UTC') AND " ET_SQL_CHECK_IN_DUE     \
    " < if(after > toDateTime64(0, 6, 'UTC'), after, now64(6, 'UTC'))) "      \
    "WHERE at >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') "              \
    "ORDER BY at DESC, id LIMIT {limit:UInt64} OFFSET {offset:UInt64}"

#define ET_SQL_CHECK_INS_COLUMNS  "sssttdtss"


typedef struct {
    et_sentry_t        sentry;
    et_slice_t         slug;
    const et_slice_t  *environments;
    size_t             nenvironments;
    int64_t            from;
    uint64_t           limit;
    uint64_t           offset;
} et_monitors_t;


static et_call_rc_t et_monitor_of(et_call_t *call, et_sentry_place_t place,
    int check_ins);
static void et_monitors_ask(et_call_t *call, const et_monitors_t *monitors);
static cJSON *et_monitors_list(const et_monitors_t *monitors,
    et_slice_t answer, uint64_t offset, int *bad, uint64_t *found);
static cJSON *et_monitor_json(const et_monitors_t *monitors,
    const et_value_t *row);
static void et_monitor_config(cJSON *monitor, const et_value_t *row);
static void et_monitor_crontab(cJSON *config, const et_value_t *row);
static cJSON *et_monitor_environment(const et_value_t *row);
static void et_check_ins_ask(et_call_t *call, const et_monitors_t *monitors);
static et_call_rc_t et_check_ins_answer(et_call_t *call,
    const et_monitors_t *monitors);
static cJSON *et_check_in_json(const et_value_t *row);


/* GET organizations/{o}/monitors/ */

et_call_rc_t
et_sentry_monitors(et_call_t *call)
{
    int             bad;
    cJSON          *list;
    uint64_t        found;
    et_monitors_t  *monitors;

    monitors = et_call_state(call, sizeof(et_monitors_t));
    if (monitors == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        monitors->limit = ET_MONITORS_PAGE;

        if (!et_call_texts(call, "environment", &monitors->environments,
                           &monitors->nenvironments)
            || !et_call_offset(call, ET_MONITORS_PAGE, &monitors->limit,
                               &monitors->offset))
        {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0],
                                     ET_SENTRY_ORGANIZATION,
                                     &monitors->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        et_monitors_ask(call, monitors);

        return ET_CALL_ASK;
    }

    list = et_monitors_list(monitors, call->answers[0], monitors->offset,
                            &bad, &found);

    if (bad) {
        return et_call_unreadable(call);
    }

    et_call_link_offset(call, monitors->limit, monitors->offset,
                        found > monitors->offset + monitors->limit);

    return et_call_json(call, 200, list);
}


et_call_rc_t
et_sentry_monitor(et_call_t *call)
{
    return et_monitor_of(call, ET_SENTRY_ORGANIZATION, 0);
}


et_call_rc_t
et_sentry_check_ins(et_call_t *call)
{
    return et_monitor_of(call, ET_SENTRY_ORGANIZATION, 1);
}


et_call_rc_t
et_sentry_project_monitor(et_call_t *call)
{
    return et_monitor_of(call, ET_SENTRY_PROJECT, 0);
}


et_call_rc_t
et_sentry_project_check_ins(et_call_t *call)
{
    return et_monitor_of(call, ET_SENTRY_PROJECT, 1);
}


/* One that was never seen has neither details nor check-ins. */

static et_call_rc_t
et_monitor_of(et_call_t *call, et_sentry_place_t place, int check_ins)
{
    int             bad;
    cJSON          *list;
    int64_t         to;
    uint64_t        found;
    et_monitors_t  *monitors;

    monitors = et_call_state(call, sizeof(et_monitors_t));
    if (monitors == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        monitors->limit = ET_MONITOR_CHECK_INS;
        monitors->slug = call->segments[call->nsegments - 1];

        if (!et_call_texts(call, "environment", &monitors->environments,
                           &monitors->nenvironments)
            || !et_call_offset(call, ET_MONITOR_CHECK_INS, &monitors->limit,
                               &monitors->offset)
            || ((et_params_get(&call->params, "start").len != 0
                 || et_params_get(&call->params, "statsPeriod").len != 0)
                && !et_call_times(call, &monitors->from, &to)))
        {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0], place,
                                     &monitors->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        et_monitors_ask(call, monitors);

        if (check_ins) {
            et_check_ins_ask(call, monitors);
        }

        return ET_CALL_ASK;
    }

    list = et_monitors_list(monitors, call->answers[0], 0, &bad, &found);

    if (bad) {
        return et_call_unreadable(call);
    }

    if (list != NULL && list->child == NULL) {
        return et_call_fail(call, 404, "no such monitor");
    }

    return check_ins ? et_check_ins_answer(call, monitors)
                     : et_call_json(call, 200,
                                    list == NULL ? NULL : list->child);
}


static void
et_monitors_ask(et_call_t *call, const et_monitors_t *monitors)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_MONITORS_COLUMNS);

    et_sql_add(query, ET_SQL_MONITORS);
    et_sql_u64s(query, "projects", monitors->sentry.ids,
                monitors->sentry.nids);

    if (monitors->slug.len != 0) {
        et_sql_add(query, ET_SQL_MONITORS_SLUG);
        et_sql_str(query, "slug", monitors->slug);
    }

    if (monitors->nenvironments != 0) {
        et_sql_add(query, ET_SQL_MONITORS_ENVIRONMENTS);
        et_sql_strs(query, "environments", monitors->environments,
                    monitors->nenvironments);
    }

    et_sql_add(query, ET_SQL_MONITORS_END);
}


/* Environments of a monitor follow one another. */

static cJSON *
et_monitors_list(const et_monitors_t *monitors, et_slice_t answer,
    uint64_t offset, int *bad, uint64_t *found)
{
    cJSON        *list, *item, *environments;
    uint64_t      project;
    et_slice_t    slug;
    et_result_t   result;

    list = cJSON_CreateArray();
    environments = NULL;
    slug = et_slice(NULL, 0);
    project = 0;
    *found = 0;

    et_result_open(&result, ET_SQL_MONITORS_COLUMNS, answer);

    while (et_result_next(&result)) {

        if (slug.data == NULL || project != result.row[0].u
            || !et_slice_eq(slug, result.row[1].s))
        {
            project = result.row[0].u;
            slug = result.row[1].s;
            environments = NULL;

            if (++*found > offset && *found <= offset + monitors->limit)
            {
                item = et_monitor_json(monitors, result.row);
                environments = et_out_array(item, "environments");
                cJSON_AddItemToArray(list, item);
            }
        }

        if (environments != NULL) {
            cJSON_AddItemToArray(environments,
                                 et_monitor_environment(result.row));
        }
    }

    *bad = result.bad;

    return list;
}


static cJSON *
et_monitor_json(const et_monitors_t *monitors, const et_value_t *row)
{
    cJSON         *item;
    et_project_t  *project;

    project = et_project_find(&monitors->sentry.projects, row[0].u);
    item = cJSON_CreateObject();

    /* a monitor has no number of its own */

    et_out_str(item, "id", row[1].s);
    et_out_str(item, "slug", row[1].s);
    et_out_str(item, "name", row[1].s);
    et_out_text(item, "type", "cron_job");
    et_out_text(item, "status", "active");
    et_out_bool(item, "isMuted", 0);
    et_out_time(item, "dateCreated", row[15].i);
    et_monitor_config(item, row);

    if (project != NULL) {
        et_out_project(et_out_object(item, "project"), project);
    }

    return item;
}


static void
et_monitor_config(cJSON *monitor, const et_value_t *row)
{
    cJSON  *config;

    config = et_out_object(monitor, "config");

    if (row[7].s.len == 0) {
        et_out_null(config, "schedule_type");
        et_out_null(config, "schedule");

    } else {
        et_out_str(config, "schedule_type", row[7].s);
        et_monitor_crontab(config, row);
    }

    if (row[11].u == 0) {
        et_out_null(config, "checkin_margin");

    } else {
        et_out_u64(config, "checkin_margin", row[11].u);
    }

    if (row[12].u == 0) {
        et_out_null(config, "max_runtime");

    } else {
        et_out_u64(config, "max_runtime", row[12].u);
    }

    et_out_str(config, "timezone", row[10].s.len != 0 ? row[10].s
                                                      : et_slice("UTC", 3));
}


/* A crontab is a text, an interval a number and a unit. */

static void
et_monitor_crontab(cJSON *config, const et_value_t *row)
{
    cJSON     *list;
    uint64_t   n;

    if (!et_slice_eq(row[7].s, et_slice("interval", 8))
        || !et_parse_u64(row[8].s, &n))
    {
        et_out_str(config, "schedule", row[8].s);
        return;
    }

    list = et_out_array(config, "schedule");
    cJSON_AddItemToArray(list, et_new_u64(n));
    cJSON_AddItemToArray(list, et_new_str(row[9].s));
}


static cJSON *
et_monitor_environment(const et_value_t *row)
{
    cJSON    *item;
    int64_t   due;

    item = cJSON_CreateObject();

    et_out_str(item, "name", row[2].s);

    if (row[14].u) {
        et_out_text(item, "status", "missed");

    } else {
        et_out_str(item, "status", row[5].s);
    }

    et_out_bool(item, "isMuted", 0);
    et_out_u64(item, "checkIns", row[3].u);
    et_out_time(item, "dateCreated", row[15].i);
    et_out_time(item, "lastCheckIn", row[4].i);
    et_out_time(item, "nextCheckIn", row[13].i);

    due = row[13].i == 0 ? 0
          : row[13].i + INT64_C(60000000)
                        * (int64_t) (row[11].u != 0 ? row[11].u : 1);
    et_out_time(item, "nextCheckInLatest", due);

    return item;
}


static void
et_check_ins_ask(et_call_t *call, const et_monitors_t *monitors)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_CHECK_INS_COLUMNS);

    et_sql_add(query, ET_SQL_CHECK_INS_OF);
    et_sql_u64s(query, "projects", monitors->sentry.ids,
                monitors->sentry.nids);
    et_sql_str(query, "slug", monitors->slug);
    et_sql_i64(query, "from", monitors->from);
    et_sql_u64(query, "limit", monitors->limit + 1);
    et_sql_u64(query, "offset", monitors->offset);

    if (monitors->nenvironments != 0) {
        et_sql_add(query, ET_SQL_MONITORS_ENVIRONMENTS);
        et_sql_strs(query, "environments", monitors->environments,
                    monitors->nenvironments);
    }

    et_sql_add(query, ET_SQL_CHECK_INS);
}


static et_call_rc_t
et_check_ins_answer(et_call_t *call, const et_monitors_t *monitors)
{
    cJSON        *list;
    uint64_t      n;
    et_result_t   result;

    list = cJSON_CreateArray();
    n = 0;

    et_result_open(&result, ET_SQL_CHECK_INS_COLUMNS, call->answers[1]);

    while (et_result_next(&result) && ++n <= monitors->limit) {
        cJSON_AddItemToArray(list, et_check_in_json(result.row));
    }

    if (result.bad) {
        return et_call_unreadable(call);
    }

    et_call_link_offset(call, monitors->limit, monitors->offset,
                        n > monitors->limit);

    return et_call_json(call, 200, list);
}


static cJSON *
et_check_in_json(const et_value_t *row)
{
    cJSON  *item;

    item = cJSON_CreateObject();

    et_out_str(item, "id", row[0].s);
    et_out_str(item, "environment", row[1].s);
    et_out_str(item, "status", row[2].s);
    et_out_time(item, "dateCreated", row[3].i);
    et_out_time(item, "dateUpdated", row[4].i);

    if (row[5].d > 0) {
        et_out_item(item, "duration", cJSON_CreateNumber(row[5].d * 1000));

    } else {
        et_out_null(item, "duration");
    }

    et_out_time(item, "expectedTime", row[6].i);
    et_out_str(item, "release", row[7].s);
    et_out_str(item, "traceId", row[8].s);

    return item;
}
