/*
 * What a client asks of the read APIs: a call's query and body, of any of
 * their operations.  Whatever they are, the call comes to an answer, and none
 * of it is ever in the SQL.
 *
 * Input: which operation, how many rows ClickHouse answers, how long the query
 * is (16 bits); the query, and the body behind it.
 */

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "et_fuzz.h"
#include "et_gitlab.h"
#include "et_sentry.h"


/* as the module's, bytes */
#define ET_FUZZ_ARENA  (64 * 1024 * 1024)

/* in a query it is a value, which SQL never has */
#define ET_FUZZ_MARK   "q7z"
#define ET_FUZZ_DAY   (INT64_C(86400) * ET_SECOND)
#define ET_FUZZ_DAYS  40


static void et_fuzz_call(et_arena_t *arena, const et_operation_t *table,
    const et_operation_t *operation, et_slice_t query, et_slice_t body,
    size_t rows);
static et_slice_t et_fuzz_path(et_arena_t *arena, const char *pattern);
static void et_fuzz_asked(et_sql_t *query);
static et_slice_t et_fuzz_answer(et_arena_t *arena, const char *columns,
    size_t rows);
static void et_fuzz_value(et_text_t *text, char letter, int named,
    size_t column, size_t row);
static void et_fuzz_string(et_text_t *text, const char *s);
static void et_fuzz_number(et_text_t *text, uint64_t n);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                  *text;
    size_t                 len, i, n;
    const et_operation_t  *o, *table;

    static et_arena_t      arena;

    if (size < 4) {
        return 0;
    }

    len = (size_t) data[2] << 8 | data[3];
    len = len < size - 4 ? len : size - 4;

    for (n = 0, o = et_gitlab_operations; o->name != NULL; o++) {
        n++;
    }

    i = data[0];
    table = i < n ? et_gitlab_operations : et_sentry_operations;
    o = table;

    for (i = i < n ? i : i - n; i != 0 && o[1].name != NULL; i--) {
        o++;
    }

    text = et_fuzz_copy(data + 4, size - 4);

    et_arena_init(&arena, ET_FUZZ_ARENA, 0);
    et_fuzz_call(&arena, table, o, et_slice(text, len),
                 et_slice(text + len, size - 4 - len), data[1] % 4);
    et_arena_destroy(&arena);

    free(text);

    return 0;
}


static void
et_fuzz_call(et_arena_t *arena, const et_operation_t *table,
    const et_operation_t *operation, et_slice_t query, et_slice_t body,
    size_t rows)
{
    cJSON       *root;
    size_t       i;
    const char  *error;
    et_call_t   *call;

    call = calloc(1, sizeof(et_call_t));
    if (call == NULL) {
        return;
    }

    call->arena = arena;
    call->method = operation->method;
    call->now = ET_FUZZ_NOW;
    call->url = et_slice_str("http://localhost/api/0/");
    call->body = body;

    error = et_params_parse(arena, query, &call->params);

    if (error == NULL
        && et_call_route(call, table, et_fuzz_path(arena, operation->path)))
    {
        while (et_call_run(call) == ET_CALL_ASK) {
            for (i = 0; i < call->nqueries; i++) {
                et_fuzz_asked(&call->queries[i]);

                if (call->queries[i].columns != NULL) {
                    call->queries[i].answer = et_fuzz_answer(arena,
                                           call->queries[i].columns, rows);
                }
            }
        }
    }

    if (error == NULL) {
        et_fuzz_check(call->status >= 200 && call->status < 600);
        et_fuzz_check(call->status != 500);

        if (call->answer.len != 0
            && strcmp(call->type, "application/json") == 0)
        {
            root = cJSON_ParseWithLength(call->answer.data,
                                         call->answer.len);
            et_fuzz_check(root != NULL);
            cJSON_Delete(root);
        }
    }

    free(call);
}


