/*
 * Grouping: what makes two events one error and what does not, the text that
 * is kept, the culprit, and the bounds.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE            /* memmem() */
#endif

#include <openssl/crypto.h>

#include "et_grouping.h"
#include "et_test.h"


#define ET_TEST_MEMORY   (64 * 1024 * 1024)
#define ET_TEST_PAYLOAD  (1024 * 1024)

/* what version 1 of the algorithm made of the events below */
#define ET_TEST_HASH_PYTHON       7588667982615110
#define ET_TEST_HASH_MESSAGE      2694753217087750
#define ET_TEST_HASH_FINGERPRINT  3310619206027893


static et_arena_t   arena;
static et_hasher_t  hasher;
static char         et_test_payload[ET_TEST_PAYLOAD];


static et_reason_t
et_test_parse(et_arena_t *a, const char *json, et_event_t *event)
{
    size_t             len;
    et_event_source_t  source;

    memset(&source, 0, sizeof(source));
    source.received = 1700000000 * ET_SECOND;

    len = strlen(json);
    memcpy(et_test_payload, json, len + 1);

    return et_event_parse(a, et_test_payload, len, &source, event);
}


/* The event grouped; it lives until the next et_arena_reset(). */

static et_event_t
et_test_group(const char *json)
{
    et_event_t  event;

    memset(&event, 0, sizeof(event));

    et_check_int(et_test_parse(&arena, json, &event), ET_OK);
    et_check_int(et_group(&arena, &hasher, &event), ET_OK);
    et_check(event.grouping_hash != 0
             && event.grouping_hash < (uint64_t) 1 << 53);

    return event;
}


#define et_check_grouping(json, text)                                         \
    et_check_str(et_test_group(json).grouping, text)

#define et_check_culprit(json, text)                                          \
    et_check_str(et_test_group(json).culprit, text)

#define et_check_same(a, b)                                                   \
    et_check(et_test_group(a).grouping_hash == et_test_group(b).grouping_hash)

#define et_check_differ(a, b)                                                 \
    et_check(et_test_group(a).grouping_hash != et_test_group(b).grouping_hash)


/* One frame of a platform, rendered: the text without the exception's line. */

static et_slice_t
et_test_frame(const char *platform, const char *frame)
{
    char                     json[8192];
    et_slice_t               text;
    static const et_slice_t  head = ET_SLICE("exception E\n  frame ");

    snprintf(json, sizeof(json), "{\"platform\": \"%s\", \"exception\": "
             "[{\"type\": \"E\", \"stacktrace\": {\"frames\": [%s]}}]}",
             platform, frame);

    text = et_test_group(json).grouping;

    if (text.len < head.len || memcmp(text.data, head.data, head.len) != 0) {
        return text;
    }

    return et_slice(text.data + head.len, text.len - head.len);
}


static et_slice_t
et_test_function(const char *platform, const char *function)
{
    char  frame[4096];

    snprintf(frame, sizeof(frame), "{\"module\": \"m\", \"function\": \"%s\"}",
             function);

    return et_test_frame(platform, frame);
}


static et_slice_t
et_test_file(const char *platform, const char *filename)
{
    char  frame[4096];

    snprintf(frame, sizeof(frame), "{\"filename\": \"%s\"}", filename);

    return et_test_frame(platform, frame);
}


static et_slice_t
et_test_module(const char *platform, const char *module)
{
    char  frame[4096];

    snprintf(frame, sizeof(frame), "{\"module\": \"%s\"}", module);

    return et_test_frame(platform, frame);
}


/* An exception with n frames f0, f1, ... each sent twice over. */

static char *
et_test_stack(int n, int repeat)
{
    int     i, j;
    char   *json, *p;

    json = malloc(64 * (n + 4) * repeat);
    p = json + sprintf(json, "{\"exception\": [{\"type\": \"E\", "
                             "\"stacktrace\": {\"frames\": [null");

    for (i = 0; i < n; i++) {
        for (j = 0; j < repeat; j++) {
            p += sprintf(p, ", {\"function\": \"f%d\", \"lineno\": %d}", i, j);
        }
    }

    sprintf(p, "]}}]}");

    return json;
}


static int
et_test_lines(et_slice_t text)
{
    int     n;
    size_t  i;

    n = 1;

    for (i = 0; i < text.len; i++) {
        n += text.data[i] == '\n';
    }

    return n;
}


