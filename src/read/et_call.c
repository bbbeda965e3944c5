/*
 * One call of a read API: the way from path to operation, its steps, and
 * the answers that every operation may give.
 */

#include <stdio.h>

#include "et_call.h"
#include "et_json.h"
#include "et_out.h"
#include "et_route.h"


static int et_call_match(et_call_t *call, const char *pattern,
    et_slice_t path);
static et_call_rc_t et_call_bad(et_call_t *call, const char *name,
    const char *what);


static const char  et_call_memory[] =
    "{\"detail\":\"out of memory, try again later\"}";


int
et_call_route(et_call_t *call, const et_operation_t *table, et_slice_t path)
{
    int     known;
    size_t  i;

    known = 0;

    for ( /* void */ ; table->name != NULL; table++) {

        if (known && table->method != call->method) {
            continue;
        }

        if (!et_call_match(call, table->path, path)) {
            continue;
        }

        if (table->method != call->method) {
            known = 1;
            continue;
        }

        for (i = 0; i < call->nsegments; i++) {
            call->segments[i] = et_url_decode(call->arena, call->segments[i],
                                              '+');

            if (call->segments[i].data == NULL) {
                et_call_no_memory(call);
                return 0;
            }

            if (memchr(call->segments[i].data, '\0', call->segments[i].len)
                != NULL
                || !et_utf8_valid(call->segments[i].data,
                                  call->segments[i].len))
            {
                et_call_fail(call, 400, "the path is not UTF-8 text");
                return 0;
            }
        }

        call->operation = table;

        if (!et_access_scope(call->access, table->scopes)) {
            et_call_fail(call, 403, "the token has no scope for this");
            return 0;
        }

        return 1;
    }

    et_call_fail(call, known ? 405 : 404,
                 known ? "method not allowed" : "no such endpoint");

    return 0;
}


/* Compares from the end; the segments that "*" matched are in the order of
 * the path afterwards. */

static int
et_call_match(et_call_t *call, const char *pattern, et_slice_t path)
{
    size_t      i, n;
    et_slice_t  rest, want, got, swap;

    n = 0;
    rest = et_slice_str(pattern);

    for ( ;; ) {
        want = et_path_last_segment(&rest);

        if (want.len == 0) {
            break;
        }

        got = et_path_last_segment(&path);

        if (got.len == 0) {
            return 0;
        }

        if (want.len == 1 && want.data[0] == '*') {
            if (n == ET_CALL_SEGMENTS) {
                return 0;
            }

            call->segments[n++] = got;
            continue;
        }

        if (!et_slice_eq(want, got)) {
            return 0;
        }
    }

    call->nsegments = n;

    for (i = 0; i < n / 2; i++) {
        swap = call->segments[i];
        call->segments[i] = call->segments[n - 1 - i];
        call->segments[n - 1 - i] = swap;
    }

    return 1;
}


et_call_rc_t
et_call_run(et_call_t *call)
{
    size_t        i;
    et_call_rc_t  rc;

    if (call->step == ET_CALL_STEPS) {
        return et_call_fail(call, 500, "the operation does not end");
    }

    /* the queries of the step before are read, and new ones asked, here */

    for (i = 0; i < call->nqueries; i++) {
        call->answers[i] = call->queries[i].answer;
    }

    call->nqueries = 0;

    et_json_begin(call->arena);

    rc = call->operation->run(call);

    et_json_end();

    call->step++;

    if (rc == ET_CALL_ASK && call->failed) {
        return et_call_no_memory(call);
    }

    return rc;
}


et_sql_t *
et_call_query(et_call_t *call, const char *columns)
{
    et_sql_t  *query;

    if (call->nqueries == ET_CALL_QUERIES) {
        call->failed = 1;
        call->nqueries = 0;
    }

    query = &call->queries[call->nqueries++];

    et_sql_init(query, call->arena, columns);

    return query;
}


void *
et_call_state(et_call_t *call, size_t size)
{
    if (call->state == NULL) {
        call->state = et_arena_zalloc(call->arena, size);
    }

    return call->state;
}


et_call_rc_t
et_call_fail(et_call_t *call, unsigned status, const char *detail)
{
    et_text_t  text;

    et_text_init(&text, call->arena);
    et_text_str(&text, "{\"detail\":\"");
    et_text_str(&text, detail);
    et_text_str(&text, "\"}");

    call->status = status;
    call->type = "application/json";
    call->answer = et_text_slice(&text);
    call->link.len = 0;
    call->filename.len = 0;

    if (call->answer.data == NULL) {
        return et_call_no_memory(call);
    }

    return ET_CALL_ANSWERED;
}


