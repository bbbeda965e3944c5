/*
 * The JSON of an event that is kept: untouched mostly, cut where it would be
 * too large, and JSON in any case.
 *
 * JSON is written with ' in place of ".
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE            /* memmem() */
#endif

#include <stdarg.h>

#include "et_grouping.h"
#include "et_json_skip.h"
#include "et_test.h"


#define RECEIVED   (1767323045 * ET_SECOND)    /* 2026-01-02T03:04:05Z */
#define MEMORY     (64 * 1024 * 1024)
#define SIZE       (1024 * 1024)


static et_arena_t         arena;
static et_hasher_t        hasher;
static et_event_t         event;
static et_event_source_t  source;
static char               text[SIZE];
static size_t             len;
static const cJSON       *kept;        /* the payload, read again */


static void
begin(void)
{
    len = 0;
    memset(&source, 0, sizeof(source));
    source.received = RECEIVED;
}


static void
add(const char *format, ...)
{
    char    *p;
    va_list  args;

    p = text + len;

    va_start(args, format);
    len += vsnprintf(p, SIZE - len, format, args);
    va_end(args);

    for ( /* void */ ; p < text + len; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }
}


static void
add_many(const char *what, size_t n)
{
    while (n-- > 0) {
        add("%s", what);
    }
}


/* The text as an event; its payload is read again into kept. */

static et_reason_t
read_event(void)
{
    char         *copy;
    cJSON        *root;
    et_reason_t   rc;

    et_arena_reset(&arena);
    memset(&event, 0, sizeof(event));
    kept = NULL;

    rc = et_event_parse(&arena, text, len, &source, &event);

    if (rc == ET_OK) {
        copy = et_arena_alloc(&arena, event.payload.len + 1);
        memcpy(copy, event.payload.data, event.payload.len);

        et_check_int(et_json_parse(&arena, copy, event.payload.len, &root),
                     ET_OK);
        kept = root;
    }

    return rc;
}


static int
untouched(void)
{
    return event.payload.data == text && event.payload.len == len;
}


/* The value at a path of names and indices, "a.b.0". */

static const cJSON *
at(const char *path)
{
    char          name[64];
    size_t        n;
    const cJSON  *item;

    item = kept;

    while (item != NULL && *path != '\0') {
        n = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int) n, path);
        path += n + (path[n] == '.');

        item = cJSON_IsArray(item)
               ? cJSON_GetArrayItem((cJSON *) item, atoi(name))
               : et_json_get(item, name);
    }

    return item;
}


static int
noted(const char *note)
{
    size_t  i;

    for (i = 0; i < event.nnotes; i++) {
        if (et_slice_eq(event.notes[i], et_slice_str(note))) {
            return 1;
        }
    }

    for (i = 0; i < event.nnotes; i++) {
        printf("# note: %.*s\n", (int) event.notes[i].len,
               event.notes[i].data);
    }

    return 0;
}


static void
test_untouched(void)
{
    ET_TEST("an ordinary event is passed on as it is, not as a copy") {
        begin();
        add("{'message':'m','extra':{'a':[1,2]},'request':{'data':{'b':1}},"
            "'exception':[{'value':'v','stacktrace':{'frames':[{},{}]}}],"
            "'timestamp':1767323044,'breadcrumbs':[{'timestamp':1}]}");
        et_check_int(read_event(), ET_OK);
        et_check(untouched());
        et_check_int(event.nnotes, 0);
    }

    ET_TEST("so is a large one, with everything at its limit") {
        begin();
        add("{'extra':{'a':'");
        add_many("x", 16384);
        add("','b':'");
        add_many("y", 16384);
        add("','c':{'d':['e',1]}},'request':{'data':'");
        add_many("x", 8192);
        add("'},'logentry':{'message':'");
        add_many("x", 8192);
        add("','formatted':'");
        add_many("x", 8192);
        add("'},'threads':[{'stacktrace':{'frames':[{}");
        add_many(",{}", 49);
        add("]}}],'modules':{'a':'");
        add_many("x", 20000);
        add("'}}");
        et_check_int(read_event(), ET_OK);
        et_check(untouched());
        et_check_int(event.nnotes, 0);
    }
}


