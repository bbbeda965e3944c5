/*
 * Release health.  First the totals of all groups are read; then, of those
 * that are shown, what there was in each interval.
 *
 * The status of sessions is no column: one that has crashed is errored, too.
 * It is made here, of sums.
 */

#include <math.h>

#include "et_lists.h"
#include "et_offset.h"
#include "et_search_sql.h"
#include "et_sentry.h"
#include "et_sentry_sessions.h"
#include "et_time.h"


#define ET_SESSIONS_BUCKETS  1000
#define ET_SESSIONS_VALUES   20000  /* in an answer */
#define ET_SESSIONS_GROUPS   1000
#define ET_SESSIONS_PAGE     100
#define ET_SESSIONS_FIELDS   16

#define ET_SESSION_STATUSES  4

#define ET_SQL_SESSIONS_KEY                                                   \
    "if({by_project:UInt8} = 1, project_id, toUInt64(0)) AS p, "              \
    "if({by_release:UInt8} = 1, toString(release), '') AS r, "                \
    "if({by_environment:UInt8} = 1, toString(environment), '') AS e"

#define ET_SQL_SESSIONS                                                       \
    "SELECT " ET_SQL_SESSIONS_KEY ", toInt64(intDiv(toUnixTimestamp(started)" \
    " - {from:Int64}, {step:Int64})) AS bucket, sum(s.n) AS total, "          \
    "sum(s.errored) AS bad, sum(s.crashed), sum(s.abnormal), "                \
    "uniqIf(s.user, s.user != 0) AS users, "                                  \
    "uniqIf(s.user, s.user != 0 AND s.errored > 0), "                         \
    "uniqIf(s.user, s.user != 0 AND s.crashed > 0), "                         \
    "uniqIf(s.user, s.user != 0 AND s.abnormal > 0), "                        \
    "avgIf(s.duration, s.duration > 0), "                                     \
    "quantileIf(0.5)(s.duration, s.duration > 0), "                           \
    "quantileIf(0.75)(s.duration, s.duration > 0), "                          \
    "quantileIf(0.9)(s.duration, s.duration > 0), "                           \
    "quantileIf(0.95)(s.duration, s.duration > 0), "                          \
    "quantileIf(0.99)(s.duration, s.duration > 0), "                          \
    "maxIf(s.duration, s.duration > 0) FROM (SELECT project_id, started, "    \
    "release, environment, session_id, max(sessions.n) AS n, "                \
    "max(sessions.errored) AS errored, max(sessions.crashed) AS crashed, "    \
    "max(sessions.abnormal) AS abnormal, max(sessions.user) AS user, "        \
    "max(sessions.duration) AS duration FROM sessions "                       \
    "WHERE project_id IN {projects:Array(UInt64)} "                           \
    "AND started >= toDateTime({from:Int64}, 'UTC') "                         \
    "AND started < toDateTime({to:Int64}, 'UTC')"
#define ET_SQL_SESSIONS_ENVIRONMENTS                                          \
    " AND environment IN {environments:Array(String)}"
#define ET_SQL_SESSIONS_END                                                   \
    " GROUP BY project_id, started, release, environment, session_id) AS s"
#define ET_SQL_SESSIONS_THESE                                                 \
    " WHERE has(arrayZip({ps:Array(UInt64)}, {rs:Array(String)}, "            \
    "{es:Array(String)}), (p, r, e))"
#define ET_SQL_SESSIONS_TOTALS                                                \
    " GROUP BY p, r, e, bucket ORDER BY total DESC, p, r, e LIMIT 1000"
#define ET_SQL_SESSIONS_SERIES  " GROUP BY p, r, e, bucket"

#define ET_SQL_SESSIONS_COLUMNS  "QssqQQQQQQQQddddddd"


/* the columns of a row, behind project, release, environment, bucket */
enum {
    ET_SESSIONS_P = 0, ET_SESSIONS_R, ET_SESSIONS_E, ET_SESSIONS_BUCKET,
    ET_SESSIONS_TOTAL, ET_SESSIONS_ERRORED, ET_SESSIONS_CRASHED,
    ET_SESSIONS_ABNORMAL, ET_SESSIONS_USERS, ET_SESSIONS_USERS_ERRORED,
    ET_SESSIONS_USERS_CRASHED, ET_SESSIONS_USERS_ABNORMAL, ET_SESSIONS_AVG,
    ET_SESSIONS_P50, ET_SESSIONS_P75, ET_SESSIONS_P90, ET_SESSIONS_P95,
    ET_SESSIONS_P99, ET_SESSIONS_MAX, ET_SESSIONS_COLUMNS
};

