/*
 * Sentry's charts of events: events-stats, as Grafana and Sentry's own pages
 * have read it for long, and events-timeseries, which is to come after it.
 * Both count in buckets, of all events or of the groups that come first.
 */

#include "et_discover.h"
#include "et_route.h"
#include "et_sentry.h"
#include "et_sentry_discover.h"
#include "et_time.h"


#define ET_CHART_AXES    10
#define ET_CHART_SERIES  (ET_DISCOVER_GROUPS + 1)   /* and all others */

/* values in an answer: a period is cut into so many buckets that they do */
#define ET_CHART_VALUES  20000


typedef struct {
    et_sentry_t    sentry;
    et_discover_t  discover;
    int            axes[ET_CHART_AXES];      /* fields */
    size_t         naxes;
    int            groups[ET_DISCOVER_FIELDS];
    size_t         ngroups;
    unsigned       top:1;                    /* groups are asked for */
    unsigned       other:1;                  /* and the rest of them */

    et_value_t    *names[ET_CHART_SERIES];   /* a row of the ranking */
    size_t         nseries;
    double        *values;                   /* series, axis, bucket */
} et_chart_t;


static et_call_rc_t et_chart_run(et_call_t *call, const char *group_param,
    et_call_rc_t (*answer)(et_call_t *call, et_chart_t *chart));
static int et_chart_parse(et_call_t *call, et_chart_t *chart,
    const char *group_param);
static int et_chart_axes(et_call_t *call, et_chart_t *chart);
static int et_chart_groups(et_call_t *call, et_chart_t *chart,
    const char *group_param);
static int et_chart_buckets(et_call_t *call, et_chart_t *chart);
static void et_chart_ask(et_call_t *call, et_chart_t *chart);
static int et_chart_read(et_call_t *call, et_chart_t *chart);
static int et_chart_ranking(et_call_t *call, et_chart_t *chart,
    et_slice_t answer);
static int et_chart_series(et_call_t *call, et_chart_t *chart,
    et_slice_t answer, et_discover_part_t part);
static size_t et_chart_series_of(const et_chart_t *chart,
    const et_value_t *row);
static double *et_chart_value(const et_chart_t *chart, size_t series,
    size_t axis, size_t bucket);
static et_call_rc_t et_chart_stats(et_call_t *call, et_chart_t *chart);
static void et_chart_stats_axes(cJSON *object, const et_chart_t *chart,
    size_t series);
static void et_chart_stats_axis(cJSON *object, const et_chart_t *chart,
    size_t series, size_t axis);
static et_slice_t et_chart_name(et_call_t *call, const et_chart_t *chart,
    size_t series);
static et_call_rc_t et_chart_timeseries(et_call_t *call, et_chart_t *chart);
static cJSON *et_chart_timeseries_one(et_call_t *call,
    const et_chart_t *chart, size_t series, size_t axis);
static cJSON *et_chart_number(const et_chart_t *chart, size_t axis,
    double value);


et_call_rc_t
et_sentry_discover_stats(et_call_t *call)
{
    return et_chart_run(call, "field", et_chart_stats);
}


et_call_rc_t
et_sentry_discover_timeseries(et_call_t *call)
{
    return et_chart_run(call, "groupBy", et_chart_timeseries);
}


static et_call_rc_t
et_chart_run(et_call_t *call, const char *group_param,
    et_call_rc_t (*answer)(et_call_t *call, et_chart_t *chart))
{
    et_chart_t  *chart;

    chart = et_call_state(call, sizeof(et_chart_t));
    if (chart == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        if (!et_chart_parse(call, chart, group_param)) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0],
                                     ET_SENTRY_ORGANIZATION, &chart->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        et_chart_ask(call, chart);

        return ET_CALL_ASK;
    }

    if (!et_chart_read(call, chart)) {
        return ET_CALL_ANSWERED;
    }

    return answer(call, chart);
}


