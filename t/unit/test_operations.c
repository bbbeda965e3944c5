/*
 * The operations of both read APIs, run to their end without a server: each
 * is given answers of the columns that it asked for, whole and damaged, and
 * more and less memory.  What they answer is for the suites to test; here it
 * is that they always do.
 */

#include "et_gitlab.h"
#include "et_json.h"
#include "et_sentry.h"
#include "et_test.h"


#define PROJECT  UINT64_C(7)
#define NOW      INT64_C(1700000000000000)
#define ARENA    (64 * 1024 * 1024)

/* the columns of projects, whose names are their numbers here */
#define PROJECTS  "Qssss"


typedef struct {
    size_t  rows;              /* of each answer */
    size_t  cut;               /* bytes of the Nth answer that are there */
    size_t  nth;               /* 0: all are whole */
} answers_t;


static et_arena_t  arena;      /* the call's */
static et_arena_t  paper;      /* the answers' */
static et_call_t   call;


static void
put_string(et_text_t *text, et_slice_t s)
{
    et_text_char(text, (char) s.len);
    et_text_add(text, s);
}


static void
put_number(et_text_t *text, uint64_t n)
{
    int  i;

    for (i = 0; i < 8; i++) {
        et_text_char(text, (char) (n >> 8 * i & 0xff));
    }
}


/* A value of a letter; the r-th row's, so that rows differ. */

static void
put_value(et_text_t *text, char letter, size_t column, size_t r)
{
    double    d;
    uint64_t  n;

    switch (letter) {

    case 'Q':
        put_number(text, column == 0 ? PROJECT : 1 + r);
        break;

    case 'q':
        put_number(text, r);
        break;

    case 't':
        put_number(text, (uint64_t) NOW - r * 60000000);
        break;

    case 'd':
        d = 0.5 + (double) r;
        memcpy(&n, &d, 8);
        put_number(text, n);
        break;

    case 'C':
        et_text_char(text, 1);
        break;

    case 's':
        put_string(text, r == 0 ? et_slice_str("v\xff\"")
                                : et_slice_str("another"));
        break;

    case 'S':
    case 'M':
        et_text_char(text, 1);
        put_string(text, et_slice_str("key"));

        if (letter == 'M') {
            put_string(text, et_slice_str("value"));
        }

        break;

    case 'A':
        et_text_char(text, 1);
        put_number(text, 1);
        break;
    }
}


static et_slice_t
answer(const char *columns, size_t rows)
{
    size_t       i, r;
    et_text_t    text;
    const char  *p;

    static const struct {
        char         letter;
        const char  *type;
    } types[] = {
        { 'Q', "UInt64" }, { 'q', "Int64" }, { 'C', "UInt8" },
        { 'd', "Float64" }, { 's', "String" },
        { 't', "DateTime64(6, 'UTC')" }, { 'S', "Array(String)" },
        { 'A', "Array(UInt64)" }, { 'M', "Map(String, String)" }
    };

    et_text_init(&text, &paper);
    et_text_char(&text, (char) strlen(columns));

    for (p = columns; *p != '\0'; p++) {
        put_string(&text, et_slice_str("c"));
    }

    for (p = columns; *p != '\0'; p++) {
        for (i = 0; types[i].letter != *p; i++) { /* void */ }
        put_string(&text, et_slice_str(types[i].type));
    }

    for (r = 0; r < rows; r++) {
        for (i = 0; columns[i] != '\0'; i++) {
            if (columns[i] == 's' && strcmp(columns, PROJECTS) == 0) {
                put_string(&text, et_slice_str(""));

            } else {
                put_value(&text, columns[i], i, r);
            }
        }
    }

    return et_text_slice(&text);
}


/* An operation's path: what is open in it is a number, which is a name and an
 * id as well, or what only one of them takes. */

static et_slice_t
path_of(const et_operation_t *operation)
{
    et_text_t    text;
    const char  *p;

    et_text_init(&text, &paper);
    et_text_char(&text, '/');

    for (p = operation->path; *p != '\0'; p++) {
        if (*p != '*') {
            et_text_char(&text, *p);

        } else if (p - operation->path > 7
                   && (memcmp(p - 7, "events/", 7) == 0
                       || memcmp(p - 7, "entids/", 7) == 0))
        {
            et_text_str(&text, "0123456789abcdef0123456789abcdef");

        } else {
            et_text_str(&text, "7");
        }
    }

    return et_text_slice(&text);
}