static const char  et_test_python[] =
    "{\"platform\": \"python\", \"level\": \"error\", \"logger\": \"shop\","
    " \"transaction\": \"/checkout\", \"tags\": {\"shop\": \"berlin\"},"
    " \"exception\": {\"values\": [{\"type\": \"KeyError\","
    " \"value\": \"'a'\", \"stacktrace\": {\"frames\": ["
    " {\"module\": \"shop.cart\", \"function\": \"total\", \"lineno\": 7,"
    "  \"in_app\": true, \"context_line\": \"  return  prices[item]\"}]}},"
    " {\"type\": \"ValueError\", \"value\": \"no price\","
    " \"stacktrace\": {\"frames\": ["
    " {\"filename\": \"lib/Wsgi.py\", \"function\": \"run\","
    "  \"in_app\": false},"
    " {\"module\": \"shop.views\", \"function\": \"checkout\","
    "  \"package\": \"/opt/shop.whl\", \"lineno\": 42, \"in_app\": true,"
    "  \"vars\": {\"item\": 1}, \"context_line\": \"total = price / qty\"},"
    " {\"filename\": \"lib/Wsgi.py\", \"function\": \"fail\"}]}}]}}";

#define ET_TEST_PYTHON_TEXT                                                   \
    "exception KeyError\n"                                                    \
    "  frame shop.cart in total | return prices[item]\n"                      \
    "exception ValueError\n"                                                  \
    "  frame shop.views in checkout | total = price / qty"


/* et_test_python with a fingerprint */

static et_event_t
et_test_fingerprint(const char *fingerprint)
{
    char  json[4096];

    snprintf(json, sizeof(json), "{\"fingerprint\": %s, %s", fingerprint,
             et_test_python + 1);

    return et_test_group(json);
}


#define et_check_fingerprint(fingerprint, text)                               \
    et_check_str(et_test_fingerprint(fingerprint).grouping, text)


/* xorshift: the same mutations each time */

static uint32_t
et_test_random(void)
{
    static uint32_t  x = 2463534242u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;

    return x;
}


/* Changes some bytes of et_test_python; 1 where it still was an event. */

static int
et_test_mutate(const char *json)
{
    char               *text;
    size_t              i, n, len;
    et_event_t          event;
    et_reason_t         reason;
    static const char   bytes[] = "\"\"{}[]:,0 tfn\\u{{}}$./@(<";

    len = strlen(json);
    text = malloc(len + 1);
    memcpy(text, json, len + 1);

    n = 1 + et_test_random() % 4;

    for (i = 0; i < n; i++) {
        text[et_test_random() % len] = bytes[et_test_random()
                                             % (sizeof(bytes) - 1)];
    }

    reason = et_test_parse(&arena, text, &event);
    if (reason == ET_OK) {
        reason = et_group(&arena, &hasher, &event);
        et_check_int(reason, ET_OK);
        et_check(et_utf8_valid(event.grouping.data, event.grouping.len));
        et_check(et_utf8_valid(event.culprit.data, event.culprit.len));
    }

    et_arena_reset(&arena);
    free(text);

    return reason == ET_OK;
}


static int
et_test_mutations(const char *json, int n)
{
    int  i, events;

    events = 0;

    for (i = 0; i < n; i++) {
        events += et_test_mutate(json);
    }

    return events;
}


/* OpenSSL allocates by these, so that its allocations can fail, too. */

static void *
et_test_malloc(size_t size, const char *file, int line)
{
    (void) file;
    (void) line;

    return malloc(size);
}


static void *
et_test_realloc(void *p, size_t size, const char *file, int line)
{
    (void) file;
    (void) line;

    return realloc(p, size);
}


static void
et_test_free(void *p, const char *file, int line)
{
    (void) file;
    (void) line;

    free(p);
}


/* asks the arena for memory in all places, and OpenSSL */

static const char  et_test_demanding[] =
    "{\"exception\": [{\"type\": \"E\", \"value\": \"x 1\"}, {\"type\": \"F\","
    " \"stacktrace\": {\"frames\": [{\"function\": \"f\"}]}}],"
    " \"fingerprint\": [1, \"{{ function }}\", \"{{ default }}\"]}";


/* The nth allocation of grouping by a new hasher fails; 1 where there were
 * fewer. */

static int
et_test_fail(unsigned long nth)
{
    int           reached;
    et_arena_t    small;
    et_event_t    event;
    et_hasher_t   fresh;
    et_reason_t   reason;

    et_arena_init(&small, ET_TEST_MEMORY, 0);
    et_check(et_hasher_init(&fresh));
    et_check_int(et_test_parse(&small, et_test_demanding, &event), ET_OK);

    /* what is left of the chunk would do: the next allocation opens another */

    small.pos = small.end;

    et_fail_nth(nth);
    reason = et_group(&small, &fresh, &event);
    reached = et_fail_reached();
    et_fail_nth(0);

    et_check_int(reason, reached ? ET_NO_MEMORY : ET_OK);

    et_hasher_destroy(&fresh);
    et_arena_destroy(&small);

    return !reached;
}


/* Grouping with so many bytes left on the arena. */

static et_reason_t
et_test_room(size_t room)
{
    et_arena_t    small;
    et_event_t    event;
    et_reason_t   reason;

    et_arena_init(&small, ET_TEST_MEMORY, 0);
    et_check_int(et_test_parse(&small, et_test_demanding, &event), ET_OK);

    small.limit = small.size;

    if ((size_t) (small.end - small.pos) > room) {
        small.pos = small.end - room;
    }

    reason = et_group(&small, &hasher, &event);
    et_arena_destroy(&small);

    return reason;
}


