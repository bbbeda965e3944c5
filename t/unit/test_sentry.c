/*
 * Every operation of Sentry's API, run without a server: each query is
 * answered with rows of the columns that it asks for, whole, cut, or none, and
 * memory ends anywhere.
 */

#include "et_sentry.h"
#include "et_test.h"


#define PROJECT    7
#define STEPS      (ET_CALL_STEPS + 1)
#define ANSWER     8192
#define MEMORY     ((size_t) 16 * 1024 * 1024)


static char         answers[ET_CALL_QUERIES][ANSWER];
static et_access_t  access_to;


static char *
text(char *p, const char *s)
{
    size_t  len;

    len = strlen(s);
    *p++ = (char) len;
    memcpy(p, s, len);

    return p + len;
}


static char *
number(char *p, uint64_t n)
{
    memcpy(p, &n, sizeof(n));

    return p + sizeof(n);
}


/* RowBinaryWithNamesAndTypes of so many rows; see et_result.h. */

static et_slice_t
answer(char *out, const char *columns, unsigned rows)
{
    char        *p;
    double       d;
    unsigned     row;
    const char  *c, *type;

    if (columns == NULL) {
        return et_slice(out, 0);
    }

    p = out;
    *p++ = (char) strlen(columns);

    for (c = columns; *c != '\0'; c++) {
        p = text(p, "c");
    }

    for (c = columns; *c != '\0'; c++) {
        type = *c == 'Q' ? "UInt64" : *c == 'q' ? "Int64"
               : *c == 's' ? "String" : *c == 't' ? "DateTime64(6, 'UTC')"
               : *c == 'd' ? "Float64" : *c == 'C' ? "UInt8"
               : *c == 'S' ? "Array(String)" : *c == 'A' ? "Array(UInt64)"
               : "Map(String, String)";
        p = text(p, type);
    }

    for (row = 0; row < rows; row++) {
        for (c = columns; *c != '\0'; c++) {

            switch (*c) {

            case 'Q':
                p = number(p, PROJECT);
                break;

            case 'q':
            case 't':
                p = number(p, UINT64_C(1700000000000000) + row);
                break;

            case 'd':
                d = 0.5;
                memcpy(p, &d, sizeof(d));
                p += sizeof(d);
                break;

            case 's':
                p = text(p, row == 0 ? "resolved" : "{\"a\":[\"b\xff\"]}");
                break;

            case 'C':
                *p++ = 1;
                break;

            case 'S':
                *p++ = 1;
                p = text(p, "x");
                break;

            case 'A':
                *p++ = 1;
                p = number(p, PROJECT);
                break;

            default:
                *p++ = 1;
                p = text(p, "k");
                p = text(p, "v");
            }
        }
    }

    return et_slice(out, (size_t) (p - out));
}


/* "api/0/projects/" "*" "/" "*" with what stands for each "*". */

static et_slice_t
path_of(const char *pattern, char *path)
{
    char        *p;
    const char  *s;

    p = path;
    *p++ = '/';

    for (s = pattern; *s != '\0'; s++) {
        if (*s == '*') {
            *p++ = '7';

        } else {
            *p++ = *s;
        }
    }

    *p++ = '/';

    return et_slice(path, (size_t) (p - path));
}


/* The status that the operation ends with; 0 where it does not end. */

static unsigned
run(const et_operation_t *operation, const char *query, size_t memory,
    unsigned rows, size_t cut)
{
    char        path[256];
    size_t      i;
    unsigned    step, status;
    et_call_t  *call;
    et_arena_t  arena;

    call = calloc(1, sizeof(et_call_t));

    et_arena_init(&arena, memory, 0);

    call->arena = &arena;
    call->method = operation->method;
    call->url = et_slice_str("http://localhost/api/0/x/");
    call->now = INT64_C(1700000100000000);
    call->access = &access_to;
    call->body = et_slice_str("{\"status\":\"resolved\",\"version\":\"a\","
                              "\"projects\":[\"7\"],\"environment\":\"e\"}");
    status = 0;

    if (et_params_parse(&arena, et_slice_str(query), &call->params) != NULL
        || !et_call_route(call, et_sentry_operations,
                          path_of(operation->path, path)))
    {
        status = call->status != 0 ? call->status : 503;
        goto done;
    }

    for (step = 0; step < STEPS; step++) {

        if (et_call_run(call) == ET_CALL_ANSWERED) {
            status = call->status;
            et_check(call->answer.data != NULL && call->type != NULL);
            break;
        }

        for (i = 0; i < call->nqueries; i++) {
            call->queries[i].answer = answer(answers[i],
                                             call->queries[i].columns, rows);

            if (call->queries[i].answer.len > cut) {
                call->queries[i].answer.len -= cut;
            }

            (void) et_sql_body(&call->queries[i]);
        }
    }

done:

    et_arena_destroy(&arena);
    free(call);

    return status;
}


static void
test_operations(void)
{
    size_t                 memory, cut;
    unsigned               rows, status;
    const et_operation_t  *operation;

    static const char  query[] = "query=level:error%20x&project=7&limit=2"
                                 "&statsPeriod=24h&id=7&field=title"
                                 "&field=count()&sort=new";

    ET_TEST("every operation ends with an answer, whatever ClickHouse has") {
        for (operation = et_sentry_operations; operation->name != NULL;
             operation++)
        {
            for (rows = 0; rows < 4; rows++) {
                status = run(operation, "", MEMORY, rows, 0);

                /* a count has a row in every answer: none is unreadable */

                if (rows == 0 && status == 502) {
                    continue;
                }

                if (status < 200 || status == 500 || status > 501) {
                    printf("# %s, %u rows: %u\n", operation->name, rows,
                           status);
                    et_check(0);
                }

                et_check(run(operation, query, MEMORY, rows, 0) != 0);
            }
        }
    }

    ET_TEST("an answer that is cut anywhere is no crash") {
        for (operation = et_sentry_operations; operation->name != NULL;
             operation++)
        {
            for (cut = 1; cut < 300; cut += 7) {
                et_check(run(operation, "", MEMORY, 2, cut) != 0);
            }
        }
    }

    ET_TEST("memory that ends anywhere is no crash, and no half an answer") {
        for (operation = et_sentry_operations; operation->name != NULL;
             operation++)
        {
            for (memory = 64; memory < 64 * 1024; memory += 1021) {
                status = run(operation, query, memory, 2, 0);
                et_check(status != 0);
            }

            /* and malloc() itself, which the arena's chunks come from */

            for (memory = 2; memory < 12; memory++) {
                et_fail_nth(memory);
                status = run(operation, query, MEMORY, 2, 0);
                et_check(status != 0);
                et_fail_nth(0);
            }
        }
    }
}


int
main(void)
{
    static const uint64_t  projects[] = { PROJECT };

    access_to.scopes = ET_SCOPES_ALL;
    access_to.projects = projects;
    access_to.nprojects = 1;
    access_to.name = et_slice("name", 4);

    test_operations();

    return et_test_done();
}
