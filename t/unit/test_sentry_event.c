/*
 * An event as Sentry's web API shows it: keys and shapes as its clients read
 * them, whatever the payload holds.
 */

#include "et_json.h"
#include "et_sentry.h"
#include "et_sentry_entries.h"
#include "et_sentry_event.h"
#include "et_test.h"


static et_arena_t      arena;
static et_event_row_t  row;


/* a row as ClickHouse gives it, with nothing in it */

static void
begin(const char *payload)
{
    et_slice_t  none;

    et_arena_reset(&arena);
    memset(&row, 0, sizeof(row));

    none = et_slice("", 0);

    row.project = 7;
    row.fingerprint = 42;
    row.id = et_slice_str("0123456789abcdef0123456789abcdef");
    row.timestamp = INT64_C(1700000000123456);
    row.received = INT64_C(1700000001000000);
    row.level = et_slice_str("error");
    row.platform = et_slice_str("python");
    row.type = row.value = row.message = row.culprit = none;
    row.environment = row.release = row.logger = row.dist = none;
    row.transaction = row.server_name = row.trace_id = none;
    row.user_id = row.user_email = row.user_name = row.user_ip = none;
    row.sdk_name = row.sdk_version = none;
    row.payload = et_slice_str(payload);
}


static const char *
shown(const et_sentry_beside_t *beside)
{
    char   *text;
    cJSON  *root;

    et_json_begin(&arena);

    root = et_sentry_event(&arena, &row, beside);
    text = root == NULL ? NULL : cJSON_PrintUnformatted(root);

    et_json_end();

    return text == NULL ? "" : text;
}


static const char *
item(void)
{
    char   *text;
    cJSON  *root;

    et_json_begin(&arena);

    root = et_sentry_event_item(&arena, &row);
    text = root == NULL ? NULL : cJSON_PrintUnformatted(root);

    et_json_end();

    return text == NULL ? "" : text;
}


static int
holds(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        return 1;
    }

    printf("# %s\n# has no %s\n", text, part);

    return 0;
}


static const char  exception[] =
    "{\"exception\":{\"values\":["
    "{\"type\":\"KeyError\",\"value\":\"a\"},null,7,"
    "{\"type\":\"ValueError\",\"value\":\"b\",\"module\":\"app\","
    "\"thread_id\":3,\"mechanism\":{\"type\":\"generic\",\"handled\":true},"
    "\"raw_stacktrace\":{\"frames\":[]},"
    "\"stacktrace\":{\"frames\":["
    "{\"filename\":\"lib.py\",\"function\":\"run\",\"in_app\":false},"
    "{\"filename\":\"app.py\",\"abs_path\":\"/srv/app.py\","
    "\"module\":\"app\",\"function\":\"pay\",\"raw_function\":\"pay_\","
    "\"lineno\":3,\"colno\":9,\"in_app\":true,\"vars\":{\"x\":\"1\"},"
    "\"pre_context\":[\"one\",\"two\"],\"context_line\":\"three\","
    "\"post_context\":[\"four\"]},"
    "{\"abs_path\":\"/lib/c.py\",\"lineno\":5}]}}]}}";