typedef enum {
    ET_SESSION_COUNT = 0,      /* of sessions, or of users */
    ET_SESSION_RATE,           /* of them that are, by a column */
    ET_SESSION_FREE_RATE,      /* and that are not */
    ET_SESSION_DURATION
} et_session_kind_t;

typedef struct {
    const char         *name;
    et_session_kind_t   kind;
    unsigned            of;    /* TOTAL or USERS */
    unsigned            part;  /* of rates and durations: a column */
} et_session_field_t;

typedef struct {
    et_sentry_t          sentry;
    const et_slice_t    *environments;
    size_t               nenvironments;
    et_search_t          search;
    int64_t              from;               /* seconds */
    int64_t              to;
    int64_t              step;
    size_t               n;                  /* buckets */
    const et_session_field_t  *fields[ET_SESSIONS_FIELDS];
    size_t               nfields;
    const et_session_field_t  *order;
    unsigned             ascending:1;
    unsigned             by_project:1;
    unsigned             by_release:1;
    unsigned             by_environment:1;
    unsigned             by_status:1;
    unsigned             series:1;
    unsigned             statuses;           /* a bit each; 0: all */
    uint64_t             limit;
    uint64_t             offset;

    et_value_t         **groups;             /* rows, those that are shown */
    size_t               ngroups;
    unsigned             more:1;
} et_sessions_t;


static int et_sessions_parse(et_call_t *call, et_sessions_t *sessions);
static int et_sessions_fields(et_call_t *call, et_sessions_t *sessions);
static const et_session_field_t *et_sessions_field(et_slice_t name);
static int et_sessions_groups(et_call_t *call, et_sessions_t *sessions);
static int et_sessions_search(et_call_t *call, et_sessions_t *sessions);
static int et_sessions_statuses(et_sessions_t *sessions,
    const et_term_t *term);
static int et_sessions_period(et_call_t *call, et_sessions_t *sessions);
static int et_sessions_order(et_call_t *call, et_sessions_t *sessions);
static void et_sessions_ask(et_call_t *call, const et_sessions_t *sessions,
    int series);
static void et_sessions_words(et_sql_t *query, const et_search_t *search);
static void et_sessions_these(et_call_t *call, et_sql_t *query,
    const et_sessions_t *sessions);
static int et_sessions_read(et_call_t *call, et_sessions_t *sessions);
static int et_sessions_after(const et_sessions_t *sessions,
    const et_value_t *a, const et_value_t *b);
static et_call_rc_t et_sessions_answer(et_call_t *call,
    et_sessions_t *sessions);
static et_value_t **et_sessions_rows(et_call_t *call,
    const et_sessions_t *sessions);
static size_t et_sessions_group_of(const et_sessions_t *sessions,
    const et_value_t *row);
static cJSON *et_sessions_group(const et_sessions_t *sessions, size_t group,
    et_value_t **rows, unsigned statuses);
static cJSON *et_sessions_value(const et_session_field_t *field,
    const et_value_t *row, unsigned statuses);
static double et_session_number(const et_session_field_t *field,
    const et_value_t *row, unsigned statuses);
static void et_sessions_second(cJSON *object, const char *name,
    int64_t seconds);


#define ET_DURATION(name, column)                                             \
    { name "(session.duration)", ET_SESSION_DURATION, ET_SESSIONS_TOTAL,      \
      column }
#define ET_RATES(name, part, users)                                           \
    { name "(session)", ET_SESSION_RATE, ET_SESSIONS_TOTAL, part },           \
    { name "(user)", ET_SESSION_RATE, ET_SESSIONS_USERS, users }

