/*
 * Questions about events.  A field is column c0, c1, ... of the query; its
 * tag's name is the parameter t0, t1, ...; a word of the search has k0 and v0.
 */

#include "et_discover.h"
#include "et_discover_internal.h"
#include "et_discover_sql.h"
#include "et_lists.h"
#include "et_out.h"
#include "et_route.h"
#include "et_sentry.h"
#include "et_time.h"


static int et_discover_counted(const et_discover_t *discover);
static void et_discover_select(et_sql_t *query, const et_discover_t *discover,
    et_discover_part_t part, int series);
static void et_discover_expression(et_sql_t *query,
    const et_discover_t *discover, unsigned i);
static void et_discover_from(et_sql_t *query,
    const et_discover_t *discover);
static void et_discover_rows(et_sql_t *query, const et_discover_t *discover,
    int by_time);
static void et_discover_conditions(et_sql_t *query,
    const et_discover_t *discover);
static void et_discover_conditions_params(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover);
static void et_discover_order(et_sql_t *query, const et_discover_t *discover);
static void et_discover_top(et_sql_t *query, const et_discover_t *discover,
    et_discover_part_t part);
static void et_discover_groups(et_sql_t *query, const et_discover_t *discover,
    int expressions);
static void et_discover_params(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover);
static void et_discover_rates(et_sql_t *query, const et_discover_t *discover);
static int et_discover_is_group(const et_discover_field_t *field);
static cJSON *et_discover_issue(et_call_t *call, et_slice_t text,
    const et_projects_t *projects);


/* rows without a body that the newest events may have among them, and a
 * quarter of as many as there are events */
#define ET_DISCOVER_MORE  10

static const char *const  et_discover_types[] = {
    "string", "integer", "number", "date", "string", "string"
};

static const char  et_discover_letters[] = "sQdtQs";


int
et_discover_parse(et_call_t *call, et_discover_t *discover)
{
    const char  *error;

    discover->sort = -1;

    if (!et_call_times(call, &discover->from, &discover->to)
        || !et_call_texts(call, "environment", &discover->environments,
                          &discover->nenvironments))
    {
        return 0;
    }

    error = et_search_parse_combined(call->arena,
                                     et_params_get(&call->params, "query"),
                                     &discover->search);

    if (error == NULL) {
        error = et_discover_search_check(call, &discover->search);
    }

    return et_call_searched(call, error);
}


int
et_discover_ready(et_call_t *call, et_discover_t *discover)
{
    size_t  i;

    discover->grouped = 0;

    for (i = 0; i < discover->nfields; i++) {
        if (discover->fields[i].function != NULL) {
            discover->grouped = 1;
        }
    }

    for (i = 0; i < discover->nfields; i++) {
        if (discover->fields[i].hidden && discover->grouped
            && discover->fields[i].function == NULL)
        {
            et_call_fail(call, 400, "sort has to be one of the fields that "
                         "are asked for");
            return 0;
        }
    }

    /* the newest, or the most, first */

    for (i = 0; i < discover->nfields && discover->sort == -1; i++) {
        if (discover->fields[i].function != NULL) {
            discover->sort = (int) i;
            discover->descending = 1;
        }
    }

    if (discover->sort == -1
        && !et_discover_sort(call, discover, et_slice("-timestamp", 10)))
    {
        return 0;
    }

    discover->counts = discover->grouped && et_discover_counted(discover);

    return 1;
}


/* Whether error_counts can tell all of it, to the minute. */

static int
et_discover_counted(const et_discover_t *discover)
{
    size_t                      i;
    const et_discover_field_t  *field;

    if (discover->step == 0 ? discover->to - discover->from < 3600 * ET_SECOND
                            : discover->step % 60 != 0)
    {
        return 0;
    }

    for (i = 0; i < discover->nfields; i++) {
        field = &discover->fields[i];

        if (field->function != NULL && !field->function->counts) {
            return 0;
        }

        if (field->tag.len != 0
            || (field->column != NULL && field->column->counts == NULL))
        {
            return 0;
        }
    }

    return et_discover_search_counted(&discover->search);
}