static et_slice_t
et_fuzz_path(et_arena_t *arena, const char *pattern)
{
    et_text_t    text;
    const char  *p;

    et_text_init(&text, arena);
    et_text_char(&text, '/');

    for (p = pattern; *p != '\0'; p++) {
        if (*p != '*') {
            et_text_char(&text, *p);

        } else if (p - pattern > 7 && (memcmp(p - 7, "events/", 7) == 0
                                       || memcmp(p - 7, "entids/", 7) == 0))
        {
            et_text_str(&text, "0123456789abcdef0123456789abcdef");

        } else {
            et_text_str(&text, "7");
        }
    }

    return et_text_slice(&text);
}


/* SQL is this source's; parameters are encoded, every byte of them. */

static void
et_fuzz_asked(et_sql_t *query)
{
    char         c;
    size_t       i;
    et_slice_t   sql;

    sql = et_sql_body(query);

    if (sql.data == NULL || query->args.failed) {
        return;
    }

    et_fuzz_check(strlen(sql.data) == sql.len);
    et_fuzz_check(strstr(sql.data, ET_FUZZ_MARK) == NULL);

    for (i = 0; i < query->args.len; i++) {
        c = et_lower(query->args.data[i]);

        et_fuzz_check((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                      || strchr("&=%-._~,", c) != NULL);
    }
}


static et_slice_t
et_fuzz_answer(et_arena_t *arena, const char *columns, size_t rows)
{
    size_t       i, r;
    et_text_t    text;
    const char  *p;

    static const struct {
        char         letter;
        const char  *type;
    } types[] = {
        { 'Q', "UInt64" }, { 'q', "Int64" }, { 'C', "UInt8" },
        { 'd', "Float64" }, { 's', "String" }, { 't', "DateTime64(6)" },
        { 'S', "Array(String)" }, { 'A', "Array(UInt64)" },
        { 'M', "Map(String, String)" }
    };

    et_text_init(&text, arena);
    et_text_char(&text, (char) strlen(columns));

    for (p = columns; *p != '\0'; p++) {
        et_fuzz_string(&text, "c");
    }

    for (p = columns; *p != '\0'; p++) {
        for (i = 0; types[i].letter != *p; i++) { /* void */ }
        et_fuzz_string(&text, types[i].type);
    }

    for (r = 0; r < rows; r++) {
        for (p = columns; *p != '\0'; p++) {

            /* projects have no name but their number, which is in the path */

            et_fuzz_value(&text, *p, strcmp(columns, "Qssss") != 0,
                          p - columns, r);
        }
    }

    return et_text_slice(&text);
}


/* The first number is that of the path; numbers behind ids are large, and times
 * are days apart. */

static void
et_fuzz_value(et_text_t *text, char letter, int named, size_t column,
    size_t row)
{
    switch (letter) {

    case 'Q':
    case 'q':
        et_fuzz_number(text, column == 0 ? 7
                             : column == 1 ? row + 1 : (row + 1) * 100003);
        break;

    case 't':
        et_fuzz_number(text, (uint64_t) ET_FUZZ_NOW - row
                             - (ET_FUZZ_DAYS - column) * ET_FUZZ_DAY);
        break;

    case 'd':
        et_fuzz_number(text, UINT64_C(0x3ff0000000000000));
        break;

    case 'C':
        et_text_char(text, 1);
        break;

    case 's':
        et_fuzz_string(text, named ? "v\xff\"" : "");
        break;

    case 'S':
        et_text_char(text, 1);
        et_fuzz_string(text, "a");
        break;

    case 'M':
        et_text_char(text, 1);
        et_fuzz_string(text, "a");
        et_fuzz_string(text, "b");
        break;

    default:
        et_text_char(text, 0);
    }
}


static void
et_fuzz_string(et_text_t *text, const char *s)
{
    et_text_char(text, (char) strlen(s));
    et_text_str(text, s);
}


static void
et_fuzz_number(et_text_t *text, uint64_t n)
{
    int  i;

    for (i = 0; i < 8; i++) {
        et_text_char(text, (char) (n >> 8 * i & 0xff));
    }
}