static void
test_exceptions(void)
{
    const char  *text;

    ET_TEST("an exception's frames have Sentry's keys") {
        begin(exception);
        text = shown(NULL);

        et_check(holds(text, "\"type\":\"exception\",\"data\":{\"values\":["
                       "{\"type\":\"KeyError\",\"value\":\"a\","
                       "\"module\":null,\"mechanism\":null,"
                       "\"threadId\":null,\"stacktrace\":null,"
                       "\"rawStacktrace\":null},"));
        et_check(holds(text, "\"threadId\":3,"));
        et_check(holds(text, "\"mechanism\":{\"type\":\"generic\","
                       "\"handled\":true}"));
        et_check(holds(text, "{\"inApp\":true,\"filename\":\"app.py\","
                       "\"absPath\":\"/srv/app.py\",\"module\":\"app\","
                       "\"package\":null,\"platform\":null,"
                       "\"instructionAddr\":null,\"symbolAddr\":null,"
                       "\"function\":\"pay\",\"rawFunction\":\"pay_\","
                       "\"symbol\":null,\"trust\":null,\"errors\":null,"
                       "\"lock\":null,\"vars\":{\"x\":\"1\"},"
                       "\"sourceLink\":null,\"lineNo\":3,\"colNo\":9,"
                       "\"context\":[[1,\"one\"],[2,\"two\"],[3,\"three\"],"
                       "[4,\"four\"]]}"));
        et_check(holds(text, "\"rawStacktrace\":{\"hasSystemFrames\":false,"
                       "\"frames\":[]"));
        et_check(holds(text, "\"excOmitted\":null,"
                       "\"hasSystemFrames\":true"));
    }

    ET_TEST("a frame without a filename has its path as one") {
        begin(exception);
        et_check(holds(shown(NULL), "\"filename\":\"/lib/c.py\","
                       "\"absPath\":\"/lib/c.py\""));
    }

    ET_TEST("where it happened is the innermost frame of the application's") {
        begin(exception);
        row.type = et_slice_str("ValueError");
        row.value = et_slice_str("b");
        text = shown(NULL);
        et_check(holds(text, "\"location\":\"app.py\""));
        et_check(holds(text, "\"metadata\":{\"type\":\"ValueError\","
                       "\"value\":\"b\",\"filename\":\"app.py\","
                       "\"function\":\"pay\"}"));
    }

    ET_TEST("one exception that is no list is shown as a list") {
        begin("{\"exception\":{\"type\":\"E\",\"value\":\"v\"}}");
        et_check(holds(shown(NULL), "\"data\":{\"values\":[{\"type\":\"E\""));
        begin("{\"exception\":[{\"type\":\"E\",\"value\":\"v\"}]}");
        et_check(holds(shown(NULL), "\"data\":{\"values\":[{\"type\":\"E\""));
        begin("{\"exception\":{\"values\":{\"type\":\"E\"}}}");
        et_check(holds(shown(NULL), "\"data\":{\"values\":[{\"type\":\"E\""));
    }

    ET_TEST("lines before a file's first are none") {
        begin("{\"stacktrace\":{\"frames\":[{\"filename\":\"a\","
              "\"lineno\":1,\"pre_context\":[\"?\"],"
              "\"context_line\":\"x\",\"post_context\":[1]}]}}");
        et_check(holds(shown(NULL), "\"context\":[[1,\"x\"],[2,null]]"));
    }
}