static const et_session_field_t  et_session_fields[] = {
    { "sum(session)", ET_SESSION_COUNT, ET_SESSIONS_TOTAL, 0 },
    { "count_unique(user)", ET_SESSION_COUNT, ET_SESSIONS_USERS, 0 },
    ET_RATES("crash_rate", ET_SESSIONS_CRASHED, ET_SESSIONS_USERS_CRASHED),
    ET_RATES("errored_rate", ET_SESSIONS_ERRORED,
             ET_SESSIONS_USERS_ERRORED),
    ET_RATES("abnormal_rate", ET_SESSIONS_ABNORMAL,
             ET_SESSIONS_USERS_ABNORMAL),
    { "crash_free_rate(session)", ET_SESSION_FREE_RATE, ET_SESSIONS_TOTAL,
      ET_SESSIONS_CRASHED },
    { "crash_free_rate(user)", ET_SESSION_FREE_RATE, ET_SESSIONS_USERS,
      ET_SESSIONS_USERS_CRASHED },
    ET_DURATION("avg", ET_SESSIONS_AVG),
    ET_DURATION("p50", ET_SESSIONS_P50),
    ET_DURATION("p75", ET_SESSIONS_P75),
    ET_DURATION("p90", ET_SESSIONS_P90),
    ET_DURATION("p95", ET_SESSIONS_P95),
    ET_DURATION("p99", ET_SESSIONS_P99),
    ET_DURATION("max", ET_SESSIONS_MAX),
    { NULL, ET_SESSION_COUNT, 0, 0 }
};

static const char *const  et_session_statuses[ET_SESSION_STATUSES] = {
    "healthy", "errored", "crashed", "abnormal"
};


et_call_rc_t
et_sentry_sessions(et_call_t *call)
{
    et_sessions_t  *sessions;

    sessions = et_call_state(call, sizeof(et_sessions_t));
    if (sessions == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        if (!et_sessions_parse(call, sessions)) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0],
                                     ET_SENTRY_ORGANIZATION,
                                     &sessions->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        et_sessions_ask(call, sessions, 0);

        return ET_CALL_ASK;

    case 2:
        if (!et_sessions_read(call, sessions)) {
            return ET_CALL_ANSWERED;
        }

        if (!sessions->series || sessions->ngroups == 0) {
            break;
        }

        et_sessions_ask(call, sessions, 1);

        return ET_CALL_ASK;
    }

    return et_sessions_answer(call, sessions);
}


static int
et_sessions_parse(et_call_t *call, et_sessions_t *sessions)
{
    uint64_t  series, max;

    series = 1;
    sessions->limit = ET_SESSIONS_PAGE;

    if (!et_call_texts(call, "environment", &sessions->environments,
                       &sessions->nenvironments)
        || !et_call_number(call, "includeSeries", 0, 1, &series)
        || !et_call_offset(call, ET_SESSIONS_PAGE, &sessions->limit,
                           &sessions->offset)
        || !et_sessions_fields(call, sessions)
        || !et_sessions_groups(call, sessions)
        || !et_sessions_search(call, sessions)
        || !et_sessions_period(call, sessions)
        || !et_sessions_order(call, sessions))
    {
        return 0;
    }

    sessions->series = series;

    max = ET_SESSIONS_VALUES / (sessions->n * sessions->nfields
                                * (sessions->by_status ? 4 : 1));

    if (series && sessions->limit > max) {
        sessions->limit = max < 1 ? 1 : max;
    }

    return 1;
}


static int
et_sessions_fields(et_call_t *call, et_sessions_t *sessions)
{
    size_t                     i;
    et_slice_t                 name;
    const et_session_field_t  *field;

    i = 0;

    while (et_params_next(&call->params, "field", &i, &name)) {
        field = et_sessions_field(name);

        if (field == NULL || sessions->nfields == ET_SESSIONS_FIELDS) {
            et_call_fail(call, 400, "field has to be one of sum(session), "
                         "count_unique(user), crash_rate(session|user), "
                         "crash_free_rate(session|user), "
                         "errored_rate(session|user), "
                         "abnormal_rate(session|user), and avg, p50, p75, "
                         "p90, p95, p99, max of (session.duration)");
            return 0;
        }

        sessions->fields[sessions->nfields++] = field;
    }

    if (sessions->nfields == 0) {
        et_call_fail(call, 400, "field is missing");
        return 0;
    }

    return 1;
}


static const et_session_field_t *
et_sessions_field(et_slice_t name)
{
    const et_session_field_t  *field;

    for (field = et_session_fields; field->name != NULL; field++) {
        if (et_slice_eq(name, et_slice_str(field->name))) {
            return field;
        }
    }

    return NULL;
}


