/*
 * Sentry's web API: log entries.
 *
 * All columns of a row are read, and shown under the names that are asked for;
 * a name that is none of them is that of an attribute.
 */

#include "et_discover.h"
#include "et_lists.h"
#include "et_offset.h"
#include "et_search_sql.h"
#include "et_sentry.h"
#include "et_sentry_logs.h"


#define ET_LOGS_PAGE      100
#define ET_LOGS_MAX_PAGE  1000
#define ET_LOGS_FIELDS    50

#define ET_SQL_LOGS                                                           \
    "SELECT lower(hex(sipHash128(project_id, timestamp, body, trace_id))), "  \
    "trace_id, level, timestamp, body, project_id, environment, release, "    \
    "server_name, logger, user_id, attributes FROM logs "                     \
    "WHERE project_id IN {projects:Array(UInt64)} "                           \
    "AND timestamp >= fromUnixTimestamp64Micro({from:Int64}, 'UTC') "         \
    "AND timestamp <= fromUnixTimestamp64Micro({to:Int64}, 'UTC')"
#define ET_SQL_LOGS_ENVIRONMENTS                                              \
    " AND environment IN {environments:Array(String)}"
#define ET_SQL_LOGS_NEWEST                                                    \
    " ORDER BY timestamp DESC LIMIT {limit:UInt64} OFFSET {offset:UInt64}"
#define ET_SQL_LOGS_OLDEST                                                    \
    " ORDER BY timestamp LIMIT {limit:UInt64} OFFSET {offset:UInt64}"

#define ET_SQL_LOGS_COLUMNS  "sssts" "Qsssss" "M"


typedef enum {
    ET_LOG_ID = 0,
    ET_LOG_TRACE,
    ET_LOG_LEVEL,
    ET_LOG_TIME,
    ET_LOG_BODY,
    ET_LOG_PROJECT,
    ET_LOG_ENVIRONMENT,
    ET_LOG_RELEASE,
    ET_LOG_SERVER,
    ET_LOG_LOGGER,
    ET_LOG_USER,
    ET_LOG_ATTRIBUTE
} et_log_column_t;

typedef struct {
    et_slice_t        name;
    et_log_column_t   column;
} et_log_field_t;

typedef struct {
    et_sentry_t        sentry;
    et_search_t        search;
    et_log_field_t     fields[ET_LOGS_FIELDS];
    size_t             nfields;
    const et_slice_t  *environments;
    size_t             nenvironments;
    int64_t            from;
    int64_t            to;
    uint64_t           limit;
    uint64_t           offset;
    unsigned           oldest_first;
} et_logs_t;


static int et_logs_parse(et_call_t *call, et_logs_t *logs);
static int et_logs_search(et_call_t *call, et_logs_t *logs);
static et_log_column_t et_log_column(et_slice_t name);
static et_log_column_t et_log_term_column(const et_term_t *term);
static void et_logs_ask(et_call_t *call, const et_logs_t *logs);
static void et_logs_term(et_sql_t *query, const et_logs_t *logs, unsigned i);
static void et_logs_projects(et_call_t *call, et_sql_t *query,
    const et_logs_t *logs);
static et_call_rc_t et_logs_answer(et_call_t *call, et_logs_t *logs);
static cJSON *et_log_value(et_value_t *row, const et_logs_t *logs,
    const et_log_field_t *field);


static const et_log_field_t  et_log_names[] = {
    { ET_SLICE("sentry.item_id"), ET_LOG_ID },
    { ET_SLICE("id"), ET_LOG_ID },
    { ET_SLICE("trace"), ET_LOG_TRACE },
    { ET_SLICE("severity"), ET_LOG_LEVEL },
    { ET_SLICE("level"), ET_LOG_LEVEL },
    { ET_SLICE("timestamp"), ET_LOG_TIME },
    { ET_SLICE("message"), ET_LOG_BODY },
    { ET_SLICE("project"), ET_LOG_PROJECT },
    { ET_SLICE("environment"), ET_LOG_ENVIRONMENT },
    { ET_SLICE("release"), ET_LOG_RELEASE },
    { ET_SLICE("server.address"), ET_LOG_SERVER },
    { ET_SLICE("logger"), ET_LOG_LOGGER },
    { ET_SLICE("user.id"), ET_LOG_USER }
};

/* of the columns, where a search looks for them */
static const char *const  et_log_sql[] = {
    "lower(hex(sipHash128(project_id, timestamp, body, trace_id)))",
    "trace_id", "level", "toString(timestamp)", "body", "project_id",
    "environment", "release", "server_name", "logger", "user_id", NULL
};