static void
et_test_exceptions(void)
{
    ET_TEST("exceptions are grouped by their types and in-app frames") {
        et_check_grouping(et_test_python, ET_TEST_PYTHON_TEXT);
    }

    ET_TEST("line numbers, variables and values do not split an error") {
        et_check_same("{\"exception\": [{\"type\": \"E\", \"value\": \"a 1\","
                      "\"stacktrace\": {\"frames\": [{\"function\": \"f\","
                      "\"lineno\": 1, \"vars\": {\"a\": 1}}]}}]}",
                      "{\"exception\": [{\"type\": \"E\", \"value\": \"b\","
                      "\"stacktrace\": {\"frames\": [{\"function\": \"f\","
                      "\"lineno\": 2, \"colno\": 3}]}}]}");
    }

    ET_TEST("another type, function or module is another error") {
        et_check_differ("{\"exception\": [{\"type\": \"A\"}]}",
                        "{\"exception\": [{\"type\": \"B\"}]}");

        et_check_differ("{\"exception\": [{\"type\": \"A\", \"stacktrace\":"
                        "{\"frames\": [{\"function\": \"f\"}]}}]}",
                        "{\"exception\": [{\"type\": \"A\", \"stacktrace\":"
                        "{\"frames\": [{\"function\": \"g\"}]}}]}");

        et_check_differ("{\"exception\": [{\"type\": \"A\", \"stacktrace\":"
                        "{\"frames\": [{\"module\": \"f\"}]}}]}",
                        "{\"exception\": [{\"type\": \"A\", \"stacktrace\":"
                        "{\"frames\": [{\"module\": \"g\"}]}}]}");
    }

    ET_TEST("the order of a chain counts") {
        et_check_differ("{\"exception\": [{\"type\": \"A\"},"
                        "{\"type\": \"B\"}]}",
                        "{\"exception\": [{\"type\": \"B\"},"
                        "{\"type\": \"A\"}]}");
    }

    ET_TEST("without frames the value counts, parameterised") {
        et_check_grouping("{\"exception\": {\"type\": \"E\", \"value\": "
                          "\"user 42\\nis gone\"}}",
                          "exception E\n  value user <int> is gone");
        et_check_same("{\"exception\": {\"type\": \"E\", \"value\": \"x 1\"}}",
                      "{\"exception\": {\"type\": \"E\", \"value\": \"x 2\"}}");
        et_check_differ("{\"exception\": {\"type\": \"E\", \"value\": \"x\"}}",
                        "{\"exception\": {\"type\": \"E\", \"value\": \"y\"}}");
    }

    ET_TEST("a synthetic exception's type does not count") {
        et_check_grouping("{\"exception\": [{\"type\": \"SIGSEGV\", \"value\":"
                          "\"Segfault\", \"mechanism\": {\"synthetic\": true},"
                          "\"stacktrace\": {\"frames\": ["
                          "{\"function\": \"f\"}]}}]}",
                          "exception\n  frame f");
    }

    ET_TEST("an exception that says nothing is no part") {
        et_check_grouping("{\"exception\": [{\"module\": \"m\"}, {\"type\": "
                          "\"E\"}]}", "exception E");
    }

    ET_TEST("all frames count where none is in-app") {
        et_check_grouping("{\"exception\": [{\"type\": \"E\", \"stacktrace\":"
                          "{\"frames\": [{\"function\": \"f\", \"in_app\":"
                          "false}, {\"function\": \"g\"}]}}]}",
                          "exception E\n  frame f\n  frame g");
    }

    ET_TEST("an in-app frame without a name does not hide the others") {
        et_check_grouping("{\"exception\": [{\"type\": \"E\", \"stacktrace\":"
                          "{\"frames\": [{\"function\": \"f\"}, {\"in_app\":"
                          "true, \"function\": \"?\"}, null, 5]}}]}",
                          "exception E\n  frame f");
    }

    ET_TEST("a crashed thread's frames are the last exception's") {
        et_check_grouping("{\"exception\": [{\"type\": \"A\"}, {\"type\": "
                          "\"B\", \"value\": \"code 1\"}], \"threads\":"
                          "[{\"crashed\": true, \"stacktrace\": {\"frames\":"
                          "[{\"function\": \"f\"}]}}]}",
                          "exception A\nexception B\n  frame f");
    }

    ET_TEST("recursion does not split an error") {
        char  *once, *often;

        once = et_test_stack(3, 1);
        often = et_test_stack(3, 500);

        et_check_same(once, often);
        et_check_grouping(often, "exception E\n"
                                 "  frame f0\n  frame f1\n  frame f2");
        free(once);
        free(often);
    }

    ET_TEST("of more than 50 frames those count that are kept") {
        char        *stack;
        et_event_t   event;

        stack = et_test_stack(50, 1);
        event = et_test_group(stack);
        et_check_int(et_test_lines(event.grouping), 51);
        et_check(memmem(event.grouping.data, event.grouping.len,
                        "f24\n  frame f25\n", 16) != NULL);
        free(stack);

        stack = et_test_stack(2000, 1);
        event = et_test_group(stack);
        et_check_int(et_test_lines(event.grouping), 51);
        et_check(memmem(event.grouping.data, event.grouping.len,
                        "f23\n  frame f1974\n", 18) != NULL);
        et_check(memcmp(event.grouping.data + event.grouping.len - 5, "f1999",
                        5) == 0);
        free(stack);

        et_arena_reset(&arena);
    }
}