static void
test_texts(void)
{
    size_t  i, n;

    static const struct {
        const char  *before;
        const char  *after;
        const char  *path;
        size_t       max;
        const char  *note;
    } cases[] = {
        { "{'message':'", "'}", "message", 8192,
          "message: cut to 8192 bytes" },
        { "{'message':{'message':'", "'},'level':'info'}", "message.message",
          8192, "message: cut to 8192 bytes" },
        { "{'logentry':{'formatted':'", "'}}", "logentry.formatted", 8192,
          "logentry: cut to 8192 bytes" },
        { "{'exception':{'values':[{'value' : '", "'}]}}",
          "exception.values.0.value", 8192,
          "exception.value: cut to 8192 bytes" },
        { "{'exception':[null,{'value':'", "','type':'E'}]}",
          "exception.1.value", 8192, "exception.value: cut to 8192 bytes" },
        { "{'request':{'url':'u','data':'", "'}}", "request.data", 8192,
          "request.data: cut to 8192 bytes" },
        { "{'extra':{'a':1,'b':'", "','c':2}}", "extra.b", 16384,
          "extra.b: cut to 16384 bytes" },
        { "{'extra':['", "',2]}", "extra.0", 16384,
          "extra: cut to 16384 bytes" }
    };

    ET_TEST("a text that is too long is cut, with three dots and a note, and "
            "all around it stays")
    {
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            begin();
            add("%s", cases[i].before);
            add_many("x", cases[i].max + 1);
            add("%s", cases[i].after);

            et_check_int(read_event(), ET_OK);
            et_check(noted(cases[i].note));
            et_check_int(event.nnotes, 1);
            et_check_int(et_json_str(at(cases[i].path)).len,
                         cases[i].max + 3);
            et_check_int(event.payload.len, len + 2);

            n = strlen(cases[i].before);
            et_check(memcmp(event.payload.data, text, n) == 0);
            n = strlen(cases[i].after);
            et_check(memcmp(event.payload.data + event.payload.len - n,
                            text + len - n, n) == 0);
        }
    }

    ET_TEST("a text is cut between characters and escapes, a pair of "
            "surrogates being one")
    {
        static const struct {
            const char  *what;
            size_t       size;
        } chars[] = {
            { "\xc3\xa9", 2 }, { "\xe2\x82\xac", 3 },
            { "\xf0\x9f\x98\x80", 4 }, { "\\n", 1 }, { "\\u00e9", 3 },
            { "\\ud83d\\ude00", 4 }, { "\\\\", 1 }, { "\\'", 1 }
        };

        for (i = 0; i < sizeof(chars) / sizeof(chars[0]); i++) {
            for (n = 0; n < 8; n++) {
                begin();
                add("{'extra':{'a':'");
                add_many("x", 16380 + n);
                add_many(chars[i].what, 40);
                add("'}}");

                et_check_int(read_event(), ET_OK);
                et_check(!untouched());
                et_check(et_json_str(at("extra.a")).len > 16384 - 6 + 3);
                et_check(et_json_str(at("extra.a")).len <= 16384 + 3);
            }
        }
    }
}


static void
test_values(void)
{
    size_t  i, size;

    ET_TEST("of a large object or list the first members are kept") {
        begin();
        add("{'extra':{'a': { 'k0' : 'x'");

        for (i = 1; i < 10000; i++) {
            add(" , 'k%zu': [%zu, {'v': null}]", i, i);
        }

        add(" } ,'b':[1,2] },'release':'1'}");

        et_check_int(read_event(), ET_OK);
        et_check(noted("extra.a: cut to 16384 bytes"));

        size = cJSON_GetArraySize((cJSON *) at("extra.a"));
        et_check(size > 100 && size < 1000);
        et_check_str(et_json_str(at("extra.a.k0")), "x");
        et_check_int(cJSON_GetArraySize((cJSON *) at("extra.b")), 2);
        et_check_str(et_json_str(at("release")), "1");
        et_check(event.payload.len < 40000);
    }

    ET_TEST("a request's body may be anything") {
        begin();
        add("{'request':{'data':[['");
        add_many("x", 5000);
        add("',['");
        add_many("y", 5000);
        add("',1],2],3],'method':'POST'}}");
        et_check_int(read_event(), ET_OK);
        et_check(noted("request.data: cut to 8192 bytes"));
        et_check_int(et_json_str(at("request.data.0.0")).len, 5000);
        et_check(et_json_str(at("request.data.0.1.0")).len < 3200);
        et_check_int(cJSON_GetArraySize((cJSON *) at("request.data")), 1);
        et_check_int(cJSON_GetArraySize((cJSON *) at("request.data.0")), 2);
        et_check_str(et_json_str(at("request.method")), "POST");
    }

    ET_TEST("a value of nothing but names, brackets or numbers weighs, too") {
        begin();
        add("{'extra':{'names':{");
        for (i = 0; i < 5000; i++) {
            add("%s'name%zu':''", i == 0 ? "" : ",", i);
        }

        add("},'name':{'");
        add_many("n", 20000);
        add("':1,'b':2},'deep':");
        add_many("[", 150);
        add_many("]", 150);
        add(",'many':[[]");
        add_many(",[]", 9999);
        add("],'numbers':[1");
        add_many(",1", 9999);
        add("]}}");

        et_check_int(read_event(), ET_OK);
        et_check(noted("extra.names: cut to 16384 bytes"));
        et_check(noted("extra.name: cut to 16384 bytes"));
        et_check(noted("extra.many: cut to 16384 bytes"));
        et_check(noted("extra.numbers: cut to 16384 bytes"));
        et_check_int(event.nnotes, 4);
        et_check(at("extra.name") != NULL && at("extra.name")->child == NULL);
        et_check(cJSON_GetArraySize((cJSON *) at("extra.numbers")) > 2000);
        et_check(event.payload.len < 60000);
    }
}