et_call_rc_t
et_sentry_logs(et_call_t *call)
{
    et_logs_t  *logs;

    logs = et_call_state(call, sizeof(et_logs_t));
    if (logs == NULL) {
        return et_call_no_memory(call);
    }

    switch (call->step) {

    case 0:
        if (!et_logs_parse(call, logs)) {
            return ET_CALL_ANSWERED;
        }

        et_sentry_ask(call);

        return ET_CALL_ASK;

    case 1:
        if (!et_sentry_read_projects(call, call->answers[0],
                                     ET_SENTRY_ORGANIZATION, &logs->sentry))
        {
            return ET_CALL_ANSWERED;
        }

        et_logs_ask(call, logs);

        return ET_CALL_ASK;
    }

    return et_logs_answer(call, logs);
}


static int
et_logs_parse(et_call_t *call, et_logs_t *logs)
{
    size_t           i;
    et_slice_t       name;
    et_log_field_t  *field;

    static const char *const  sorts[] = { "-timestamp", "timestamp", NULL };

    logs->limit = ET_LOGS_PAGE;

    if (!et_call_choice(call, "sort", sorts, &logs->oldest_first)
        || !et_call_times(call, &logs->from, &logs->to)
        || !et_call_offset(call, ET_LOGS_MAX_PAGE, &logs->limit,
                           &logs->offset)
        || !et_call_texts(call, "environment", &logs->environments,
                          &logs->nenvironments)
        || !et_logs_search(call, logs))
    {
        return 0;
    }

    i = 0;

    while (et_params_next(&call->params, "field", &i, &name)) {

        if (logs->nfields == ET_LOGS_FIELDS) {
            et_call_fail(call, 400, "more than 50 fields");
            return 0;
        }

        field = &logs->fields[logs->nfields++];

        field->name = name;
        field->column = et_log_column(name);
    }

    if (logs->nfields == 0) {
        et_call_fail(call, 400, "field is missing");
        return 0;
    }

    return 1;
}


static int
et_logs_search(et_call_t *call, et_logs_t *logs)
{
    size_t       i;
    const char  *error;

    error = et_search_parse(call->arena,
                            et_params_get(&call->params, "query"),
                            &logs->search);

    if (error == NULL && logs->search.status != ET_STATUS_ANY) {
        error = "is: is a word about issues, not about logs";
    }

    for (i = 0; error == NULL && i < logs->search.nterms; i++) {
        if (logs->search.terms[i].op != ET_TERM_EQ) {
            error = "logs are not compared by < and >";
        }
    }

    return et_call_searched(call, error);
}


static et_log_column_t
et_log_column(et_slice_t name)
{
    size_t  i;

    for (i = 0; i < sizeof(et_log_names) / sizeof(et_log_names[0]); i++) {
        if (et_slice_eq(et_log_names[i].name, name)) {
            return et_log_names[i].column;
        }
    }

    return ET_LOG_ATTRIBUTE;
}


static et_log_column_t
et_log_term_column(const et_term_t *term)
{
    return term->tag ? ET_LOG_ATTRIBUTE : et_log_column(term->key);
}


static void
et_logs_ask(et_call_t *call, const et_logs_t *logs)
{
    unsigned    i;
    et_sql_t   *query;

    query = et_call_query(call, ET_SQL_LOGS_COLUMNS);

    et_sql_add(query, ET_SQL_LOGS);

    if (logs->nenvironments != 0) {
        et_sql_add(query, ET_SQL_LOGS_ENVIRONMENTS);
        et_sql_strs(query, "environments", logs->environments,
                    logs->nenvironments);
    }

    if (logs->search.text.len != 0) {
        et_sql_add(query, " AND ");
        et_search_sql_text(query, "body", &logs->search);
        et_search_sql_text_value(query, &logs->search);
    }

    for (i = 0; i < logs->search.nterms; i++) {
        et_logs_term(query, logs, i);
    }

    et_sql_add(query, logs->oldest_first ? ET_SQL_LOGS_OLDEST
                                         : ET_SQL_LOGS_NEWEST);

    et_logs_projects(call, query, logs);
    et_sql_i64(query, "from", logs->from);
    et_sql_i64(query, "to", logs->to);
    et_sql_u64(query, "limit", logs->limit + 1);
    et_sql_u64(query, "offset", logs->offset);
}


/* "project:shop" is told by et_logs_projects(). */