static void
et_test_frames(void)
{
    ET_TEST("a frame is its module, else its file's name, and its function") {
        et_check_str(et_test_frame("python", "{\"module\": \"a.B\","
                     "\"filename\": \"c.py\", \"function\": \"d\"}"),
                     "a.B in d");
        et_check_str(et_test_frame("python", "{\"filename\": \"x/Y/Z.py\","
                     "\"abs_path\": \"/q.py\", \"function\": \"d\"}"),
                     "z.py in d");
        et_check_str(et_test_frame("native", "{\"abs_path\": \"c:\\\\a\\\\"
                     "B.CPP\"}"), "b.cpp");
        et_check_str(et_test_frame("native", "{\"function\": \"main\"}"),
                     "main");
        et_check_str(et_test_frame("native", "{\"filename\": 5, \"module\":"
                     "null, \"function\": \"main\"}"), "main");
    }

    ET_TEST("the line of source counts for some languages, blanks folded") {
        et_check_str(et_test_frame("ruby", "{\"filename\": \"a.rb\","
                     "\"context_line\": \"\\t  x =\\t 1 \\r\\n\"}"),
                     "a.rb | x = 1");
        et_check_str(et_test_frame("java", "{\"filename\": \"a.java\","
                     "\"context_line\": \"x = 1\"}"), "a.java");
        et_check_str(et_test_frame("python", "{\"filename\": \"a.py\","
                     "\"context_line\": \"  \"}"), "a.py");
    }

    ET_TEST("a frame's own platform wins") {
        et_check_str(et_test_frame("java", "{\"filename\": \"a.js\","
                     "\"platform\":\"javascript\", \"context_line\":\"x()\"}"),
                     "a.js | x()");
        et_check_str(et_test_frame("node", "{\"filename\": \"a.c\","
                     "\"platform\": \"native\", \"context_line\": \"x();\"}"),
                     "a.c");
    }

    ET_TEST("a line of source above 120 characters does not count") {
        char  json[1024], line[512];
        int   i;

        for (i = 0; i < 121; i++) {
            memcpy(line + 2 * i, "\xc3\xa9", 2);
        }

        snprintf(json, sizeof(json), "{\"filename\": \"a.py\","
                 "\"context_line\": \"%.240s\"}", line);
        et_check_int(et_test_frame("python", json).len, 4 + 3 + 240);

        snprintf(json, sizeof(json), "{\"filename\": \"a.py\","
                 "\"context_line\": \"%.242s\"}", line);
        et_check_str(et_test_frame("python", json), "a.py");
    }

    ET_TEST("Java's generated names lose their numbers") {
        et_check_str(et_test_function("java", "lambda$foo$12"),
                     "m in lambda$foo");
        et_check_str(et_test_function("java", "invoke$lambda-3"),
                     "m in invoke$lambda-");
        et_check_str(et_test_module("java", "a.B$$Lambda$14/0x00000008001"),
                     "a.B$$Lambda");
        et_check_str(et_test_module("java", "a.B$$Lambda/0x00000008001"),
                     "a.B$$Lambda");
        et_check_str(et_test_module("java",
                     "a.B$$EnhancerBySpringCGLIB$$abcdef12"),
                     "a.B$$EnhancerBySpringCGLIB");
        et_check_str(et_test_module("java",
                     "a.B$$FastClassBySpringCGLIB$$1a2b3c"),
                     "a.B$$FastClassBySpringCGLIB");
        et_check_str(et_test_module("java",
                     "jdk.internal.reflect.GeneratedMethodAccessor123"),
                     "jdk.internal.reflect.GeneratedMethodAccessor");
        et_check_str(et_test_module("java", "com.sun.proxy.$Proxy12"),
                     "com.sun.proxy.$Proxy");
        et_check_str(et_test_module("java", "a.B$HibernateProxy$xYz12"),
                     "a.B$HibernateProxy");
    }

    ET_TEST("Java's own names stay") {
        et_check_str(et_test_module("java", "a.B$Inner2$Cafe"),
                     "a.B$Inner2$Cafe");
        et_check_str(et_test_function("java", "$"), "m in $");
        et_check_str(et_test_function("java", "md5"), "m in md5");
    }

    ET_TEST("Ruby's blocks are their method") {
        et_check_str(et_test_function("ruby", "block in foo"), "m in foo");
        et_check_str(et_test_function("ruby", "block (2 levels) in foo"),
                     "m in foo");
        et_check_str(et_test_function("ruby", "rescue in block in foo"),
                     "m in foo");
        et_check_str(et_test_function("ruby", "ensure in Foo#bar"),
                     "m in Foo#bar");
        et_check_str(et_test_function("ruby", "block (x"), "m in block (x");
        et_check_str(et_test_function("ruby",
                     "_app_views_users_show_html_erb___4096_70123"),
                     "m in _app_views_users_show_html_erb");
        et_check_str(et_test_function("ruby", "step_1_2"), "m in step_1_2");
    }

    ET_TEST("PHP's anonymous classes and closures lose their place") {
        et_check_str(et_test_function("php", "class@anonymous\\u0000/a/b.php"
                     "0x7190ad3c35cf::run"), "m in class@anonymous::run");
        et_check_str(et_test_function("php", "X@anonymous\\u0000/a.php:3$0"),
                     "m in X@anonymous");
        et_check_str(et_test_function("php", "{closure:/a/b.php:12}"),
                     "m in {closure}");
        et_check_str(et_test_function("php", "{closure:{closure:A::b():1}:2}x"),
                     "m in {closure}x");
        et_check_str(et_test_function("php", "A\\\\{closure}"),
                     "m in A\\{closure}");
        et_check_str(et_test_file("php", "/a/b.php(12) : eval()'d code"),
                     "b.php");
    }

    ET_TEST("Go's closures and Rust's symbols lose their numbers") {
        et_check_str(et_test_function("go", "run.func1.2"), "m in run.func");
        et_check_str(et_test_function("go", "func1"), "m in func");
        et_check_str(et_test_function("go", "glob..func12"), "m in glob..func");
        et_check_str(et_test_function("go", "(*T).myfunc2"),
                     "m in (*T).myfunc2");
        et_check_str(et_test_function("native", "a::b::h0123456789abcdef"),
                     "m in a::b");
        et_check_str(et_test_function("native", "a::b::h0123456789abcdeg"),
                     "m in a::b::h0123456789abcdeg");
    }

    ET_TEST(".NET's, Swift's and Clojure's closures lose their numbers") {
        et_check_str(et_test_function("csharp", "<Main>b__0_1"),
                     "m in <Main>b__");
        et_check_str(et_test_function("csharp", "<Run>d__12.MoveNext"),
                     "m in <Run>d__.MoveNext");
        et_check_str(et_test_module("csharp", "A.<>c__DisplayClass1_0"),
                     "A.<>c__DisplayClass");
        et_check_str(et_test_function("csharp", "<Run>g__Step|3_0"),
                     "m in <Run>g__Step|");
        et_check_str(et_test_function("csharp", "Get2_3"), "m in Get2_3");
        et_check_str(et_test_function("swift", "closure #1 in closure #12 in "
                                               "View.body.getter"),
                     "m in closure in closure in View.body.getter");
        et_check_str(et_test_function("cocoa", "closure #x in closure #1"),
                     "m in closure #x in closure #1");
        et_check_str(et_test_function("java", "core$fn__5432"),
                     "m in core$fn__");
    }

    ET_TEST("JavaScript's functions are named alike in all browsers") {
        et_check_str(et_test_function("javascript", "Object.callback"),
                     "m in callback");
        et_check_str(et_test_function("javascript", "Foo.run [as handler]"),
                     "m in run");
        et_check_str(et_test_function("javascript", "async run"), "m in run");
        et_check_str(et_test_function("javascript", "run/<"), "m in run");
        et_check_str(et_test_function("javascript", "Array.map (<anonymous>)"),
                     "m in map");
        et_check_str(et_test_function("javascript", "foo$1"), "m in foo");
        et_check_str(et_test_function("javascript", "Module../src/a.js"),
                     "m in ./src/a.js");
        et_check_str(et_test_function("javascript", "Object.1234"), "m");
        et_check_str(et_test_function("javascript", "a."), "m in a.");
    }

    ET_TEST("what is no name is no function") {
        et_check_str(et_test_function("javascript", "<anonymous>"), "m");
        et_check_str(et_test_function("javascript", "Object.<anonymous>"), "m");
        et_check_str(et_test_function("javascript", "anonymous"), "m");
        et_check_str(et_test_function("javascript", "?"), "m");
        et_check_str(et_test_function("cocoa", "<redacted>"), "m");
        et_check_str(et_test_function("native", "0x00007ffe12ab"), "m");
        et_check_str(et_test_function("native", "0xz"), "m in 0xz");
    }

    ET_TEST("hashes in JavaScript's file names do not count") {
        et_check_str(et_test_file("javascript", "main.3f2a9c1b.js"), "main.js");
        et_check_str(et_test_file("javascript",
                     "https://a.b/x/App-3f2a9c1b77.js?v=3#y"), "app.js");
        et_check_str(et_test_file("javascript", "chunk.123.js"), "chunk.js");
        et_check_str(et_test_file("javascript", "index-BxYz12_9.js"),
                     "index.js");
        et_check_str(et_test_file("javascript", "158.3f2a9c1b.chunk.js"),
                     "*.chunk.js");
        et_check_str(et_test_file("javascript", "user-settings.js"),
                     "user-settings.js");
        et_check_str(et_test_file("javascript", "blob:http://a/1-2-3"), "blob");
        et_check_str(et_test_file("javascript", "facade.decade.js"),
                     "facade.decade.js");
        et_check_str(et_test_file("python", "main.3f2a9c1b.py"),
                     "main.3f2a9c1b.py");
    }

    ET_TEST("control characters and overlong names are tamed") {
        char  json[2048];

        et_check_str(et_test_function("native", "a\\nb"), "m in a b");

        memset(json, 'x', 1000);
        json[1000] = '\0';
        et_check_int(et_test_function("native", json).len, 5 + 512);
    }
}


