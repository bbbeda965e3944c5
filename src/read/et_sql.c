/*
 * One query to ClickHouse.
 *
 * How ClickHouse 24 to 26 read a parameter, tried on a server: a String is a
 * field of TabSeparated (\t, \n and \\ are escapes; a raw tab or line feed
 * ends the value, which is an error then), an Array is a literal whose
 * strings are in quotes, with escapes of the same kind in them and none
 * around them.
 */

#include "et_sql.h"


/*
 * From how much on a second thread helps: ClickHouse's own values are for
 * rows of some bytes, and ours are few whose states are costly to read.
 */
#define ET_SQL_THREAD_ROWS   8192
#define ET_SQL_THREAD_BYTES  1048576


static void et_sql_param(et_sql_t *query, const char *name);
static et_slice_t et_sql_escape(et_sql_t *query, et_slice_t value,
    int quoted);
static void et_sql_setting(et_text_t *args, const char *name, uint64_t n);


void
et_sql_init(et_sql_t *query, et_arena_t *arena, const char *columns)
{
    memset(query, 0, sizeof(et_sql_t));

    et_text_init(&query->sql, arena);
    et_text_init(&query->args, arena);

    query->columns = columns;
}


void
et_sql_add(et_sql_t *query, const char *sql)
{
    et_text_str(&query->sql, sql);
}


void
et_sql_add_n(et_sql_t *query, const char *sql, unsigned n)
{
    const char  *p;

    for (p = strstr(sql, "%u"); p != NULL; p = strstr(sql, "%u")) {
        et_text_add(&query->sql, et_slice(sql, (size_t) (p - sql)));
        et_text_u64(&query->sql, n);
        sql = p + 2;
    }

    et_text_str(&query->sql, sql);
}


void
et_sql_of_projects(et_sql_t *query, int all)
{
    et_sql_add(query, all ? "identity(project_id) IN {projects:Array(UInt64)}"
                          : ET_SQL_OF_PROJECTS);
}


void
et_sql_u64(et_sql_t *query, const char *name, uint64_t value)
{
    et_sql_param(query, name);
    et_text_u64(&query->args, value);
}


void
et_sql_i64(et_sql_t *query, const char *name, int64_t value)
{
    et_sql_param(query, name);
    et_text_i64(&query->args, value);
}


void
et_sql_str(et_sql_t *query, const char *name, et_slice_t value)
{
    et_sql_param(query, name);
    et_text_url(&query->args, et_sql_escape(query, value, 0));
}


void
et_sql_u64s(et_sql_t *query, const char *name, const uint64_t *values,
    size_t n)
{
    size_t  i;

    et_sql_param(query, name);
    et_text_str(&query->args, "%5B");

    for (i = 0; i < n; i++) {
        if (i != 0) {
            et_text_char(&query->args, ',');
        }

        et_text_u64(&query->args, values[i]);
    }

    et_text_str(&query->args, "%5D");
}


void
et_sql_pairs(et_sql_t *query, const char *name, const uint64_t (*pairs)[2],
    size_t n)
{
    size_t  i;

    et_sql_param(query, name);
    et_text_str(&query->args, "%5B");

    for (i = 0; i < n; i++) {
        et_text_str(&query->args, i == 0 ? "%28" : ",%28");
        et_text_u64(&query->args, pairs[i][0]);
        et_text_char(&query->args, ',');
        et_text_u64(&query->args, pairs[i][1]);
        et_text_str(&query->args, "%29");
    }

    et_text_str(&query->args, "%5D");
}


void
et_sql_strs(et_sql_t *query, const char *name, const et_slice_t *values,
    size_t n)
{
    size_t  i;

    et_sql_param(query, name);
    et_text_str(&query->args, "%5B");

    for (i = 0; i < n; i++) {
        et_text_str(&query->args, i == 0 ? "%27" : ",%27");
        et_text_url(&query->args, et_sql_escape(query, values[i], 1));
        et_text_str(&query->args, "%27");
    }

    et_text_str(&query->args, "%5D");
}