/* n frames, each with its number; those whose number is a multiple of own
 * (0: none) are in-app. */

static void
add_frames(const char *before, size_t n, size_t own, const char *after)
{
    size_t  i;

    add("%s", before);

    for (i = 0; i < n; i++) {
        add("%s { 'lineno': %zu, 'in_app' : %s }", i == 0 ? "" : " ,", i,
            own != 0 && i % own == 0 ? "true" : "false");
    }

    add("%s", after);
}


static int
lineno(const char *path, int n)
{
    const cJSON  *item;

    item = cJSON_GetArrayItem((cJSON *) at(path), n);
    item = et_json_get(item, "lineno");

    return item == NULL ? -1 : (int) item->valuedouble;
}


static int
count_own(const char *path)
{
    int           n;
    const cJSON  *item;

    n = 0;

    for (item = at(path)->child; item != NULL; item = item->next) {
        n += cJSON_IsTrue(et_json_get(item, "in_app"));
    }

    return n;
}


static int
count_objects(const char *path)
{
    int           n;
    const cJSON  *item;

    n = 0;

    for (item = at(path)->child; item != NULL; item = item->next) {
        n += cJSON_IsObject(item) && item->child != NULL;
    }

    return n;
}


static void
test_frames(void)
{
    int          k;
    size_t       i;
    uint64_t     hash;
    const char  *path;

    static const struct {
        const char  *before;
        const char  *after;
        const char  *path;
    } places[] = {
        { "{'stacktrace':{'frames':[", "]}}", "stacktrace.frames" },
        { "{'exception':[{'stacktrace':{'registers':{},'frames' : [",
          "]},'type':'E'}]}", "exception.0.stacktrace.frames" },
        { "{'exception':{'values':[{'raw_stacktrace':{'frames':[", "]}}]}}",
          "exception.values.0.raw_stacktrace.frames" },
        { "{'threads':{'values':[{'id':1},{'stacktrace':{'frames':[",
          "]}}]},'level':'info'}",
          "threads.values.1.stacktrace.frames" },
        { "{'sentry.interfaces.Exception':[{'stacktrace':{'frames':[",
          "]}}]}", "exception.0.stacktrace.frames" }
    };

    ET_TEST("of more than 50 frames the middle goes, wherever a stack trace "
            "stands")
    {
        for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            path = places[i].path;

            begin();
            add_frames(places[i].before, 50, 0, places[i].after);
            et_check_int(read_event(), ET_OK);
            et_check_int(cJSON_GetArraySize((cJSON *) at(path)), 50);
            et_check_int(event.nnotes, 0);

            begin();
            add_frames(places[i].before, 312, 0, places[i].after);
            et_check_int(read_event(), ET_OK);
            et_check(noted("stacktrace.frames: 50 of 312 kept"));
            et_check_int(cJSON_GetArraySize((cJSON *) at(path)), 50);

            for (k = 0; k < 25; k++) {
                et_check_int(lineno(path, k), k);
                et_check_int(lineno(path, 49 - k), 311 - k);
            }
        }
    }

    ET_TEST("the program's own frames stay rather than others, and their "
            "middle goes where there are too many")
    {
        path = "stacktrace.frames";

        begin();
        add_frames(places[0].before, 200, 10, places[0].after);
        et_check_int(read_event(), ET_OK);
        et_check_int(cJSON_GetArraySize((cJSON *) at(path)), 50);
        et_check_int(count_own(path), 20);
        et_check_int(lineno(path, 0), 0);
        et_check_int(lineno(path, 49), 199);

        begin();
        add_frames(places[0].before, 200, 2, places[0].after);
        et_check_int(read_event(), ET_OK);
        et_check_int(cJSON_GetArraySize((cJSON *) at(path)), 50);
        et_check_int(count_own(path), 49);
        et_check_int(lineno(path, 0), 0);
        et_check_int(lineno(path, 48), 198);
        et_check_int(lineno(path, 49), 199);

        begin();
        add_frames(places[0].before, 51, 1, places[0].after);
        et_check_int(read_event(), ET_OK);
        et_check_int(cJSON_GetArraySize((cJSON *) at(path)), 50);
        et_check_int(lineno(path, 49), 50);
    }

    ET_TEST("frames that are null or no objects go first") {
        begin();
        add_frames("{'stacktrace':{'frames':[null , 1 ,", 30, 2, "");
        add_many(",1,'x',null,[],[{}]", 20);
        add_frames(",", 15, 2, ",null]}}");
        et_check_int(read_event(), ET_OK);
        et_check_int(cJSON_GetArraySize((cJSON *) at("stacktrace.frames")),
                     50);
        et_check_int(count_objects("stacktrace.frames"), 45);

        begin();
        add("{'stacktrace':{'frames':[null");
        add_many(",1", 60);
        add("]}}");
        et_check_int(read_event(), ET_OK);
        et_check_int(cJSON_GetArraySize((cJSON *) at("stacktrace.frames")),
                     50);
    }

    ET_TEST("of a recursion's frames the middle goes before any other") {
        path = "stacktrace.frames";

        begin();
        add("{'stacktrace':{'frames':[");
        for (k = 0; k < 900; k++) {
            add("%s{'function':'f%d','lineno':%d,'in_app':true}",
                k == 0 ? "" : ",", k / 300, k);
        }

        add("]}}");
        et_check_int(read_event(), ET_OK);
        et_check_int(cJSON_GetArraySize((cJSON *) at(path)), 50);
        et_check(memmem(event.payload.data, event.payload.len, "f1", 2)
                 != NULL);
        et_check_int(lineno(path, 0), 0);
        et_check_int(lineno(path, 49), 899);
    }

    ET_TEST("what is kept is grouped as what was sent") {
        for (k = 0; k < 300; k++) {
            begin();
            add("{'platform':'python','exception':[{'type':'E','stacktrace':"
                "{'frames':[%s", k % 3 ? "{}" : "null");

            for (i = 0; i < 20 + (size_t) k * 3; i++) {
                add(",{'function':'f%u','in_app':%s}",
                    (unsigned) et_random() % (k + 1),
                    et_random() % 10 < (uint64_t) k % 11 ? "true" : "false");
            }

            add("]}}]}");
            et_check_int(read_event(), ET_OK);
            et_check_int(et_group(&arena, &hasher, &event), ET_OK);
            hash = event.grouping_hash;

            len = event.payload.len;
            memmove(text, event.payload.data, len);
            et_check_int(read_event(), ET_OK);
            et_check_int(et_group(&arena, &hasher, &event), ET_OK);
            et_check(event.grouping_hash == hash);
            et_check(untouched());
        }
    }

    ET_TEST("frames that are no list stay as they are") {
        begin();
        add("{'stacktrace':{'frames':{'0':1");
        add_many(",'a':[]", 100);
        add("}},'exception':[{'stacktrace':{'frames':'x'}},"
            "{'stacktrace':[1]},{'stacktrace':null}]}");
        et_check_int(read_event(), ET_OK);
        et_check(untouched());
    }
}