static void
et_test_other_parts(void)
{
    ET_TEST("a stack trace without an exception is grouped by its frames") {
        et_check_grouping("{\"message\": \"x\", \"stacktrace\": {\"frames\":"
                          "[{\"function\": \"f\"}]}}", "frame f");
    }

    ET_TEST("a message is grouped by its template") {
        et_check_grouping("{\"logentry\": {\"message\": \"user %s left\","
                          "\"formatted\": \"user 42 left\"}}",
                          "message user %s left");
        et_check_same("{\"logentry\": {\"message\": \"user %s left\","
                      "\"params\": [\"joe\"]}}",
                      "{\"logentry\": {\"message\": \"user %s left\","
                      "\"params\": [\"ann\"]}}");
    }

    ET_TEST("a template of nothing but parameters is grouped by its text") {
        et_check_grouping("{\"logentry\": {\"message\": \"%s: %-5d\","
                          "\"formatted\": \"disk full: 42\"}}",
                          "message disk full: <int>");
        et_check_grouping("{\"logentry\": {\"message\": \"{0} {name}\","
                          "\"formatted\": \"disk full\"}}",
                          "message disk full");
        et_check_grouping("{\"logentry\": {\"message\": \"%(name)s x\","
                          "\"formatted\": \"disk full\"}}",
                          "message %(name)s x");
        et_check_grouping("{\"logentry\": {\"message\": \"{ :\","
                          "\"formatted\": \"disk full\"}}", "message { :");
    }

    ET_TEST("a plain message is grouped by its text, parameterised") {
        et_check_grouping("{\"message\": \"user 42 of 10.0.0.1 left\"}",
                          "message user <int> of <ip> left");
    }

    ET_TEST("an event that says nothing is grouped by level and platform") {
        et_check_grouping("{}", "event /error/other");
        et_check_grouping("{\"level\": \"fatal\", \"platform\": \"go\"}",
                          "event /fatal/go");
        et_check_grouping("{\"exception\": [{\"type\": \"E\", \"mechanism\":"
                          "{\"synthetic\": true}}]}", "event E/error/other");
    }

    ET_TEST("a checksum replaces everything") {
        et_check_grouping("{\"checksum\": \"abc\", \"fingerprint\": [\"x\"],"
                          "\"message\": \"y\"}", "checksum abc");
    }
}