et_call_rc_t
et_call_no_memory(et_call_t *call)
{
    call->status = 503;
    call->type = "application/json";
    call->answer = et_slice(et_call_memory, sizeof(et_call_memory) - 1);
    call->link.len = 0;
    call->filename.len = 0;

    return ET_CALL_ANSWERED;
}


et_call_rc_t
et_call_unreadable(et_call_t *call)
{
    return et_call_fail(call, 502, "ClickHouse's answer is not of this "
                        "schema: apply conf/clickhouse/ to it");
}


et_call_rc_t
et_call_json(et_call_t *call, unsigned status, cJSON *root)
{
    char  *text;

    if (root == NULL || call->arena->state != ET_ARENA_FINE) {
        return et_call_no_memory(call);
    }

    text = cJSON_PrintBuffered(root, 16 * 1024, 0);

    if (text == NULL) {
        return et_call_no_memory(call);
    }

    call->status = status;
    call->type = "application/json";
    call->answer = et_slice_str(text);

    return ET_CALL_ANSWERED;
}


et_call_rc_t
et_call_empty(et_call_t *call, unsigned status)
{
    call->status = status;
    call->type = "application/json";
    call->answer = et_slice("", 0);

    return ET_CALL_ANSWERED;
}


int
et_call_number(et_call_t *call, const char *name, uint64_t min, uint64_t max,
    uint64_t *value)
{
    char        what[80];
    uint64_t    n;
    et_slice_t  text;

    text = et_params_get(&call->params, name);

    if (text.len == 0) {
        return 1;
    }

    if (!et_parse_u64(text, &n) || n < min || n > max) {
        snprintf(what, sizeof(what), "a number from %llu to %llu",
                 (unsigned long long) min, (unsigned long long) max);
        et_call_bad(call, name, what);
        return 0;
    }

    *value = n;

    return 1;
}


int
et_call_choice(et_call_t *call, const char *name, const char *const *choices,
    unsigned *value)
{
    unsigned    i;
    et_text_t   what;
    et_slice_t  text;

    text = et_params_get(&call->params, name);

    if (text.len == 0) {
        return 1;
    }

    et_text_init(&what, call->arena);
    et_text_str(&what, "one of");

    for (i = 0; choices[i] != NULL; i++) {
        if (et_slice_eq(text, et_slice_str(choices[i]))) {
            *value = i;
            return 1;
        }

        et_text_str(&what, i == 0 ? " " : ", ");
        et_text_str(&what, choices[i]);
    }

    text = et_text_slice(&what);
    et_call_bad(call, name, text.data == NULL ? "another value" : text.data);

    return 0;
}


int
et_call_period(et_call_t *call, const char *name, int64_t *us)
{
    et_slice_t  text;

    text = et_params_get(&call->params, name);

    if (text.len == 0) {
        return 1;
    }

    if (!et_period_parse(text, us)) {
        et_call_bad(call, name, "a period such as 15m, 24h or 14d");
        return 0;
    }

    return 1;
}


int
et_period_parse(et_slice_t text, int64_t *us)
{
    int64_t   unit;
    uint64_t  n;

    if (text.len < 2) {
        return 0;
    }

    switch (text.data[text.len - 1]) {

    case 's':
        unit = 1;
        break;

    case 'm':
        unit = 60;
        break;

    case 'h':
        unit = 3600;
        break;

    case 'd':
        unit = 86400;
        break;

    case 'w':
        unit = 7 * 86400;
        break;

    default:
        return 0;
    }

    text.len--;

    /* a thousand years are no period */

    if (!et_parse_u64(text, &n) || n == 0
        || n > UINT64_C(1000) * 366 * 86400 / (uint64_t) unit)
    {
        return 0;
    }

    *us = (int64_t) n * unit * 1000000;

    return 1;
}


int
et_call_body(et_call_t *call, cJSON **root)
{
    et_slice_t  body;

    /* the parser mends its text in place */

    body = et_arena_copy(call->arena, call->body);

    if (body.data == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    if (et_json_parse(call->arena, (char *) body.data, body.len, root)
        != ET_OK)
    {
        *root = NULL;
    }

    return 1;
}


int
et_call_segment(et_call_t *call, size_t i, uint64_t max, uint64_t *value)
{
    if (!et_parse_u64(call->segments[i], value) || *value > max) {
        et_call_fail(call, 404, "the path has a name where an id has to be");
        return 0;
    }

    return 1;
}


static et_call_rc_t
et_call_bad(et_call_t *call, const char *name, const char *what)
{
    et_text_t    text;
    const char  *detail;

    et_text_init(&text, call->arena);
    et_text_str(&text, name);
    et_text_str(&text, " has to be ");
    et_text_str(&text, what);

    detail = et_text_slice(&text).data;

    return detail == NULL ? et_call_no_memory(call)
                          : et_call_fail(call, 400, detail);
}