static void
test_drift(void)
{
    size_t  i;

    ET_TEST("where the sender's clock is wrong, the times of the event and "
            "its breadcrumbs are shifted")
    {
        begin();
        source.drift = 7200 * ET_SECOND;
        add("{'timestamp':'2026-01-02T01:04:04.5Z','breadcrumbs':{'values':"
            "[null,{'timestamp':1767315840,'message':'a'},"
            "{'message':'b','timestamp' : '2026-01-02T01:04:02'},"
            "{'timestamp':null},{'timestamp':'x'}]},"
            "'extra':{'timestamp':1}}");
        et_check_int(read_event(), ET_OK);
        et_check_int(event.timestamp, RECEIVED - 500000);
        et_check_str(event.payload,
            "{\"timestamp\":1767323044.500000,\"breadcrumbs\":{\"values\":"
            "[null,{\"timestamp\":1767323040.000000,\"message\":\"a\"},"
            "{\"message\":\"b\",\"timestamp\" : 1767323042.000000},"
            "{\"timestamp\":null},{\"timestamp\":\"x\"}]},"
            "\"extra\":{\"timestamp\":1}}");
    }

    ET_TEST("a time that would be before 1970 stays, and so do those behind "
            "the 200th")
    {
        begin();
        source.drift = -7200 * ET_SECOND;
        add("{'breadcrumbs':[{'timestamp':7199}");
        for (i = 0; i < 300; i++) {
            add(",{'timestamp':7200}");
        }

        add("]}");
        et_check_int(read_event(), ET_OK);
        et_check_int(at("breadcrumbs.0.timestamp")->valuedouble, 7199);
        et_check_int(at("breadcrumbs.1.timestamp")->valuedouble, 0);
        et_check_int(at("breadcrumbs.200.timestamp")->valuedouble, 0);
        et_check_int(at("breadcrumbs.201.timestamp")->valuedouble, 7200);
    }
}