static void
et_test_fingerprints(void)
{
    ET_TEST("a client's fingerprint replaces the grouping") {
        et_check_fingerprint("[\"my key\", \"b\"]",
                             "fingerprint my key\nfingerprint b");
        et_check_fingerprint("[1, true, 2.5, null, [], {}, \"\", \" \"]",
                             "fingerprint 1\nfingerprint true\n"
                             "fingerprint 2.5");
    }

    ET_TEST("a fingerprint that is no list is its only element") {
        et_check_fingerprint("\"my key\"", "fingerprint my key");
        et_check_fingerprint("7, \"more\": \"x\"", "fingerprint 7");
        et_check_fingerprint("\"{{ default }}\"", ET_TEST_PYTHON_TEXT);
        et_check_fingerprint("\"\"", ET_TEST_PYTHON_TEXT);
        et_check_fingerprint("{\"a\": \"x\"}", ET_TEST_PYTHON_TEXT);
    }

    ET_TEST("an empty fingerprint is the default one") {
        et_check_fingerprint("[]", ET_TEST_PYTHON_TEXT);
        et_check_fingerprint("[null, \"\"]", ET_TEST_PYTHON_TEXT);
        et_check_fingerprint("[\"{{ default }}\"]", ET_TEST_PYTHON_TEXT);
        et_check_fingerprint("[\"{{default}}\", \"{{  default }}\"]",
                             ET_TEST_PYTHON_TEXT);
        et_check(et_test_fingerprint("[\"{{ default }}\"]").grouping_hash
                 == et_test_group(et_test_python).grouping_hash);
    }

    ET_TEST("{{ default }} stands for the default parts, once") {
        et_check_fingerprint("[\"{{ default }}\", \"berlin\"]",
                             ET_TEST_PYTHON_TEXT "\nfingerprint berlin");
        et_check_fingerprint("[\"berlin\", \"{{default}}\", \"{{default}}\"]",
                             "fingerprint berlin\n" ET_TEST_PYTHON_TEXT);
    }

    ET_TEST("variables stand for the event's values") {
        et_check_fingerprint("[\"{{ transaction }}\", \"{{level}}\", "
                             "\"{{ logger }}\", \"{{ tags.shop }}\"]",
                             "fingerprint /checkout\nfingerprint error\n"
                             "fingerprint shop\nfingerprint berlin");
        et_check_fingerprint("[\"{{ type }}\", \"{{ value }}\", "
                             "\"{{ error.type }}\", \"{{ error.value }}\", "
                             "\"{{ message }}\"]",
                             "fingerprint ValueError\nfingerprint no price\n"
                             "fingerprint ValueError\nfingerprint no price\n"
                             "fingerprint no price");
        et_check_fingerprint("[\"{{ function }}\", \"{{ module }}\", "
                             "\"{{ package }}\"]",
                             "fingerprint checkout\nfingerprint shop.views\n"
                             "fingerprint shop.whl");
        et_check_fingerprint("[\"{{ stack.function }}\", "
                             "\"{{ stack.module }}\", "
                             "\"{{ stack.package }}\"]",
                             "fingerprint checkout\nfingerprint shop.views\n"
                             "fingerprint shop.whl");
    }

    ET_TEST("a variable without a value says so") {
        et_check_fingerprint("[\"{{ tags.town }}\"]",
                             "fingerprint <no tags.town>");
        et_check_grouping("{\"fingerprint\": [\"{{ function }}\", "
                          "\"{{ package }}\", \"{{transaction}}\"]}",
                          "fingerprint <no function>\n"
                          "fingerprint <no package>\n"
                          "fingerprint <no transaction>");
        et_check_grouping("{\"fingerprint\": [\"{{ module }}\", "
                          "\"{{ package }}\"], \"stacktrace\": {\"frames\":"
                          "[{\"function\": \"f\"}]}}",
                          "fingerprint <no module>\nfingerprint <no package>");
    }

    ET_TEST("what is no variable is text") {
        et_check_fingerprint("[\"{{ unknown }}\", \"{{\", \"{{}}\", "
                             "\"a {{ type }}\"]",
                             "fingerprint {{ unknown }}\nfingerprint {{\n"
                             "fingerprint {{}}\nfingerprint a {{ type }}");
    }

    ET_TEST("the first 64 elements of a fingerprint count") {
        char   *json, *p;
        int     i;

        json = malloc(4096);
        p = json + sprintf(json, "{\"fingerprint\": [\"x\"");

        for (i = 0; i < 100; i++) {
            p += sprintf(p, ", %d", i);
        }

        sprintf(p, "]}");

        et_check_int(et_test_lines(et_test_group(json).grouping), 64);
        free(json);
    }
}