static void
et_logs_term(et_sql_t *query, const et_logs_t *logs, unsigned i)
{
    et_log_column_t   column;
    const et_term_t  *term;

    term = &logs->search.terms[i];
    column = et_log_term_column(term);

    if (column == ET_LOG_PROJECT) {
        return;
    }

    et_sql_add(query, term->negated ? " AND NOT " : " AND ");

    if (column == ET_LOG_ATTRIBUTE) {
        et_search_sql(query, "attributes[{k%u:String}]", term, i);
        et_sql_str(query, et_sql_name(query, "k%u", i), term->key);

    } else {
        et_search_sql(query, et_log_sql[column], term, i);
    }

    et_search_sql_values(query, term, i);
}


/* The projects of the call, as far as the search's words leave them. */

static void
et_logs_projects(et_call_t *call, et_sql_t *query, const et_logs_t *logs)
{
    int                  left;
    size_t               i, k, m, n;
    uint64_t            *ids;
    const et_term_t     *term;
    const et_project_t  *project;

    ids = et_arena_alloc(call->arena,
                         (logs->sentry.nids + 1) * sizeof(uint64_t));
    if (ids == NULL) {
        call->failed = 1;
        return;
    }

    for (n = 0, i = 0; i < logs->sentry.nids; i++) {
        left = 1;

        for (k = 0; k < logs->search.nterms; k++) {
            term = &logs->search.terms[k];

            if (et_log_term_column(term) != ET_LOG_PROJECT) {
                continue;
            }

            for (m = 0; m < term->nvalues; m++) {
                project = et_sentry_find(&logs->sentry.projects,
                                         term->values[m]);

                if (project != NULL && project->id == logs->sentry.ids[i]) {
                    break;
                }
            }

            left &= (m < term->nvalues) != term->negated;
        }

        if (left) {
            ids[n++] = logs->sentry.ids[i];
        }
    }

    et_sql_u64s(query, "projects", ids, n);
}


static et_call_rc_t
et_logs_answer(et_call_t *call, et_logs_t *logs)
{
    size_t        i;
    cJSON        *root, *list, *item, *meta, *fields;
    uint64_t      n;
    et_result_t   result;

    root = cJSON_CreateObject();
    list = et_out_array(root, "data");
    n = 0;

    et_result_open(&result, ET_SQL_LOGS_COLUMNS, call->answers[0]);

    while (et_result_next(&result) && ++n <= logs->limit) {
        item = cJSON_CreateObject();

        for (i = 0; i < logs->nfields; i++) {
            et_out_named(item, logs->fields[i].name,
                         et_log_value(result.row, logs, &logs->fields[i]));
        }

        cJSON_AddItemToArray(list, item);
    }

    if (result.bad) {
        return et_call_unreadable(call);
    }

    meta = et_out_object(root, "meta");
    fields = et_out_object(meta, "fields");

    for (i = 0; i < logs->nfields; i++) {
        et_out_named(fields, logs->fields[i].name,
                     cJSON_CreateStringReference(
                         logs->fields[i].column == ET_LOG_TIME ? "date"
                                                               : "string"));
    }

    et_out_object(meta, "units");
    et_out_text(meta, "dataset", "logs");

    et_call_link_offset(call, logs->limit, logs->offset, n > logs->limit);

    return et_call_json(call, 200, root);
}


static cJSON *
et_log_value(et_value_t *row, const et_logs_t *logs,
    const et_log_field_t *field)
{
    char                 time[ET_OUT_TIME];
    size_t               i, len;
    et_slice_t           key, value;
    et_value_t           map;
    const et_project_t  *project;

    switch (field->column) {

    case ET_LOG_TIME:
        len = et_time_print(row[ET_LOG_TIME].i, time);

        return et_new_str(et_slice(time, len));

    case ET_LOG_PROJECT:
        project = et_project_find(&logs->sentry.projects,
                                  row[ET_LOG_PROJECT].u);

        return project == NULL ? cJSON_CreateNull()
                               : et_new_str(project->slug);

    case ET_LOG_ATTRIBUTE:
        map = row[ET_LOG_ATTRIBUTE];

        for (i = 0; i < row[ET_LOG_ATTRIBUTE].n; i++) {
            key = et_value_str(&map);
            value = et_value_str(&map);

            if (et_slice_eq(key, field->name)) {
                return et_new_str(value);
            }
        }

        return cJSON_CreateNull();

    default:
        return et_new_str(row[field->column].s);
    }
}