static void
test_names(void)
{
    ET_TEST("legacy names are today's in what is kept") {
        begin();
        add("{ 'sentry.interfaces.Message' : 'm',"
            "'sentry.interfaces.User':{'id':1},"
            "'sentry.interfaces.Http':{'url':'u'},"
            "'sentry.interfaces.Contexts':{},"
            "'sentry.interfaces.Breadcrumbs':[],"
            "'sentry.interfaces.Exception':[{'type':'E'}],"
            "'sentry.interfaces.Stacktrace':{'frames':[]},"
            "'sentry.interfaces.Threads':[],"
            "'sentry.interfaces.Template':{},"
            "'sentry.interfaces.Csp':{},"
            "'extra':{'sentry.interfaces.User':1},'sentry.interfaces.X':1}");
        et_check_int(read_event(), ET_OK);
        et_check_str(event.payload,
            "{ \"logentry\" : \"m\",\"user\":{\"id\":1},\"request\":"
            "{\"url\":\"u\"},\"contexts\":{},\"breadcrumbs\":[],"
            "\"exception\":[{\"type\":\"E\"}],"
            "\"stacktrace\":{\"frames\":[]},\"threads\":[],"
            "\"template\":{},\"csp\":{},\"extra\":"
            "{\"sentry.interfaces.User\":1},\"sentry.interfaces.X\":1}");
        et_check_int(event.nnotes, 0);
    }

    ET_TEST("control characters that cJSON takes for white space are no harm")
    {
        begin();
        add("\x05{\x01'sentry.interfaces.User'\x02:\x03{}\x04,'a'\x05:"
            "\x06[\x07]\x08}");
        et_check_int(read_event(), ET_OK);
        et_check_str(event.payload, "\x05{\x01\"user\"\x02:\x03{}\x04,\"a\""
                                    "\x05:\x06[\x07]\x08}");
    }

    ET_TEST("a legacy name stays where today's is there, too, or it comes "
            "twice")
    {
        begin();
        add("{'user':null,'sentry.interfaces.User':{'id':1}}");
        et_check_int(read_event(), ET_OK);
        et_check(untouched());

        begin();
        add("{'sentry.interfaces.User':1,'sentry.interfaces.User':2}");
        et_check_int(read_event(), ET_OK);
        et_check_str(event.payload,
                     "{\"user\":1,\"sentry.interfaces.User\":2}");
    }
}


/* A random value with a few thousand bytes here and there. */

