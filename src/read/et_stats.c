/*
 * What became of what was sent, over time.
 */

#include "et_out.h"
#include "et_stats.h"
#include "et_time.h"


#define ET_STATS_BUCKETS  1000
#define ET_STATS_GROUPS   1000

#define ET_SQL_STATS                                                          \
    "SELECT toInt64(intDiv(toUnixTimestamp(minute) - {from:Int64}, "          \
    "{step:Int64})) AS bucket, "                                              \
    "if({by_project:UInt8} = 1, project_id, 0) AS project, "                  \
    "if({by_outcome:UInt8} = 1, toString(outcome), '') AS by_outcome, "       \
    "if({by_category:UInt8} = 1, toString(category), '') AS by_category, "    \
    "if({by_reason:UInt8} = 1, toString(reason), '') AS by_reason, "          \
    "sum(outcomes.n) FROM outcomes WHERE ({all:UInt8} = 1 "                   \
    "OR project_id IN {projects:Array(UInt64)}) "                             \
    "AND minute >= toDateTime({from:Int64}, 'UTC') "                          \
    "AND minute < toDateTime({to:Int64}, 'UTC') "                             \
    "AND ({category:String} = '' OR category = {category:String}) "           \
    "AND ({outcome:String} = '' OR outcome = {outcome:String}) "              \
    "AND ({reason:String} = '' OR reason = {reason:String}) "                 \
    "GROUP BY bucket, project, by_outcome, by_category, by_reason "           \
    "ORDER BY project, by_outcome, by_category, by_reason, bucket"

#define ET_SQL_STATS_COLUMNS  "qQsssQ"


static int et_stats_time(et_call_t *call, const char *name, int64_t *us);
static int et_stats_group_by(et_call_t *call, et_stats_filter_t *filter);
static cJSON *et_stats_group(const et_stats_filter_t *filter,
    const et_value_t *row, const uint64_t *counts);
static void et_stats_seconds(cJSON *object, const char *name,
    int64_t seconds);


int
et_stats_parse(et_call_t *call, et_stats_filter_t *filter)
{
    int64_t  start, end, period, step;

    start = 0;
    end = call->now;
    period = 86400 * ET_SECOND;
    step = 3600 * ET_SECOND;

    if (!et_stats_time(call, "start", &start)
        || !et_stats_time(call, "end", &end)
        || !et_call_period(call, "statsPeriod", &period)
        || !et_call_period(call, "interval", &step)
        || !et_stats_group_by(call, filter))
    {
        return 0;
    }

    if (start == 0) {
        start = end - period;
    }

    if (step < 60 * ET_SECOND) {
        et_call_fail(call, 400, "interval has to be 1m or more");
        return 0;
    }

    if (start < 0 || start >= end || (end - start) / step > ET_STATS_BUCKETS)
    {
        et_call_fail(call, 400, "the period has to be longer than nothing, "
                     "and at the most 1000 intervals");
        return 0;
    }

    step /= ET_SECOND;
    start /= ET_SECOND;
    end = (end + ET_SECOND - 1) / ET_SECOND;

    filter->step = step;
    filter->from = start - start % step;
    filter->n = (size_t) ((end - filter->from + step - 1) / step);

    filter->category = et_params_get(&call->params, "category");
    filter->outcome = et_params_get(&call->params, "outcome");
    filter->reason = et_params_get(&call->params, "reason");

    return 1;
}


static int
et_stats_time(et_call_t *call, const char *name, int64_t *us)
{
    et_slice_t  text;

    text = et_params_get(&call->params, name);

    if (text.len == 0 || et_time_parse(text, us)) {
        return 1;
    }

    et_call_fail(call, 400, "start and end have to be times such as "
                 "2024-02-29T12:00:00");

    return 0;
}


static int
et_stats_group_by(et_call_t *call, et_stats_filter_t *filter)
{
    size_t      i;
    et_slice_t  name;

    i = 0;

    while (et_params_next(&call->params, "groupBy", &i, &name)) {

        if (et_slice_eq(name, et_slice("project", 7))) {
            filter->by_project = 1;

        } else if (et_slice_eq(name, et_slice("outcome", 7))) {
            filter->by_outcome = 1;

        } else if (et_slice_eq(name, et_slice("category", 8))) {
            filter->by_category = 1;

        } else if (et_slice_eq(name, et_slice("reason", 6))) {
            filter->by_reason = 1;

        } else if (name.len != 0) {
            et_call_fail(call, 400, "groupBy has to be one of project, "
                         "outcome, category, reason");
            return 0;
        }
    }

    return 1;
}