static int
et_chart_parse(et_call_t *call, et_chart_t *chart, const char *group_param)
{
    unsigned        dataset;
    uint64_t        top, no_other;
    et_slice_t      sort;
    et_discover_t  *discover;

    static const char *const  datasets[] = { "discover", "errors", NULL };

    discover = &chart->discover;
    dataset = 0;
    top = 0;
    no_other = 0;

    if (!et_call_choice(call, "dataset", datasets, &dataset)
        || !et_call_number(call, "topEvents", 0, ET_DISCOVER_GROUPS, &top)
        || !et_call_number(call, "excludeOther", 0, 1, &no_other)
        || !et_discover_parse(call, discover)
        || !et_chart_axes(call, chart))
    {
        return 0;
    }

    if (top != 0 && !et_chart_groups(call, chart, group_param)) {
        return 0;
    }

    chart->top = chart->ngroups != 0;
    chart->other = chart->top && !no_other;
    discover->limit = top;

    sort = et_params_get(&call->params, "sort");

    if (sort.len == 0) {
        sort = et_params_get(&call->params, "orderby");
    }

    return (!chart->top || et_discover_sort(call, discover, sort))
           && et_chart_buckets(call, chart)
           && et_discover_ready(call, discover);
}


static int
et_chart_axes(et_call_t *call, et_chart_t *chart)
{
    int                   n;
    size_t                i;
    et_slice_t            name;
    et_discover_field_t  *field;

    i = 0;

    while (et_params_next(&call->params, "yAxis", &i, &name)) {
        if (name.len == 0) {
            continue;
        }

        if (chart->naxes == ET_CHART_AXES) {
            et_call_fail(call, 400, "at most 10 axes can be asked for");
            return 0;
        }

        n = et_discover_field(call, &chart->discover, name);

        if (n == -1) {
            return 0;
        }

        field = &chart->discover.fields[n];

        if (field->function == NULL
            || (field->type != ET_DISCOVER_INTEGER
                && field->type != ET_DISCOVER_NUMBER))
        {
            et_call_fail(call, 400, "yAxis has to be a function that "
                         "counts, such as count()");
            return 0;
        }

        /* twice the same is once */

        if ((size_t) n == chart->naxes) {
            chart->axes[chart->naxes++] = n;
        }
    }

    if (chart->naxes == 0) {
        chart->axes[chart->naxes++] = et_discover_field(call,
                                                        &chart->discover,
                                                   et_slice("count()", 7));
    }

    return 1;
}


/* Grafana repeats the axes among the fields. */

static int
et_chart_groups(et_call_t *call, et_chart_t *chart, const char *group_param)
{
    int         n;
    size_t      i;
    et_slice_t  name;

    i = 0;

    while (et_params_next(&call->params, group_param, &i, &name)) {
        if (name.len == 0) {
            continue;
        }

        n = et_discover_field(call, &chart->discover, name);

        if (n == -1) {
            return 0;
        }

        if (chart->discover.fields[n].function == NULL
            && (size_t) n == chart->naxes + chart->ngroups)
        {
            chart->groups[chart->ngroups++] = n;

        } else if ((size_t) n >= chart->naxes + chart->ngroups) {
            et_call_fail(call, 400, "a function that is no yAxis can't be a "
                         "group");
            return 0;
        }
    }

    return 1;
}


/* "5m", or seconds; of such a width that the answer has not too many values. */

static int
et_chart_buckets(et_call_t *call, et_chart_t *chart)
{
    int64_t         step, period, max;
    uint64_t        seconds;
    et_slice_t      text;
    et_discover_t  *discover;

    discover = &chart->discover;
    text = et_params_get(&call->params, "interval");
    period = (discover->to - discover->from) / ET_SECOND;

    if (text.len == 0) {
        step = period <= 3600 ? 60
               : period <= 86400 ? 300
               : period <= 14 * 86400 ? 3600 : 86400;

    } else if (et_parse_u64(text, &seconds)) {
        step = seconds > 0 && seconds <= 366 * 86400 ? (int64_t) seconds : 0;

    } else if (et_period_parse(text, &step)) {
        step /= ET_SECOND;

    } else {
        step = 0;
    }

    if (step == 0) {
        et_call_fail(call, 400, "interval has to be a period such as 5m or "
                     "1h, or seconds");
        return 0;
    }

    max = ET_CHART_VALUES / (int64_t) (chart->naxes
                              * (chart->top ? discover->limit + 1 : 1));

    if (max > ET_DISCOVER_BUCKETS) {
        max = ET_DISCOVER_BUCKETS;
    }

    if (period / step + 2 > max) {
        step *= (period / step + 2 + max - 1) / max;
    }

    discover->step = step;
    discover->from -= discover->from % (step * ET_SECOND);
    discover->nbuckets = (size_t) ((discover->to - discover->from
                                    + step * ET_SECOND - 1)
                                   / (step * ET_SECOND));
    discover->to = discover->from + (int64_t) discover->nbuckets * step
                                    * ET_SECOND;

    return 1;
}