static void
et_test_culprits(void)
{
    ET_TEST("the culprit is the transaction") {
        et_check_culprit(et_test_python, "/checkout");
    }

    ET_TEST("without one it is the last in-app frame") {
        et_check_culprit("{\"platform\": \"python\", \"exception\": ["
                         "{\"stacktrace\": {\"frames\": ["
                         "{\"module\": \"a\", \"function\": \"b\", \"in_app\":"
                         "true}, {\"filename\": \"x/Y.py\", \"function\": "
                         "\"d\", \"in_app\": true}, {\"function\": \"e\"}]}}]}",
                         "x/Y.py in d");
    }

    ET_TEST("else the last frame, of the last exception that has frames") {
        et_check_culprit("{\"exception\": [{\"stacktrace\": {\"frames\": ["
                         "{\"function\": \"c\"}, {\"module\": \"a\","
                         "\"function\": \"b\"}, {}]}}, {\"type\": \"E\"}]}",
                         "a in b");
    }

    ET_TEST("else of the event's stack trace") {
        et_check_culprit("{\"message\": \"x\", \"stacktrace\": {\"frames\": ["
                         "{\"function\": \"c\"}]}}", "c");
        et_check_culprit("{\"message\": \"x\", \"stacktrace\": {\"frames\": ["
                         "{\"module\": \"m\"}]}}", "m");
    }

    ET_TEST("a transaction that the reader left as no culprit is cut") {
        char         transaction[300];
        et_event_t   event;

        memset(transaction, 'x', sizeof(transaction));

        et_check_int(et_test_parse(&arena, "{}", &event), ET_OK);
        event.transaction = et_slice(transaction, sizeof(transaction));
        et_check_int(et_group(&arena, &hasher, &event), ET_OK);
        et_check_int(event.culprit.len, ET_MAX_CULPRIT);
    }

    ET_TEST("a culprit that was sent stays") {
        et_check_culprit("{\"culprit\": \"given\", \"transaction\": \"t\"}",
                         "given");
    }

    ET_TEST("there is none where the event names no place") {
        et_check_culprit("{\"message\": \"x\"}", "");
    }

    ET_TEST("a culprit is cut at 200 bytes, and not in a character") {
        char        json[1024];
        et_slice_t  culprit;

        memset(json, 'x', 1000);
        memcpy(json, "{\"stacktrace\":{\"frames\":[{\"function\":\"", 38);
        memcpy(json + 38 + 199, "\xc3\xa9", 2);
        strcpy(json + 600, "\"}]}}");

        culprit = et_test_group(json).culprit;
        et_check_int(culprit.len, 199);
    }
}