static int
et_sessions_groups(et_call_t *call, et_sessions_t *sessions)
{
    size_t      i;
    et_slice_t  name;

    i = 0;

    while (et_params_next(&call->params, "groupBy", &i, &name)) {

        if (et_slice_eq(name, et_slice("project", 7))) {
            sessions->by_project = 1;

        } else if (et_slice_eq(name, et_slice("release", 7))) {
            sessions->by_release = 1;

        } else if (et_slice_eq(name, et_slice("environment", 11))) {
            sessions->by_environment = 1;

        } else if (et_slice_eq(name, et_slice("session.status", 14))) {
            sessions->by_status = 1;

        } else if (name.len != 0) {
            et_call_fail(call, 400, "groupBy has to be one of project, "
                         "release, environment, session.status");
            return 0;
        }
    }

    for (i = 0; sessions->by_status && i < sessions->nfields; i++) {
        if (sessions->fields[i]->kind != ET_SESSION_COUNT) {
            et_call_fail(call, 400, "only sum(session) and "
                         "count_unique(user) can be grouped by "
                         "session.status");
            return 0;
        }
    }

    return 1;
}


/* Words about release, environment and session.status. */

static int
et_sessions_search(et_call_t *call, et_sessions_t *sessions)
{
    size_t        i;
    et_term_t    *term;
    const char   *error;
    et_search_t  *search;

    search = &sessions->search;

    error = et_search_parse(call->arena,
                            et_params_get(&call->params, "query"), search);

    if (error == NULL && (search->text.len != 0
                          || search->status != ET_STATUS_ANY))
    {
        error = "the query of sessions has words about release, "
                "environment and session.status alone";
    }

    for (i = 0; error == NULL && i < search->nterms; i++) {
        term = &search->terms[i];

        if (!term->tag
            && et_slice_eq(term->key, et_slice("session.status", 14)))
        {
            if (!et_sessions_statuses(sessions, term)) {
                error = "session.status has to be one of healthy, errored, "
                        "crashed, abnormal";
            }

            continue;
        }

        if ((!et_slice_eq(term->key, et_slice("release", 7))
             && !et_slice_eq(term->key, et_slice("environment", 11)))
            || term->tag || term->op != ET_TERM_EQ)
        {
            error = "the query of sessions has words about release, "
                    "environment and session.status alone";
        }
    }

    return et_call_searched(call, error);
}


static int
et_sessions_statuses(et_sessions_t *sessions, const et_term_t *term)
{
    size_t    i;
    unsigned  k, mask;

    mask = 0;

    for (i = 0; i < term->nvalues; i++) {
        for (k = 0; k < ET_SESSION_STATUSES; k++) {
            if (et_slice_eq(term->values[i],
                            et_slice_str(et_session_statuses[k])))
            {
                break;
            }
        }

        if (k == ET_SESSION_STATUSES) {
            return 0;
        }

        mask |= 1u << k;
    }

    if (term->negated) {
        mask = ~mask & ((1u << ET_SESSION_STATUSES) - 1);
    }

    sessions->statuses = mask;

    return 1;
}


static int
et_sessions_period(et_call_t *call, et_sessions_t *sessions)
{
    int64_t  from, to, step;

    step = 3600 * ET_SECOND;

    if (!et_call_times(call, &from, &to)
        || !et_call_period(call, "interval", &step))
    {
        return 0;
    }

    if (step < 10 * ET_SECOND
        || (to - from) / step > ET_SESSIONS_BUCKETS)
    {
        et_call_fail(call, 400, "interval has to be 10s or more, and the "
                     "period at the most 1000 intervals");
        return 0;
    }

    sessions->step = step / ET_SECOND;
    sessions->from = from / ET_SECOND;
    sessions->from -= sessions->from % sessions->step;
    sessions->n = (size_t) ((to / ET_SECOND - sessions->from
                             + sessions->step) / sessions->step);
    sessions->to = sessions->from + (int64_t) sessions->n * sessions->step;

    return 1;
}