static void
add_random(int depth)
{
    size_t              i, n;
    static const char  *const  names[] = {
        "frames", "value", "data", "timestamp", "values", "stacktrace",
        "message", "formatted", "x", "", "in_app", "raw_stacktrace"
    };

    if (len > SIZE / 4) {
        depth = 0;
    }

    switch (et_random() % (depth > 0 ? 9 : len > SIZE / 2 ? 3 : 6)) {
    case 0:
        add("null");
        break;
    case 1:
        add("%d.5", (int) (et_random() % 2000000000));
        break;
    case 2:
        add(et_random() % 2 ? "true" : "false");
        break;
    case 3:
        add("'\\'\\\\ {[\\u00e9,]}:'");
        break;
    case 4:
        add("'");
        add_many(et_random() % 2 ? "x" : "\\ud83d\\ude00",
                 et_random() % 2000);
        add("'");
        break;
    case 5:
        add("'2026-01-02T01:04:02'");
        break;
    case 6:
        n = et_random() % 70;
        add("[ ");
        for (i = 0; i < n; i++) {
            add(i == 0 ? "" : "\t, ");
            add_random(depth - 1 - (int) (et_random() % 3));
        }

        add("]");
        break;
    default:
        n = et_random() % 6;
        add("{");
        for (i = 0; i < n; i++) {
            add("%s\n'%s' :", i == 0 ? "" : ",", names[et_random() % 12]);
            add_random(depth - 1);
        }

        add(" }");
        break;
    }
}


static void
add_random_event(void)
{
    size_t              i;
    static const char  *const  names[] = {
        "exception", "threads", "stacktrace", "breadcrumbs", "logentry",
        "message", "request", "extra", "timestamp",
        "sentry.interfaces.Exception", "sentry.interfaces.Http",
        "sentry.interfaces.Message"
    };

    begin();
    source.drift = et_random() % 2 ? 7200 * ET_SECOND : 0;

    add("{'level':'info'");

    for (i = 0; i < 6; i++) {
        add(", '%s':", names[et_random() % 12]);
        add_random(5);
    }

    add(", 'release':'last'}");
}


static void
test_random(void)
{
    int  i, changed;

    ET_TEST("whatever the event, what is kept is JSON, not larger but by its "
            "times, and its end is there")
    {
        changed = 0;

        for (i = 0; i < 1500; i++) {
            add_random_event();

            et_check_int(read_event(), ET_OK);
            et_check(kept != NULL);
            et_check(event.payload.len <= len + 200 * 20 + 100);
            et_check_str(et_json_str(at("release")), "last");
            changed += !untouched();
        }

        et_check(changed > 400);
    }

    ET_TEST("an allocation that fails is told, and what is kept is whole") {
        for (i = 1; ; i++) {
            begin();
            add("{'message':'");
            add_many("x", 9000);
            add_frames("','stacktrace':{'frames':[", 300, 0, "]}}");

            et_arena_destroy(&arena);
            et_arena_init(&arena, MEMORY, 0);
            et_fail_nth(i);

            if (et_event_parse(&arena, text, len, &source, &event) == ET_OK) {
                et_check(!et_fail_reached());
                break;
            }

            et_check(et_fail_reached());
        }

        et_fail_nth(0);
        et_check(i > 1);
    }
}


static void
test_skip(void)
{
    size_t      pos, i;
    et_slice_t  json;

    static const struct {
        const char  *json;
        size_t       end;
    } cases[] = {
        { "1,2", 1 }, { "\"a\\\"]\" ,", 6 }, { "[1,[2,{\"]\":3}]],4", 15 },
        { "{} ", 2 }, { "true]", 4 }, { "-1.5e3 }", 6 },
        { "[1", 2 }, { "\"a", 2 }, { "\"a\\", 3 }, { "", 0 }, { "]x", 1 }
    };

    ET_TEST("a value's end is found by its quotes and brackets, and is never "
            "behind the text's")
    {
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            json = et_slice_str(cases[i].json);
            et_check_int(et_json_value_end(json, 0), cases[i].end);

            for (pos = 0; pos <= json.len + 2; pos++) {
                et_check(et_json_value_end(json, pos) <= json.len);
                et_check(et_json_string_end(json, pos) <= json.len);
                et_check(et_json_blank_end(json, pos) <= json.len);
            }
        }

        et_check_int(et_json_blank_end(et_slice_str("x \t\x01y"), 1), 4);
    }
}


int
main(void)
{
    et_arena_init(&arena, MEMORY, 1024 * 1024);
    et_check(et_hasher_init(&hasher));

    test_untouched();
    test_texts();
    test_values();
    test_frames();
    test_drift();
    test_names();
    test_random();
    test_skip();

    et_hasher_destroy(&hasher);
    et_arena_destroy(&arena);

    return et_test_done();
}