void
et_discover_ask(et_call_t *call, const et_discover_t *discover,
    et_discover_part_t part, int series)
{
    et_sql_t  *query;

    query = et_call_query(call, et_discover_columns(call, discover, part,
                                                    series));

    et_discover_select(query, discover, part, series);
    et_discover_from(query, discover);

    if (series && part != ET_DISCOVER_ALL) {
        et_discover_top(query, discover, part);
    }

    if (!discover->grouped) {
        et_discover_order(query, discover);

    } else if (!series) {
        et_sql_add(query, " GROUP BY ALL");
        et_discover_order(query, discover);

    } else {
        et_sql_add(query, " GROUP BY ALL ORDER BY bucket");
    }

    et_discover_params(call, query, discover);
}


const char *
et_discover_columns(et_call_t *call, const et_discover_t *discover,
    et_discover_part_t part, int series)
{
    size_t     i;
    et_text_t  text;

    et_text_init(&text, call->arena);

    for (i = 0; i < discover->nfields; i++) {
        if (part != ET_DISCOVER_OTHER
            || !et_discover_is_group(&discover->fields[i]))
        {
            et_text_char(&text,
                         et_discover_letters[discover->fields[i].type]);
        }
    }

    if (series) {
        et_text_char(&text, 'q');
    }

    if (et_text_slice(&text).data == NULL) {
        call->failed = 1;
        return "";
    }

    return text.data;
}


static void
et_discover_select(et_sql_t *query, const et_discover_t *discover,
    et_discover_part_t part, int series)
{
    unsigned     i;
    const char  *separator;

    separator = "SELECT ";

    for (i = 0; i < discover->nfields; i++) {
        if (part == ET_DISCOVER_OTHER
            && et_discover_is_group(&discover->fields[i]))
        {
            continue;
        }

        et_sql_add(query, separator);
        et_discover_expression(query, discover, i);
        et_sql_add_n(query, " AS c%u", i);
        separator = ", ";
    }

    if (series) {
        et_sql_add(query, separator);
        et_sql_add(query, discover->counts ? ET_SQL_DISCOVER_BUCKET_COUNTS
                                           : ET_SQL_DISCOVER_BUCKET_EVENTS);
        et_sql_add(query, " AS bucket");
    }
}


/* What a field is, of the type that its letter says. */

static void
et_discover_expression(et_sql_t *query, const et_discover_t *discover,
    unsigned i)
{
    const et_discover_field_t     *field;
    const et_discover_function_t  *f;

    static const char *const  ops[] = {
        " = {c%u:String})", " != {c%u:String})",
        ") < toFloat64OrNull({c%u:String}))",
        ") <= toFloat64OrNull({c%u:String}))",
        ") > toFloat64OrNull({c%u:String}))",
        ") >= toFloat64OrNull({c%u:String}))"
    };

    field = &discover->fields[i];
    f = field->function;

    if (f == NULL) {
        et_discover_column_sql(query, field->column, discover->counts, i);
        return;
    }

    if (f->argument == ET_ARGUMENT_CONDITION) {
        et_sql_add(query, f->sql);
        et_sql_add(query, field->op < 2 ? "toString("
                                        : "toFloat64OrNull(toString(");
        et_discover_column_sql(query, field->column, discover->counts, i);
        et_sql_add(query, ")");
        et_sql_add_n(query, ops[field->op], i);
        return;
    }

    if (f->argument != ET_ARGUMENT_FIELD) {
        et_sql_add(query, f->sql);
        return;
    }

    /* a folded row knows its users, but not by name */

    if (field->column != NULL && field->column->users) {
        et_sql_add(query, "uniqArray(users)");
        return;
    }

    et_sql_add(query, f->sql);
    et_discover_column_sql(query, field->column, discover->counts, i);

    if (f->type == ET_DISCOVER_STRING) {
        et_sql_add(query, "))");
        return;
    }

    /* what is not there is no value */

    et_sql_add(query, ", toString(");
    et_discover_column_sql(query, field->column, discover->counts, i);
    et_sql_add(query, ") != '')");
}