static void
test_entries(void)
{
    const char  *text;

    ET_TEST("breadcrumbs have times as RFC 3339, a type and a level") {
        begin("{\"breadcrumbs\":{\"values\":["
              "{\"timestamp\":1700000000.5,\"message\":\"a\","
              "\"category\":\"c\",\"data\":{\"k\":1}},"
              "{\"timestamp\":\"2023-11-14T22:13:20Z\",\"type\":\"http\","
              "\"level\":\"error\"},{}]}}");
        text = shown(NULL);
        et_check(holds(text, "\"type\":\"breadcrumbs\",\"data\":{\"values\":["
                       "{\"timestamp\":\"2023-11-14T22:13:20.500000Z\","
                       "\"type\":\"default\",\"level\":\"info\","
                       "\"message\":\"a\",\"category\":\"c\","
                       "\"data\":{\"k\":1},\"event_id\":null}"));
        et_check(holds(text, "{\"timestamp\":\"2023-11-14T22:13:20.000000Z\","
                       "\"type\":\"http\",\"level\":\"error\","));
        et_check(holds(text, "{\"timestamp\":null,\"type\":\"default\""));
    }

    ET_TEST("a request's headers, cookies and query are pairs") {
        begin("{\"request\":{\"method\":\"POST\",\"url\":\"http://x/\","
              "\"headers\":{\"Host\":\"x\",\"A\":\"b\"},"
              "\"cookies\":\"a=1; b=2%20c; d\","
              "\"query_string\":\"?x=1&y=a+b%2Bc&z\","
              "\"data\":{\"k\":[1]},\"env\":{\"E\":\"1\"}}}");
        text = shown(NULL);
        et_check(holds(text, "\"query\":[[\"x\",\"1\"],[\"y\",\"a b+c\"],"
                       "[\"z\",\"\"]]"));
        et_check(holds(text, "\"headers\":[[\"Host\",\"x\"],[\"A\",\"b\"]]"));
        et_check(holds(text, "\"cookies\":[[\"a\",\"1\"],[\"b\",\"2 c\"],"
                       "[\"d\",\"\"]]"));
        et_check(holds(text, "\"method\":\"POST\",\"url\":\"http://x/\","
                       "\"fragment\":null,\"data\":{\"k\":[1]},"
                       "\"env\":{\"E\":\"1\"}"));

        begin("{\"request\":{\"headers\":[[\"a\",\"b\"],[\"c\"],7],"
              "\"query_string\":{\"q\":\"1\"},\"cookies\":5}}");
        text = shown(NULL);
        et_check(holds(text, "\"headers\":[[\"a\",\"b\"]]"));
        et_check(holds(text, "\"query\":[[\"q\",\"1\"]]"));
        et_check(holds(text, "\"cookies\":[]"));
    }

    ET_TEST("a message has its text, its template and its parameters") {
        begin("{\"logentry\":{\"message\":\"hi %s\",\"params\":[\"you\"]}}");
        row.message = et_slice_str("hi you");
        et_check(holds(shown(NULL), "{\"type\":\"message\",\"data\":"
                       "{\"formatted\":\"hi you\",\"message\":\"hi %s\","
                       "\"params\":[\"you\"]}}"));
    }

    ET_TEST("threads, a template and debug images are entries") {
        begin("{\"threads\":{\"values\":[{\"id\":1,\"name\":\"main\","
              "\"crashed\":true,\"held_locks\":{},\"stacktrace\":"
              "{\"frames\":[{\"function\":\"f\"}]}}]},"
              "\"template\":{\"filename\":\"t.html\",\"lineno\":2,"
              "\"context_line\":\"x\"},"
              "\"debug_meta\":{\"images\":[{\"type\":\"elf\"}]}}");
        text = shown(NULL);
        et_check(holds(text, "\"type\":\"threads\",\"data\":{\"values\":["
                       "{\"id\":1,\"name\":\"main\",\"current\":null,"
                       "\"crashed\":true,\"state\":null,\"heldLocks\":{},"
                       "\"stacktrace\":{\"hasSystemFrames\":false,"
                       "\"frames\":[{\"inApp\":false,"));
        et_check(holds(text, "\"type\":\"template\",\"data\":{\"lineNo\":2,"
                       "\"filename\":\"t.html\",\"absPath\":null,"
                       "\"context\":[[2,\"x\"]]}"));
        et_check(holds(text, "\"type\":\"debugmeta\",\"data\":{\"images\":["
                       "{\"type\":\"elf\"}]}"));
    }

    ET_TEST("a browser's report is an event of its type") {
        begin("{\"csp\":{\"effective_directive\":\"img-src\"}}");
        text = shown(NULL);
        et_check(holds(text, "\"type\":\"csp\""));
        et_check(holds(text, "\"data\":{\"effective_directive\":\"img-src\"}"));
    }

    ET_TEST("what is of another type is no entry, and breaks nothing") {
        begin("{\"exception\":\"x\",\"breadcrumbs\":7,\"request\":[],"
              "\"threads\":null,\"stacktrace\":{\"frames\":{\"a\":1}},"
              "\"contexts\":[],\"user\":\"u\",\"extra\":1}");
        text = shown(NULL);
        et_check(holds(text, "\"entries\":[{\"type\":\"stacktrace\",\"data\":"
                       "{\"hasSystemFrames\":false,\"frames\":[]"));
        et_check(holds(text, "\"user\":null"));
        et_check(holds(text, "\"contexts\":{}"));

        begin("[]");
        et_check(holds(shown(NULL), "\"entries\":[]"));
        begin("{");
        et_check(holds(shown(NULL), "\"entries\":[]"));
    }
}