static void
et_test_bounds(void)
{
    ET_TEST("the hash of version 1 never changes") {
        et_check_int(ET_GROUPING_VERSION, 1);
        et_check_int(et_test_group(et_test_python).grouping_hash,
                     ET_TEST_HASH_PYTHON);
        et_check_int(et_test_group("{\"message\": \"user 42\"}").grouping_hash,
                     ET_TEST_HASH_MESSAGE);
        et_check_int(et_test_fingerprint("[\"a\"]").grouping_hash,
                     ET_TEST_HASH_FINGERPRINT);
    }

    ET_TEST("a text above 4096 bytes is hashed whole, and kept cut") {
        char        *json;
        size_t       i;
        et_event_t   a, b;

        json = malloc(16384);
        strcpy(json, "{\"fingerprint\": [\"x");
        i = strlen(json);

        while (i < 12000) {
            memcpy(json + i, "\xc3\xa9", 2);
            i += 2;
        }

        strcpy(json + i, "1\"]}");
        a = et_test_group(json);

        json[i] = '2';
        b = et_test_group(json);

        et_check(a.grouping_hash != b.grouping_hash);
        et_check(et_slice_eq(a.grouping, b.grouping));
        et_check_int(a.grouping.len, 4095);
        et_check(et_utf8_valid(a.grouping.data, a.grouping.len));

        free(json);
        et_arena_reset(&arena);
    }

    ET_TEST("grouping without room on the arena is too complex") {
        size_t       room, refused;
        et_reason_t  reason;

        refused = 0;

        for (room = 0; room < 8192; room += 16) {
            reason = et_test_room(room);

            if (reason == ET_OK) {
                break;
            }

            et_check_int(reason, ET_JSON_TOO_COMPLEX);
            refused = room;
        }

        et_check(refused >= ET_MAX_GROUPING && room < 8192);
    }

    ET_TEST("each failed allocation is told as no memory") {
        unsigned long  n;

        for (n = 1; n < 100; n++) {
            if (et_test_fail(n)) {
                break;
            }
        }

        et_check(n > 2 && n < 100);
    }

    ET_TEST("a hasher without memory is none") {
        int            none;
        unsigned long  n;
        et_hasher_t    other;

        none = 0;

        for (n = 1; n < 100; n++) {
            et_fail_nth(n);

            /* OpenSSL does without some: its cache of algorithms */

            if (et_hasher_init(&other)) {
                et_hasher_destroy(&other);

            } else {
                none++;
            }

            et_check(other.ctx == NULL && other.sha256 == NULL);

            if (!et_fail_reached()) {
                break;
            }
        }

        et_fail_nth(0);
        et_check(none > 0 && n < 100);
    }

    ET_TEST("mutated events never break grouping") {
        et_check(et_test_mutations(et_test_python, 20000) > 1000);
        et_check(et_test_mutations(
            "{\"platform\":\"javascript\",\"fingerprint\":[\"{{ default }}\","
            "\"{{ function }}\",\"{{ tags.a }}\",1],\"exception\":[{\"type\":"
            "\"a$1@b\",\"value\":\"'x' 1.5 a@b.cc http://x/ 12:34:56\"},"
            "{\"stacktrace\":{\"frames\":[{\"filename\":\"a-1.3f2a9c.js\","
            "\"function\":\"a.b/< [as c]\",\"platform\":\"php\"},{\"platform\":"
            "\"ruby\",\"function\":\"block (2 levels) in x_1234_5678\"},"
            "{\"platform\":\"go\",\"function\":\"a.func1.2\"},{\"platform\":"
            "\"java\",\"module\":\"a$$Lambda$12/0x1\"},{\"platform\":\"php\","
            "\"function\":\"{closure:a}\",\"module\":\"x@anonymous::y\"}]}}]}",
            20000) > 1000);
    }
}


int
main(void)
{
    et_arena_init(&arena, ET_TEST_MEMORY, ET_TEST_MEMORY);

    if (CRYPTO_set_mem_functions(et_test_malloc, et_test_realloc,
                                 et_test_free) != 1
        || !et_hasher_init(&hasher))
    {
        return 1;
    }

    et_test_exceptions();
    et_test_frames();
    et_test_other_parts();
    et_test_fingerprints();
    et_test_culprits();
    et_test_bounds();

    et_hasher_destroy(&hasher);
    et_arena_destroy(&arena);

    return et_test_done();
}