const char *
et_sql_name(et_sql_t *query, const char *name, unsigned n)
{
    et_text_t    text;
    const char  *p;

    p = strstr(name, "%u");

    et_text_init(&text, query->args.arena);
    et_text_add(&text, et_slice(name, (size_t) (p - name)));
    et_text_u64(&text, n);
    et_text_str(&text, p + 2);

    name = et_text_slice(&text).data;

    if (name == NULL) {
        query->args.failed = 1;
        return "";
    }

    return name;
}


static void
et_sql_param(et_sql_t *query, const char *name)
{
    et_text_str(&query->args, "&param_");
    et_text_str(&query->args, name);
    et_text_char(&query->args, '=');
}


static et_slice_t
et_sql_escape(et_sql_t *query, et_slice_t value, int quoted)
{
    char        c;
    size_t      i;
    et_text_t   text;

    for (i = 0; i < value.len; i++) {
        c = value.data[i];

        if (c == '\\' || c == '\t' || c == '\n' || (quoted && c == '\'')) {
            break;
        }
    }

    if (i == value.len) {
        return value;
    }

    et_text_init(&text, query->args.arena);

    for (i = 0; i < value.len; i++) {

        switch (value.data[i]) {

        case '\\':
            et_text_str(&text, "\\\\");
            break;

        case '\t':
            et_text_str(&text, "\\t");
            break;

        case '\n':
            et_text_str(&text, "\\n");
            break;

        case '\'':
            et_text_str(&text, quoted ? "\\'" : "'");
            break;

        default:
            et_text_char(&text, value.data[i]);
        }
    }

    query->args.failed |= text.failed;

    return et_text_slice(&text);
}


/*
 * readonly=2: nothing is changed, settings may be.  A server that goes on
 * with the query of a client that is gone would do so for nobody.
 * wait_end_of_query: the status is that of the whole query.
 */

et_slice_t
et_sql_args(et_sql_t *query, const et_sql_limits_t *limits)
{
    et_text_t  args;

    et_text_init(&args, query->args.arena);

    et_text_str(&args, "wait_end_of_query=1&database=");
    et_text_url(&args, et_slice_str(limits->database));

    if (query->write) {
        et_text_str(&args, "&async_insert=0");

    } else {
        et_text_str(&args, "&readonly=2"
                    "&cancel_http_readonly_queries_on_client_close=1"
                    "&result_overflow_mode=throw&read_overflow_mode=throw"
                    "&default_format=RowBinaryWithNamesAndTypes");
        et_sql_setting(&args, "merge_tree_min_rows_for_concurrent_read",
                       ET_SQL_THREAD_ROWS);
        et_sql_setting(&args, "merge_tree_min_bytes_for_concurrent_read",
                       ET_SQL_THREAD_BYTES);
        et_sql_setting(&args, "max_rows_to_read", limits->read_rows);
        et_sql_setting(&args, "max_bytes_to_read", limits->read_bytes);
        et_sql_setting(&args, "max_result_bytes", limits->answer);
    }

    et_sql_setting(&args, "max_execution_time", limits->seconds);
    et_sql_setting(&args, "max_threads", query->small ? 1 : limits->threads);
    et_sql_setting(&args, "max_memory_usage", limits->memory);

    args.failed |= query->args.failed;
    et_text_add(&args, et_slice(query->args.data, query->args.len));

    return et_text_slice(&args);
}


et_slice_t
et_sql_body(et_sql_t *query)
{
    return et_text_slice(&query->sql);
}


static void
et_sql_setting(et_text_t *args, const char *name, uint64_t n)
{
    if (n == 0) {
        return;
    }

    et_text_char(args, '&');
    et_text_str(args, name);
    et_text_char(args, '=');
    et_text_u64(args, n);
}