void
et_stats_ask(et_call_t *call, const et_stats_filter_t *filter)
{
    et_sql_t    *query;
    et_slice_t   none;

    query = et_call_query(call, ET_SQL_STATS_COLUMNS);
    none = et_slice("", 0);

    et_sql_add(query, ET_SQL_STATS);

    et_sql_u64(query, "all", filter->projects == NULL);
    et_sql_u64s(query, "projects", filter->projects, filter->nprojects);
    et_sql_i64(query, "from", filter->from);
    et_sql_i64(query, "to", filter->from
                            + (int64_t) filter->n * filter->step);
    et_sql_i64(query, "step", filter->step);
    et_sql_str(query, "category", filter->category.len ? filter->category
                                                       : none);
    et_sql_str(query, "outcome", filter->outcome.len ? filter->outcome
                                                     : none);
    et_sql_str(query, "reason", filter->reason.len ? filter->reason : none);
    et_sql_u64(query, "by_project", filter->by_project);
    et_sql_u64(query, "by_outcome", filter->by_outcome);
    et_sql_u64(query, "by_category", filter->by_category);
    et_sql_u64(query, "by_reason", filter->by_reason);
}


et_call_rc_t
et_stats_answer(et_call_t *call, et_slice_t answer,
    const et_stats_filter_t *filter, const char *intervals,
    const char *groups)
{
    cJSON        *root, *list;
    size_t        i, n;
    uint64_t     *counts;
    et_value_t    group[5];
    et_result_t   result;

    counts = et_arena_zalloc(call->arena, filter->n * sizeof(uint64_t));
    if (counts == NULL) {
        return et_call_no_memory(call);
    }

    root = cJSON_CreateObject();

    et_stats_seconds(root, "start", filter->from);
    et_stats_seconds(root, "end", filter->from
                                  + (int64_t) filter->n * filter->step);

    list = et_out_array(root, intervals);

    for (i = 0; i < filter->n; i++) {
        char  text[ET_OUT_TIME];

        et_time_print((filter->from + (int64_t) i * filter->step) * ET_SECOND,
                      text);
        memcpy(text + 19, "Z", 2);
        cJSON_AddItemToArray(list, cJSON_CreateString(text));
    }

    list = et_out_array(root, groups);

    et_result_open(&result, ET_SQL_STATS_COLUMNS, answer);

    /* rows of a group follow one another */

    n = 0;

    while (et_result_next(&result)) {

        if (n == 0
            || group[1].u != result.row[1].u
            || !et_slice_eq(group[2].s, result.row[2].s)
            || !et_slice_eq(group[3].s, result.row[3].s)
            || !et_slice_eq(group[4].s, result.row[4].s))
        {
            if (n == ET_STATS_GROUPS) {
                break;
            }

            if (n++ != 0) {
                cJSON_AddItemToArray(list,
                                     et_stats_group(filter, group, counts));
                memset(counts, 0, filter->n * sizeof(uint64_t));
            }

            memcpy(group, result.row, sizeof(group));
        }

        if (result.row[0].i >= 0 && (uint64_t) result.row[0].i < filter->n) {
            counts[result.row[0].i] += result.row[5].u;
        }
    }

    if (result.bad) {
        return et_call_unreadable(call);
    }

    if (n != 0) {
        cJSON_AddItemToArray(list, et_stats_group(filter, group, counts));
    }

    return et_call_json(call, 200, root);
}


static cJSON *
et_stats_group(const et_stats_filter_t *filter, const et_value_t *row,
    const uint64_t *counts)
{
    cJSON     *item, *part;
    size_t     i;
    uint64_t   total;

    item = cJSON_CreateObject();
    part = et_out_object(item, "by");

    if (filter->by_project) {
        et_out_u64(part, "project", row[1].u);
    }

    if (filter->by_outcome) {
        et_out_str(part, "outcome", row[2].s);
    }

    if (filter->by_category) {
        et_out_str(part, "category", row[3].s);
    }

    if (filter->by_reason) {
        et_out_str(part, "reason", row[4].s);
    }

    total = 0;

    for (i = 0; i < filter->n; i++) {
        total += counts[i];
    }

    part = et_out_object(item, "totals");
    et_out_u64(part, "sum(quantity)", total);

    part = et_out_object(item, "series");
    part = et_out_array(part, "sum(quantity)");

    for (i = 0; i < filter->n; i++) {
        cJSON_AddItemToArray(part, et_new_u64(counts[i]));
    }

    return item;
}


/* Without a fraction, as Sentry has it. */

static void
et_stats_seconds(cJSON *object, const char *name, int64_t seconds)
{
    char  text[ET_OUT_TIME];

    et_time_print(seconds * ET_SECOND, text);
    memcpy(text + 19, "Z", 2);

    et_out_item(object, name, cJSON_CreateString(text));
}