void
et_discover_where(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover)
{
    et_discover_conditions(query, discover);
    et_discover_conditions_params(call, query, discover);
}


/* Its environments and words; and, once in a query, their parameters. */

static void
et_discover_conditions(et_sql_t *query, const et_discover_t *discover)
{
    if (discover->nenvironments != 0) {
        et_sql_add(query, ET_SQL_DISCOVER_ENVIRONMENTS);
    }

    et_discover_search_where(query, &discover->search, discover->counts);
}


static void
et_discover_conditions_params(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover)
{
    if (discover->nenvironments != 0) {
        et_sql_strs(query, "environments", discover->environments,
                    discover->nenvironments);
    }

    et_discover_search_params(call, query, discover);
}


static void
et_discover_from(et_sql_t *query, const et_discover_t *discover)
{
    int                          by_time;
    const et_discover_column_t  *column;

    /* an issue's events, and one of an id, are found in the table of events */

    by_time = !et_discover_search_key(&discover->search);

    et_discover_rows(query, discover, by_time);

    if (discover->grouped) {
        return;
    }

    et_sql_add(query, ET_SQL_DISCOVER_BODY);

    column = discover->fields[discover->sort].column;

    if (column == NULL || !column->newest || !discover->descending
        || (by_time && discover->nprojects == 1))
    {
        return;
    }

    /* not the order of the table */

    et_sql_add(query, ET_SQL_DISCOVER_NEWEST);
    et_discover_rows(query, discover, by_time);
    et_sql_add(query, ET_SQL_DISCOVER_NEWEST_END);
}


static void
et_discover_rows(et_sql_t *query, const et_discover_t *discover, int by_time)
{
    et_sql_add(query, discover->counts ? ET_SQL_DISCOVER_COUNTS
                      : by_time ? ET_SQL_DISCOVER_BY_TIME
                                : ET_SQL_DISCOVER_EVENTS);

    et_discover_conditions(query, discover);
}


static void
et_discover_order(et_sql_t *query, const et_discover_t *discover)
{
    unsigned  i;

    et_sql_add_n(query, " ORDER BY c%u", (unsigned) discover->sort);
    et_sql_add(query, discover->descending ? " DESC" : "");

    /* equal ones have an order, too, or pages would overlap */

    if (!discover->grouped) {
        et_sql_add(query, ", event_id");
    }

    for (i = 0; i < discover->nfields; i++) {
        if (discover->grouped && et_discover_is_group(&discover->fields[i])) {
            et_sql_add_n(query, ", c%u", i);
        }
    }

    et_sql_add(query, " LIMIT {limit:UInt64} OFFSET {offset:UInt64}");
}


static void
et_discover_top(et_sql_t *query, const et_discover_t *discover,
    et_discover_part_t part)
{
    et_sql_add(query, " AND (");
    et_discover_groups(query, discover, 1);
    et_sql_add(query, part == ET_DISCOVER_OTHER ? ") NOT IN (SELECT "
                                                : ") IN (SELECT ");
    et_discover_groups(query, discover, 0);
    et_sql_add(query, " FROM (");
    et_discover_select(query, discover, ET_DISCOVER_ALL, 0);
    et_discover_from(query, discover);
    et_sql_add(query, " GROUP BY ALL");
    et_discover_order(query, discover);
    et_sql_add(query, "))");
}


static void
et_discover_groups(et_sql_t *query, const et_discover_t *discover,
    int expressions)
{
    unsigned     i;
    const char  *separator;

    separator = "";

    for (i = 0; i < discover->nfields; i++) {
        if (!et_discover_is_group(&discover->fields[i])) {
            continue;
        }

        et_sql_add(query, separator);
        separator = ", ";

        if (expressions) {
            et_discover_expression(query, discover, i);

        } else {
            et_sql_add_n(query, "c%u", i);
        }
    }
}