static int
et_sessions_order(et_call_t *call, et_sessions_t *sessions)
{
    et_slice_t  name;

    name = et_params_get(&call->params, "orderBy");

    if (name.len == 0) {
        sessions->order = sessions->fields[0];
        return 1;
    }

    sessions->ascending = name.data[0] != '-';

    if (!sessions->ascending) {
        name = et_slice(name.data + 1, name.len - 1);
    }

    sessions->order = et_sessions_field(name);

    if (sessions->order == NULL) {
        et_call_fail(call, 400, "orderBy has to be a field");
        return 0;
    }

    return 1;
}


static void
et_sessions_ask(et_call_t *call, const et_sessions_t *sessions, int series)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_SESSIONS_COLUMNS);

    et_sql_add(query, ET_SQL_SESSIONS);
    et_sql_u64s(query, "projects", sessions->sentry.ids,
                sessions->sentry.nids);
    et_sql_u64(query, "by_project", sessions->by_project);
    et_sql_u64(query, "by_release", sessions->by_release);
    et_sql_u64(query, "by_environment", sessions->by_environment);
    et_sql_i64(query, "from", sessions->from);
    et_sql_i64(query, "to", sessions->to);
    et_sql_i64(query, "step", series ? sessions->step
                                     : sessions->to - sessions->from);

    if (sessions->nenvironments != 0) {
        et_sql_add(query, ET_SQL_SESSIONS_ENVIRONMENTS);
        et_sql_strs(query, "environments", sessions->environments,
                    sessions->nenvironments);
    }

    et_sessions_words(query, &sessions->search);
    et_sql_add(query, ET_SQL_SESSIONS_END);

    if (!series) {
        et_sql_add(query, ET_SQL_SESSIONS_TOTALS);
        return;
    }

    et_sessions_these(call, query, sessions);
    et_sql_add(query, ET_SQL_SESSIONS_SERIES);
}


static void
et_sessions_words(et_sql_t *query, const et_search_t *search)
{
    unsigned          i;
    const et_term_t  *term;

    for (i = 0; i < search->nterms; i++) {
        term = &search->terms[i];

        if (et_slice_eq(term->key, et_slice("session.status", 14))) {
            continue;
        }

        et_sql_add(query, term->negated ? " AND NOT " : " AND ");
        et_search_sql(query, et_slice_eq(term->key, et_slice("release", 7))
                             ? "release" : "environment", term, i);
        et_search_sql_values(query, term, i);
    }
}


static void
et_sessions_these(et_call_t *call, et_sql_t *query,
    const et_sessions_t *sessions)
{
    size_t       i;
    uint64_t    *projects;
    et_slice_t  *releases, *environments;

    projects = et_arena_alloc(call->arena,
                              sessions->ngroups * sizeof(uint64_t));
    releases = et_arena_alloc(call->arena,
                              sessions->ngroups * sizeof(et_slice_t));
    environments = et_arena_alloc(call->arena,
                                  sessions->ngroups * sizeof(et_slice_t));

    if (projects == NULL || releases == NULL || environments == NULL) {
        call->failed = 1;
        return;
    }

    for (i = 0; i < sessions->ngroups; i++) {
        projects[i] = sessions->groups[i][ET_SESSIONS_P].u;
        releases[i] = sessions->groups[i][ET_SESSIONS_R].s;
        environments[i] = sessions->groups[i][ET_SESSIONS_E].s;
    }

    et_sql_add(query, ET_SQL_SESSIONS_THESE);
    et_sql_u64s(query, "ps", projects, sessions->ngroups);
    et_sql_strs(query, "rs", releases, sessions->ngroups);
    et_sql_strs(query, "es", environments, sessions->ngroups);
}


/* The groups' totals, in the order that is asked for, and a page of them. */

