/*
 * What became of what was sent, over time.
 */

#include "et_lists.h"
#include "et_out.h"
#include "et_stats.h"
#include "et_time.h"


#define ET_STATS_BUCKETS  1000
#define ET_STATS_GROUPS   1000
#define ET_STATS_HOUR     3600

#define ET_STATS_QUANTITY    "sum(quantity)"
#define ET_STATS_TIMES_SEEN  "sum(times_seen)"

#define ET_SQL_STATS(table, time)                                             \
    "SELECT toInt64(intDiv(toUnixTimestamp(" time ") - {from:Int64}, "        \
    "{step:Int64})) AS bucket, "                                              \
    "if({by_project:UInt8} = 1, project_id, 0) AS project, "                  \
    "if({by_outcome:UInt8} = 1, toString(outcome), '') AS by_outcome, "       \
    "if({by_category:UInt8} = 1, toString(category), '') AS by_category, "    \
    "if({by_reason:UInt8} = 1, toString(reason), '') AS by_reason, "          \
    "sum(" table ".n) FROM " table " WHERE ({all:UInt8} = 1 "                 \
    "OR project_id IN {projects:Array(UInt64)}) "                             \
    "AND " time " >= toDateTime({from:Int64}, 'UTC') "                        \
    "AND " time " < toDateTime({to:Int64}, 'UTC') "                           \
    "AND (empty({categories:Array(String)}) "                                 \
    "OR category IN {categories:Array(String)}) "                             \
    "AND (empty({outcomes:Array(String)}) "                                   \
    "OR outcome IN {outcomes:Array(String)}) "                                \
    "AND (empty({reasons:Array(String)}) "                                    \
    "OR reason IN {reasons:Array(String)}) "                                  \
    "GROUP BY bucket, project, by_outcome, by_category, by_reason "           \
    "ORDER BY project, by_outcome, by_category, by_reason, bucket"

#define ET_SQL_STATS_MINUTES  ET_SQL_STATS("outcomes", "minute")
#define ET_SQL_STATS_HOURS    ET_SQL_STATS("outcomes_by_hour", "hour")

#define ET_SQL_STATS_COLUMNS  "qQsssQ"


static int et_stats_field(et_call_t *call, et_stats_filter_t *filter);
static int et_stats_group_by(et_call_t *call, et_stats_filter_t *filter);
static cJSON *et_stats_group(const et_stats_filter_t *filter,
    const et_value_t *row, const uint64_t *counts);
static void et_stats_series(cJSON *list, const et_stats_filter_t *filter,
    const uint64_t *counts);
static void et_stats_seconds(cJSON *object, const char *name,
    int64_t seconds);


int
et_stats_parse(et_call_t *call, et_stats_filter_t *filter)
{
    int64_t  start, end, step;

    step = ET_STATS_HOUR * ET_SECOND;

    if (!et_call_times(call, &start, &end)
        || !et_call_period(call, "interval", &step)
        || !et_call_texts(call, "category", &filter->categories,
                          &filter->ncategories)
        || !et_call_texts(call, "outcome", &filter->outcomes,
                          &filter->noutcomes)
        || !et_call_texts(call, "reason", &filter->reasons,
                          &filter->nreasons)
        || !et_stats_field(call, filter)
        || !et_stats_group_by(call, filter))
    {
        return 0;
    }

    if (step < 60 * ET_SECOND) {
        et_call_fail(call, 400, "interval has to be 1m or more");
        return 0;
    }

    if ((end - start) / step > ET_STATS_BUCKETS) {
        et_call_fail(call, 400, "the period has to be at the most 1000 "
                     "intervals");
        return 0;
    }

    step /= ET_SECOND;
    start /= ET_SECOND;
    end = (end + ET_SECOND - 1) / ET_SECOND;

    filter->step = step;
    filter->from = start - start % step;
    filter->n = (size_t) ((end - filter->from + step - 1) / step);

    return 1;
}


/* Whatever is counted is one, so both sums are the same. */

static int
et_stats_field(et_call_t *call, et_stats_filter_t *filter)
{
    size_t      i;
    et_slice_t  name;

    i = 0;

    while (et_params_next(&call->params, "field", &i, &name)) {

        if (et_slice_eq(name, et_slice("sum(quantity)", 13))) {
            filter->quantity = 1;

        } else if (et_slice_eq(name, et_slice("sum(times_seen)", 15))) {
            filter->times_seen = 1;

        } else if (name.len != 0) {
            et_call_fail(call, 400, "field has to be one of sum(quantity), "
                         "sum(times_seen)");
            return 0;
        }
    }

    if (!filter->times_seen) {
        filter->quantity = 1;
    }

    return 1;
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
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_STATS_COLUMNS);

    /* the first interval begins at a multiple of it, of an hour then, too */

    et_sql_add(query, filter->step % ET_STATS_HOUR == 0
                      ? ET_SQL_STATS_HOURS : ET_SQL_STATS_MINUTES);

    et_sql_u64(query, "all", filter->projects == NULL);
    et_sql_u64s(query, "projects", filter->projects, filter->nprojects);
    et_sql_i64(query, "from", filter->from);
    et_sql_i64(query, "to", filter->from
                            + (int64_t) filter->n * filter->step);
    et_sql_i64(query, "step", filter->step);
    et_sql_strs(query, "categories", filter->categories,
                filter->ncategories);
    et_sql_strs(query, "outcomes", filter->outcomes, filter->noutcomes);
    et_sql_strs(query, "reasons", filter->reasons, filter->nreasons);
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

    if (filter->quantity) {
        et_out_u64(part, ET_STATS_QUANTITY, total);
    }

    if (filter->times_seen) {
        et_out_u64(part, ET_STATS_TIMES_SEEN, total);
    }

    part = et_out_object(item, "series");

    if (filter->quantity) {
        et_stats_series(et_out_array(part, ET_STATS_QUANTITY), filter,
                        counts);
    }

    if (filter->times_seen) {
        et_stats_series(et_out_array(part, ET_STATS_TIMES_SEEN), filter,
                        counts);
    }

    return item;
}


static void
et_stats_series(cJSON *list, const et_stats_filter_t *filter,
    const uint64_t *counts)
{
    size_t  i;

    for (i = 0; i < filter->n; i++) {
        cJSON_AddItemToArray(list, et_new_u64(counts[i]));
    }
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