static void
test_event(void)
{
    char                id[32];
    const char         *text;
    et_sentry_beside_t  beside;

    ET_TEST("ids are strings: the event's, its issue's, its project's") {
        begin("{}");
        text = shown(NULL);
        snprintf(id, sizeof(id), "\"groupID\":\"%llu\"",
                 (unsigned long long) et_issue_id(7, 42));
        et_check(holds(text, id));
        et_check(holds(text, "\"id\":\"0123456789abcdef0123456789abcdef\","
                       "\"eventID\":\"0123456789abcdef0123456789abcdef\""));
        et_check(holds(text, "\"projectID\":\"7\""));
        et_check(holds(text, "\"dateCreated\":"
                       "\"2023-11-14T22:13:20.123456Z\","
                       "\"dateReceived\":\"2023-11-14T22:13:21.000000Z\""));
    }

    ET_TEST("tags are sorted, with the columns that are searched like one") {
        begin("{}");
        row.environment = et_slice_str("prod");
        row.release = et_slice_str("shop@1.2");
        row.user_id = et_slice_str("9");
        row.tags.n = 2;
        row.tags.s = et_slice_str("\001z\0011\005level\003own");
        text = shown(NULL);
        et_check(holds(text, "\"tags\":["
                       "{\"key\":\"environment\",\"value\":\"prod\"},"
                       "{\"key\":\"level\",\"value\":"));
        et_check(holds(text, "{\"key\":\"release\",\"value\":\"shop@1.2\"},"
                       "{\"key\":\"user\",\"value\":\"id:9\"},"
                       "{\"key\":\"z\",\"value\":\"1\"}]"));
        et_check(holds(text, "\"release\":{\"version\":\"shop@1.2\","
                       "\"shortVersion\":\"1.2\",\"lastCommit\":null}"));
    }

    ET_TEST("a user has what the row knows, and the rest as data") {
        begin("{\"user\":{\"id\":5,\"email\":\"x\",\"name\":\"Ann\","
              "\"geo\":{\"city\":\"B\"},\"plan\":\"free\"}}");
        row.user_id = et_slice_str("5");
        row.user_ip = et_slice_str("192.0.2.1");
        et_check(holds(shown(NULL), "\"user\":{\"id\":\"5\",\"email\":null,"
                       "\"username\":null,\"ip_address\":\"192.0.2.1\","
                       "\"name\":\"Ann\",\"geo\":{\"city\":\"B\"},"
                       "\"data\":{\"plan\":\"free\"}}"));
    }

    ET_TEST("contexts have a type, extra and modules are objects") {
        begin("{\"contexts\":{\"os\":{\"name\":\"Linux\"},"
              "\"x\":{\"type\":\"device\"},\"y\":1},"
              "\"extra\":{\"a\":1},\"modules\":{\"m\":\"2\"}}");
        text = shown(NULL);
        et_check(holds(text, "\"contexts\":{\"os\":{\"name\":\"Linux\","
                       "\"type\":\"os\"},\"x\":{\"type\":\"device\"},"
                       "\"y\":1}"));
        et_check(holds(text, "\"context\":{\"a\":1}"));
        et_check(holds(text, "\"packages\":{\"m\":\"2\"}"));
    }

    ET_TEST("our notes are its errors") {
        begin("{}");
        row.notes.n = 1;
        row.notes.s = et_slice_str("\014release: cut");
        et_check(holds(shown(NULL), "\"errors\":[{\"type\":\"invalid_data\","
                       "\"message\":\"release: cut\","
                       "\"data\":{\"name\":\"release\"}}]"));
    }

    ET_TEST("a title is type and first line of the value, or the message") {
        begin("{}");
        row.type = et_slice_str("E");
        row.value = et_slice_str("one\ntwo");
        et_check(holds(item(), "\"title\":\"E: one\""));
        row.value = et_slice_str("");
        et_check(holds(item(), "\"title\":\"E\""));
        row.type = et_slice_str("");
        row.message = et_slice_str("hello");
        et_check(holds(item(), "\"title\":\"hello\""));
        et_check(holds(item(), "\"event.type\":\"default\""));
        row.message = et_slice_str("");
        et_check(holds(item(), "\"title\":\"<unlabeled event>\""));
    }

    ET_TEST("the events beside it are their ids, or null") {
        begin("{}");
        beside.next = et_slice(NULL, 0);
        beside.previous = et_slice_str("0123");
        et_check(holds(shown(&beside), "\"nextEventID\":null,"
                       "\"previousEventID\":\"0123\""));
    }
}


static void
test_memory(void)
{
    unsigned long  i;

    ET_TEST("any allocation may fail, and nothing else happens") {
        for (i = 1; i < 20; i++) {
            et_arena_destroy(&arena);
            et_arena_init(&arena, 1 << 20, 0);
            begin(exception);
            et_fail_nth(i);
            (void) shown(NULL);
            et_fail_nth(0);
        }
    }

    ET_TEST("an arena that ends anywhere is no event, and no crash") {
        for (i = 256; i < 32768; i += 256) {
            et_arena_destroy(&arena);
            et_arena_init(&arena, i, 0);
            begin(exception);
            (void) shown(NULL);
        }
    }
}


int
main(void)
{
    et_arena_init(&arena, 1 << 20, 0);

    test_exceptions();
    test_entries();
    test_event();
    test_memory();

    et_arena_destroy(&arena);

    return et_test_done();
}