static int
et_sessions_read(et_call_t *call, et_sessions_t *sessions)
{
    size_t        i, n;
    et_value_t   *row, **rows;
    et_result_t   result;

    rows = et_arena_alloc(call->arena,
                          ET_SESSIONS_GROUPS * sizeof(et_value_t *));
    if (rows == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    et_result_open(&result, ET_SQL_SESSIONS_COLUMNS, call->answers[0]);

    for (n = 0; n < ET_SESSIONS_GROUPS && et_result_next(&result); n++) {
        row = et_arena_alloc(call->arena,
                             ET_SESSIONS_COLUMNS * sizeof(et_value_t));
        if (row == NULL) {
            et_call_no_memory(call);
            return 0;
        }

        memcpy(row, result.row, ET_SESSIONS_COLUMNS * sizeof(et_value_t));

        for (i = n; i > 0 && et_sessions_after(sessions, rows[i - 1], row);
             i--)
        {
            rows[i] = rows[i - 1];
        }

        rows[i] = row;
    }

    if (result.bad) {
        et_call_unreadable(call);
        return 0;
    }

    if (sessions->offset > n) {
        sessions->offset = n;
    }

    sessions->groups = rows + sessions->offset;
    sessions->ngroups = n - sessions->offset;

    if (sessions->ngroups > sessions->limit) {
        sessions->ngroups = sessions->limit;
        sessions->more = 1;
    }

    return 1;
}


/* What there is nothing to rate of comes last. */

static int
et_sessions_after(const et_sessions_t *sessions, const et_value_t *a,
    const et_value_t *b)
{
    double  x, y;

    x = et_session_number(sessions->order, a, sessions->statuses);
    y = et_session_number(sessions->order, b, sessions->statuses);

    if (isnan(x) || isnan(y)) {
        return isnan(x) && !isnan(y);
    }

    return sessions->ascending ? x > y : x < y;
}


static et_call_rc_t
et_sessions_answer(et_call_t *call, et_sessions_t *sessions)
{
    cJSON        *root, *list;
    size_t        i, k;
    char          text[ET_OUT_TIME];
    et_value_t  **rows;

    rows = NULL;

    if (sessions->series && sessions->ngroups != 0) {
        rows = et_sessions_rows(call, sessions);

        if (rows == NULL) {
            return ET_CALL_ANSWERED;
        }
    }

    root = cJSON_CreateObject();
    et_sessions_second(root, "start", sessions->from);
    et_sessions_second(root, "end", sessions->to);
    et_out_str(root, "query", et_params_get(&call->params, "query"));

    list = et_out_array(root, "intervals");

    for (i = 0; i < sessions->n; i++) {
        et_time_print((sessions->from + (int64_t) i * sessions->step)
                      * ET_SECOND, text);
        memcpy(text + 19, "Z", 2);
        cJSON_AddItemToArray(list, cJSON_CreateString(text));
    }

    list = et_out_array(root, "groups");

    for (i = 0; i < sessions->ngroups; i++) {
        if (!sessions->by_status) {
            cJSON_AddItemToArray(list, et_sessions_group(sessions, i, rows,
                                                       sessions->statuses));
            continue;
        }

        for (k = 0; k < ET_SESSION_STATUSES; k++) {
            if (sessions->statuses == 0 || (sessions->statuses >> k & 1)) {
                cJSON_AddItemToArray(list, et_sessions_group(sessions, i,
                                                       rows, 1u << k));
            }
        }
    }

    et_call_link_offset(call, sessions->limit, sessions->offset,
                        sessions->more);

    return et_call_json(call, 200, root);
}


/* The rows of the intervals, of each group; NULL: the call is answered. */

static et_value_t **
et_sessions_rows(et_call_t *call, const et_sessions_t *sessions)
{
    size_t        group;
    int64_t       bucket;
    et_value_t   *row, **rows;
    et_result_t   result;

    rows = et_arena_zalloc(call->arena, sessions->ngroups * sessions->n
                                        * sizeof(et_value_t *));
    if (rows == NULL) {
        et_call_no_memory(call);
        return NULL;
    }

    et_result_open(&result, ET_SQL_SESSIONS_COLUMNS, call->answers[0]);

    while (et_result_next(&result)) {
        bucket = result.row[ET_SESSIONS_BUCKET].i;
        group = et_sessions_group_of(sessions, result.row);

        if (bucket < 0 || (uint64_t) bucket >= sessions->n
            || group == sessions->ngroups)
        {
            continue;
        }

        row = et_arena_alloc(call->arena,
                             ET_SESSIONS_COLUMNS * sizeof(et_value_t));
        if (row == NULL) {
            et_call_no_memory(call);
            return NULL;
        }

        memcpy(row, result.row, ET_SESSIONS_COLUMNS * sizeof(et_value_t));
        rows[group * sessions->n + (size_t) bucket] = row;
    }

    if (result.bad) {
        et_call_unreadable(call);
        return NULL;
    }

    return rows;
}


static size_t
et_sessions_group_of(const et_sessions_t *sessions, const et_value_t *row)
{
    size_t       i;
    et_value_t  *group;

    for (i = 0; i < sessions->ngroups; i++) {
        group = sessions->groups[i];

        if (group[ET_SESSIONS_P].u == row[ET_SESSIONS_P].u
            && et_slice_eq(group[ET_SESSIONS_R].s, row[ET_SESSIONS_R].s)
            && et_slice_eq(group[ET_SESSIONS_E].s, row[ET_SESSIONS_E].s))
        {
            break;
        }
    }

    return i;
}


static cJSON *
et_sessions_group(const et_sessions_t *sessions, size_t group,
    et_value_t **rows, unsigned statuses)
{
    cJSON       *item, *part, *list;
    size_t       i, k;
    et_value_t  *row;

    row = sessions->groups[group];
    item = cJSON_CreateObject();
    part = et_out_object(item, "by");

    if (sessions->by_project) {
        et_out_u64(part, "project", row[ET_SESSIONS_P].u);
    }

    if (sessions->by_release) {
        et_out_str(part, "release", row[ET_SESSIONS_R].s);
    }

    if (sessions->by_environment) {
        et_out_str(part, "environment", row[ET_SESSIONS_E].s);
    }

    for (k = 0; sessions->by_status && k < ET_SESSION_STATUSES; k++) {
        if (statuses == 1u << k) {
            et_out_text(part, "session.status", et_session_statuses[k]);
        }
    }

    part = et_out_object(item, "totals");

    for (k = 0; k < sessions->nfields; k++) {
        et_out_item(part, sessions->fields[k]->name,
                    et_sessions_value(sessions->fields[k], row, statuses));
    }

    part = et_out_object(item, "series");

    for (k = 0; rows != NULL && k < sessions->nfields; k++) {
        list = et_out_array(part, sessions->fields[k]->name);

        for (i = 0; i < sessions->n; i++) {
            cJSON_AddItemToArray(list,
                et_sessions_value(sessions->fields[k],
                                  rows[group * sessions->n + i], statuses));
        }
    }

    return item;
}


/* A row that is not there is nothing: none, and no rate. */

static cJSON *
et_sessions_value(const et_session_field_t *field, const et_value_t *row,
    unsigned statuses)
{
    double  value;

    if (row == NULL) {
        return field->kind == ET_SESSION_COUNT ? et_new_u64(0)
                                               : cJSON_CreateNull();
    }

    value = et_session_number(field, row, statuses);

    if (isnan(value)) {
        return cJSON_CreateNull();
    }

    return field->kind == ET_SESSION_COUNT ? et_new_u64((uint64_t) value)
                                           : cJSON_CreateNumber(value);
}


/* NAN is no value.  Durations are in milliseconds, as Sentry has them. */

static double
et_session_number(const et_session_field_t *field, const et_value_t *row,
    unsigned statuses)
{
    double  all, errored, crashed, abnormal, sum;

    all = (double) row[field->of].u;

    switch (field->kind) {

    case ET_SESSION_DURATION:
        return row[ET_SESSIONS_P50].d > 0 ? row[field->part].d * 1000
                                          : (double) NAN;

    case ET_SESSION_RATE:
        return all > 0 ? (double) row[field->part].u / all : (double) NAN;

    case ET_SESSION_FREE_RATE:
        return all > 0 ? 1 - (double) row[field->part].u / all
                       : (double) NAN;

    default:
        break;
    }

    if (statuses == 0) {
        return all;
    }

    /* the columns of sessions, and those of users, have one order */

    errored = (double) row[field->of + 1].u;
    crashed = (double) row[field->of + 2].u;
    abnormal = (double) row[field->of + 3].u;
    sum = 0;

    if (statuses & 1) {
        sum += all > errored ? all - errored : 0;
    }

    if (statuses & 2) {
        sum += errored > crashed + abnormal ? errored - crashed - abnormal
                                            : 0;
    }

    if (statuses & 4) {
        sum += crashed;
    }

    if (statuses & 8) {
        sum += abnormal;
    }

    return sum;
}


static void
et_sessions_second(cJSON *object, const char *name, int64_t seconds)
{
    char  text[ET_OUT_TIME];

    et_time_print(seconds * ET_SECOND, text);
    memcpy(text + 19, "Z", 2);

    et_out_item(object, name, cJSON_CreateString(text));
}