static void
run(const et_operation_t *table, const et_operation_t *operation,
    const char *query, size_t limit, const answers_t *answers)
{
    size_t       i, n;
    const char  *columns, *error;

    et_arena_destroy(&arena);
    et_arena_init(&arena, limit, 0);
    et_arena_reset(&paper);

    memset(&call, 0, sizeof(call));
    call.arena = &arena;
    call.method = operation->method;
    call.now = NOW;
    call.url = et_slice_str("http://localhost/api/0/x/");
    call.body = et_slice_str("{\"status\":\"resolved\",\"version\":\"v\","
                             "\"environment\":\"e\",\"projects\":[\"7\"]}");

    error = et_params_parse(&arena, et_slice_str(query), &call.params);

    if (error != NULL) {
        et_call_no_memory(&call);
        return;
    }

    if (!et_call_route(&call, table, path_of(operation))) {
        return;
    }

    n = 0;

    while (et_call_run(&call) == ET_CALL_ASK) {
        for (i = 0; i < call.nqueries; i++) {
            columns = call.queries[i].columns;
            (void) et_sql_body(&call.queries[i]);

            if (columns == NULL) {
                continue;
            }

            call.queries[i].answer = answer(columns, answers->rows);

            if (++n == answers->nth
                && call.queries[i].answer.len > answers->cut)
            {
                call.queries[i].answer.len = answers->cut;
            }
        }
    }
}


/* What was answered is whole: a status, and JSON where it says so. */

static int
answered(void)
{
    cJSON  *root;

    if (call.status < 200 || call.status > 599 || call.type == NULL) {
        return 0;
    }

    if (call.answer.len == 0 || strcmp(call.type, "application/json") != 0) {
        return 1;
    }

    root = cJSON_ParseWithLength(call.answer.data, call.answer.len);
    cJSON_Delete(root);

    return root != NULL;
}


static const char *const  queries[] = {
    "",
    "project=7",
    "project=7&field=title&field=tags[a]&query=level:error+!a:*b+has:c"
        "+issue.id:5+timestamp:-1h+text&sort=-timestamp&environment=e",
    "field=count()&field=level&query=level:error&statsPeriod=14d",
    "field=issue&field=project&field=count_if(a,greater,2)&field=any(a)"
        "&field=latest_event()&field=epm()&sort=-last_seen()&per_page=1",
    "field=sum(session)&field=crash_free_rate(user)&groupBy=release"
        "&groupBy=session.status",
    "field=sum(session)&field=p95(session.duration)&groupBy=project"
        "&orderBy=sum(session)&query=release:a*+session.status:crashed",
    "yAxis=count()&field=title&topEvents=2&interval=1h",
    "yAxis=count()&groupBy=issue&topEvents=2&interval=60&sort=issue",
    "field=sum(quantity)&groupBy=project&groupBy=outcome&project=7",
    "download=1",
    "id=5&id=6&full=1",
    "dataset=logs&field=id&field=timestamp&field=project&field=shelf"
        "&query=severity:error+!shelf:b*+project:7+text&environment=e"
};


static void
each(const et_operation_t *table, void (*check)(const et_operation_t *table,
    const et_operation_t *operation))
{
    for (const et_operation_t *o = table; o->name != NULL; o++) {
        check(table, o);
    }
}


static void
check_whole(const et_operation_t *table, const et_operation_t *operation)
{
    size_t     i, rows;
    answers_t  answers;

    memset(&answers, 0, sizeof(answers));

    for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        for (rows = 0; rows < 4; rows++) {
            answers.rows = rows;
            run(table, operation, queries[i], ARENA, &answers);

            if (!answered()) {
                printf("# %s?%s, %zu rows: %u\n", operation->name,
                       queries[i], rows, call.status);
            }

            et_check(answered());
        }
    }
}


static void
check_damaged(const et_operation_t *table, const et_operation_t *operation)
{
    size_t     i;
    answers_t  answers;

    answers.rows = 2;

    for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        for (answers.nth = 1; answers.nth < 5; answers.nth++) {
            for (answers.cut = 0; answers.cut < 150; answers.cut += 7) {
                run(table, operation, queries[i], ARENA, &answers);
                et_check(answered());
            }
        }
    }
}


static void
check_memory(const et_operation_t *table, const et_operation_t *operation)
{
    size_t     i, limit, whole;
    unsigned   status;
    answers_t  answers;

    memset(&answers, 0, sizeof(answers));
    answers.rows = 3;

    for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        run(table, operation, queries[i], ARENA, &answers);
        status = call.status;
        whole = arena.size;

        for (limit = 0; limit <= whole; limit += 256 + limit / 30) {
            run(table, operation, queries[i], limit, &answers);

            if (call.status != 503 && call.status != status) {
                printf("# %s?%s, %zu bytes: %u, not %u\n", operation->name,
                       queries[i], limit, call.status, status);
            }

            et_check(answered());
            et_check(call.status == 503 || call.status == status);
        }
    }
}


int
main(void)
{
    et_arena_init(&arena, ARENA, 0);
    et_arena_init(&paper, ARENA, ARENA);

    ET_TEST("each operation of GitLab's API comes to an answer") {
        each(et_gitlab_operations, check_whole);
    }

    ET_TEST("each operation of Sentry's API comes to an answer") {
        each(et_sentry_operations, check_whole);
    }

    ET_TEST("so it does where ClickHouse's answers are damaged") {
        each(et_gitlab_operations, check_damaged);
        each(et_sentry_operations, check_damaged);
    }

    ET_TEST("with too little memory it is 503, or as if there was enough") {
        each(et_gitlab_operations, check_memory);
        each(et_sentry_operations, check_memory);
    }

    et_arena_destroy(&arena);
    et_arena_destroy(&paper);

    return et_test_done();
}