static void
et_discover_params(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover)
{
    unsigned                    i;
    const et_discover_field_t  *field;

    et_sql_u64s(query, "projects", discover->projects, discover->nprojects);
    et_sql_i64(query, "from", discover->from);
    et_sql_i64(query, "to", discover->to);
    et_sql_i64(query, "step", discover->step);
    et_sql_u64(query, "limit", discover->limit);
    et_sql_u64(query, "offset", discover->offset);
    et_sql_u64(query, "reach", (discover->limit + discover->offset) * 5 / 4
                               + ET_DISCOVER_MORE);
    et_discover_rates(query, discover);

    for (i = 0; i < discover->nfields; i++) {
        field = &discover->fields[i];

        if (field->tag.len != 0) {
            et_sql_str(query, et_sql_name(query, "t%u", i), field->tag);
        }

        if (field->function != NULL
            && field->function->argument == ET_ARGUMENT_CONDITION)
        {
            et_sql_str(query, et_sql_name(query, "c%u", i), field->value);
        }
    }

    et_discover_conditions_params(call, query, discover);
}


/* What a rate is of: a bucket, or the period. */

static void
et_discover_rates(et_sql_t *query, const et_discover_t *discover)
{
    int64_t  seconds;

    seconds = discover->step != 0 ? discover->step
                          : (discover->to - discover->from) / ET_SECOND;

    et_sql_u64(query, "seconds", seconds > 0 ? (uint64_t) seconds : 1);
}


static int
et_discover_is_group(const et_discover_field_t *field)
{
    return field->function == NULL;
}


cJSON *
et_discover_value(et_call_t *call, const et_discover_field_t *field,
    const et_value_t *value, const et_projects_t *projects)
{
    char           text[ET_OUT_TIME];
    et_project_t  *project;

    switch (field->type) {

    case ET_DISCOVER_INTEGER:
        return et_new_u64(value->u);

    case ET_DISCOVER_NUMBER:
        return cJSON_CreateNumber(value->d);

    case ET_DISCOVER_TIME:
        et_time_print(value->i, text);
        return cJSON_CreateString(text);

    case ET_DISCOVER_PROJECT:
        project = et_project_find(projects, value->u);

        return project == NULL ? cJSON_CreateNull()
                               : et_new_str(project->slug);

    case ET_DISCOVER_ISSUE:
        return et_discover_issue(call, value->s, projects);

    default:
        break;
    }

    /* a tag that an event has not */

    if (field->tag.len != 0 && value->s.len == 0) {
        return cJSON_CreateNull();
    }

    return et_new_str(value->s);
}


/* "project:id", both of them numbers. */

static cJSON *
et_discover_issue(et_call_t *call, et_slice_t text,
    const et_projects_t *projects)
{
    size_t         i;
    cJSON         *object;
    uint64_t       number, id;
    et_project_t  *project;

    for (i = 0; i < text.len && text.data[i] != ':'; i++) { /* void */ }

    if (i == text.len
        || !et_parse_u64(et_slice(text.data, i), &number)
        || !et_parse_u64(et_slice(text.data + i + 1, text.len - i - 1), &id))
    {
        return cJSON_CreateNull();
    }

    project = et_project_find(projects, number);
    object = cJSON_CreateObject();

    if (project == NULL || object == NULL) {
        return cJSON_CreateNull();
    }

    et_out_short_id(call, object, "issue", project, id);

    return cJSON_DetachItemFromObject(object, "issue");
}


const char *
et_discover_type(const et_discover_field_t *field)
{
    return et_discover_types[field->type];
}


void
et_out_named(cJSON *object, et_slice_t name, cJSON *item)
{
    cJSON  *text;

    text = et_new_str(name);

    if (text != NULL && item != NULL) {
        cJSON_AddItemToObject(object, text->valuestring, item);
    }
}