static void
et_chart_ask(et_call_t *call, et_chart_t *chart)
{
    et_discover_t  *discover;

    discover = &chart->discover;
    discover->projects = chart->sentry.ids;
    discover->nprojects = chart->sentry.nids;

    if (!chart->top) {
        et_discover_ask(call, discover, ET_DISCOVER_ALL, 1);
        return;
    }

    et_discover_ask(call, discover, ET_DISCOVER_ALL, 0);
    et_discover_ask(call, discover, ET_DISCOVER_TOP, 1);

    if (chart->other) {
        et_discover_ask(call, discover, ET_DISCOVER_OTHER, 1);
    }
}


static int
et_chart_read(et_call_t *call, et_chart_t *chart)
{
    chart->nseries = 1;

    if (chart->top && !et_chart_ranking(call, chart, call->answers[0])) {
        return 0;
    }

    chart->values = et_arena_zalloc(call->arena,
                                    (chart->nseries + 1) * chart->naxes
                                    * chart->discover.nbuckets
                                    * sizeof(double));
    if (chart->values == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    if (!chart->top) {
        return et_chart_series(call, chart, call->answers[0],
                               ET_DISCOVER_ALL);
    }

    return et_chart_series(call, chart, call->answers[1], ET_DISCOVER_TOP)
           && (!chart->other
               || et_chart_series(call, chart, call->answers[2],
                                  ET_DISCOVER_OTHER));
}


static int
et_chart_ranking(et_call_t *call, et_chart_t *chart, et_slice_t answer)
{
    size_t       size;
    et_result_t  result;

    chart->nseries = 0;
    size = chart->discover.nfields * sizeof(et_value_t);

    et_result_open(&result, et_discover_columns(call, &chart->discover,
                                                ET_DISCOVER_ALL, 0),
                   answer);

    while (chart->nseries < ET_DISCOVER_GROUPS && et_result_next(&result)) {
        chart->names[chart->nseries] = et_arena_alloc(call->arena, size);

        if (chart->names[chart->nseries] == NULL) {
            et_call_no_memory(call);
            return 0;
        }

        memcpy(chart->names[chart->nseries++], result.row, size);
    }

    if (result.bad) {
        et_call_unreadable(call);
        return 0;
    }

    /* the others are a series behind those with a name */

    chart->nseries += chart->other;

    return 1;
}


static int
et_chart_series(et_call_t *call, et_chart_t *chart, et_slice_t answer,
    et_discover_part_t part)
{
    size_t           i, column, series;
    int64_t          bucket;
    et_result_t      result;
    const char      *columns;
    et_discover_t   *discover;

    discover = &chart->discover;
    columns = et_discover_columns(call, discover, part, 1);

    et_result_open(&result, columns, answer);

    while (et_result_next(&result)) {
        bucket = result.row[strlen(columns) - 1].i;
        series = part == ET_DISCOVER_ALL ? 0
                 : part == ET_DISCOVER_OTHER ? chart->nseries - 1
                 : et_chart_series_of(chart, result.row);

        if (bucket < 0 || (uint64_t) bucket >= discover->nbuckets) {
            continue;
        }

        /* the axes are the first fields, whatever else is asked */

        for (i = 0; i < chart->naxes; i++) {
            column = (size_t) chart->axes[i];

            *et_chart_value(chart, series, i, (size_t) bucket) =
                discover->fields[column].type == ET_DISCOVER_INTEGER
                ? (double) result.row[column].u : result.row[column].d;
        }
    }

    if (result.bad) {
        et_call_unreadable(call);
        return 0;
    }

    return 1;
}


/* What has come since the ranking was read goes to a series nobody shows. */

static size_t
et_chart_series_of(const et_chart_t *chart, const et_value_t *row)
{
    size_t                      i, k;
    const et_value_t           *a, *b;
    const et_discover_field_t  *field;

    for (i = 0; i < chart->nseries; i++) {
        if (chart->names[i] == NULL) {
            break;
        }

        for (k = 0; k < chart->ngroups; k++) {
            field = &chart->discover.fields[chart->groups[k]];
            a = &chart->names[i][chart->groups[k]];
            b = &row[chart->groups[k]];

            if (field->type == ET_DISCOVER_STRING
                || field->type == ET_DISCOVER_ISSUE
                ? !et_slice_eq(a->s, b->s) : a->u != b->u)
            {
                break;
            }
        }

        if (k == chart->ngroups) {
            return i;
        }
    }

    return chart->nseries;
}


static double *
et_chart_value(const et_chart_t *chart, size_t series, size_t axis,
    size_t bucket)
{
    return chart->values + (series * chart->naxes + axis)
                           * chart->discover.nbuckets + bucket;
}


/* {"data": ...} of one axis, {"count()": {"data": ...}, ...} of several; of
 * groups the same under the name of each. */

static et_call_rc_t
et_chart_stats(et_call_t *call, et_chart_t *chart)
{
    cJSON   *root, *group;
    size_t   i;

    root = cJSON_CreateObject();

    if (!chart->top) {
        et_chart_stats_axes(root, chart, 0);
        return et_call_json(call, 200, root);
    }

    for (i = 0; i < chart->nseries; i++) {
        group = cJSON_CreateObject();

        et_chart_stats_axes(group, chart, i);

        if (chart->naxes != 1) {
            et_out_u64(group, "order", i);
        }

        et_out_named(root, et_chart_name(call, chart, i), group);
    }

    return et_call_json(call, 200, root);
}


static void
et_chart_stats_axes(cJSON *object, const et_chart_t *chart, size_t series)
{
    size_t   i;
    cJSON   *axis;

    if (chart->naxes == 1) {
        et_chart_stats_axis(object, chart, series, 0);

        if (chart->top) {
            et_out_u64(object, "order", series);
        }

        return;
    }

    for (i = 0; i < chart->naxes; i++) {
        axis = cJSON_CreateObject();

        et_chart_stats_axis(axis, chart, series, i);
        et_out_u64(axis, "order", i);

        et_out_named(object, chart->discover.fields[chart->axes[i]].name,
                     axis);
    }
}


static void
et_chart_stats_axis(cJSON *object, const et_chart_t *chart, size_t series,
    size_t axis)
{
    size_t                      i;
    cJSON                      *data, *pair, *counts, *count, *meta;
    const et_discover_t        *discover;
    const et_discover_field_t  *field;

    discover = &chart->discover;
    field = &discover->fields[chart->axes[axis]];

    data = et_out_array(object, "data");

    for (i = 0; i < discover->nbuckets; i++) {
        pair = cJSON_CreateArray();
        counts = cJSON_CreateArray();
        count = cJSON_CreateObject();

        et_out_item(count, "count",
                    et_chart_number(chart, axis,
                                    *et_chart_value(chart, series, axis, i)));
        cJSON_AddItemToArray(counts, count);
        cJSON_AddItemToArray(pair,
            et_new_u64((uint64_t) (discover->from / ET_SECOND
                                   + (int64_t) i * discover->step)));
        cJSON_AddItemToArray(pair, counts);
        cJSON_AddItemToArray(data, pair);
    }

    et_out_u64(object, "start", (uint64_t) (discover->from / ET_SECOND));
    et_out_u64(object, "end", (uint64_t) (discover->to / ET_SECOND));
    et_out_bool(object, "isMetricsData", 0);

    meta = et_out_object(object, "meta");
    et_out_named(et_out_object(meta, "fields"), field->name,
                 cJSON_CreateStringReference(et_discover_type(field)));
    et_out_text(meta, "dataset", "errors");
}


/* The values of a group's fields, as Sentry joins them. */

static et_slice_t
et_chart_name(et_call_t *call, const et_chart_t *chart, size_t series)
{
    size_t      i;
    cJSON      *item;
    et_text_t   text;

    if (chart->names[series] == NULL) {
        return et_slice("Other", 5);
    }

    et_text_init(&text, call->arena);

    for (i = 0; i < chart->ngroups; i++) {
        if (i != 0) {
            et_text_char(&text, ',');
        }

        item = et_discover_value(call,
                                 &chart->discover.fields[chart->groups[i]],
                                 &chart->names[series][chart->groups[i]],
                                 &chart->sentry.projects);

        if (item != NULL && item->valuestring != NULL) {
            et_text_str(&text, item->valuestring);
        }
    }

    call->failed |= et_text_slice(&text).data == NULL;

    return et_text_slice(&text);
}


/* Times are of milliseconds here. */

static et_call_rc_t
et_chart_timeseries(et_call_t *call, et_chart_t *chart)
{
    cJSON   *root, *part, *list;
    size_t   i, k;

    root = cJSON_CreateObject();
    part = et_out_object(root, "meta");

    et_out_text(part, "dataset", "errors");
    et_out_u64(part, "start", (uint64_t) chart->discover.from / 1000);
    et_out_u64(part, "end", (uint64_t) chart->discover.to / 1000);

    list = et_out_array(root, "timeSeries");

    for (i = 0; i < chart->nseries; i++) {
        for (k = 0; k < chart->naxes; k++) {
            cJSON_AddItemToArray(list, et_chart_timeseries_one(call, chart,
                                                               i, k));
        }
    }

    return et_call_json(call, 200, root);
}


static cJSON *
et_chart_timeseries_one(et_call_t *call, const et_chart_t *chart,
    size_t series, size_t axis)
{
    cJSON                      *root, *list, *item;
    size_t                      i;
    int64_t                     at;
    const et_discover_t        *discover;
    const et_discover_field_t  *field;

    discover = &chart->discover;
    field = &discover->fields[chart->axes[axis]];

    root = cJSON_CreateObject();
    et_out_str(root, "yAxis", field->name);

    if (chart->top && chart->names[series] != NULL) {
        list = et_out_array(root, "groupBy");

        for (i = 0; i < chart->ngroups; i++) {
            item = cJSON_CreateObject();

            et_out_str(item, "key",
                       discover->fields[chart->groups[i]].name);
            et_out_item(item, "value",
                et_discover_value(call,
                                  &discover->fields[chart->groups[i]],
                                  &chart->names[series][chart->groups[i]],
                                  &chart->sentry.projects));
            cJSON_AddItemToArray(list, item);
        }

    } else {
        et_out_null(root, "groupBy");
    }

    list = et_out_array(root, "values");

    for (i = 0; i < discover->nbuckets; i++) {
        item = cJSON_CreateObject();
        at = discover->from + (int64_t) i * discover->step * ET_SECOND;

        et_out_u64(item, "timestamp", (uint64_t) at / 1000);
        et_out_item(item, "value",
                    et_chart_number(chart, axis,
                                    *et_chart_value(chart, series, axis, i)));
        et_out_bool(item, "incomplete",
                    at + discover->step * ET_SECOND > call->now);
        cJSON_AddItemToArray(list, item);
    }

    item = et_out_object(root, "meta");
    et_out_text(item, "valueType", et_discover_type(field));
    et_out_null(item, "valueUnit");
    et_out_u64(item, "interval", (uint64_t) discover->step * 1000);
    et_out_u64(item, "order", series);
    et_out_bool(item, "isOther", chart->top && chart->names[series] == NULL);

    return root;
}


static cJSON *
et_chart_number(const et_chart_t *chart, size_t axis, double value)
{
    return chart->discover.fields[chart->axes[axis]].type
           == ET_DISCOVER_INTEGER ? et_new_u64((uint64_t) value)
                                  : cJSON_CreateNumber(value);
}
