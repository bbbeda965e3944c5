/*
 * et_event.h: every form of every field that an event is known to come with.
 *
 * JSON is written with ' in place of ", which C would have to escape; where
 * a test needs a ', it says \u0027.
 */

#include "et_event.h"
#include "et_test.h"


#define RECEIVED  (1767323045 * ET_SECOND)     /* 2026-01-02T03:04:05Z */

#define ID        "fc6d8c0c43fc4630ad850ee518f1b9d0"
#define ID_DASHED "FC6D8C0C-43fc-4630-ad85-0ee518f1B9D0"

#define CHUNK     65536        /* of an arena, the least */


static et_arena_t         arena;
static et_event_t         event;
static et_event_source_t  source;
static char              *text;        /* of the event; its payload is there */


static void
defaults(void)
{
    memset(&source, 0, sizeof(et_event_source_t));

    source.event_id = et_slice_str("");
    source.sdk_name = et_slice_str("");
    source.sdk_version = et_slice_str("");
    source.client_ip = et_slice_str("192.0.2.1");
    source.received = RECEIVED;
}


/* Of exactly len bytes on the heap, so that a read past the end is seen. */

static et_reason_t
parse_bytes(const char *json, size_t len)
{
    free(text);

    text = malloc(len + (len == 0));
    if (text == NULL) {
        abort();
    }

    memcpy(text, json, len);

    et_arena_reset(&arena);

    return et_event_parse(&arena, text, len, &source, &event);
}


static et_reason_t
parse(const char *json)
{
    char         *copy, *p;
    et_reason_t   rc;

    copy = strdup(json);
    if (copy == NULL) {
        abort();
    }

    for (p = copy; *p != '\0'; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    rc = parse_bytes(copy, strlen(copy));

    free(copy);

    return rc;
}


/* The event of this one member. */

static et_reason_t
parse_field(const char *name, const char *value)
{
    char         *json;
    et_reason_t   rc;

    json = malloc(strlen(name) + strlen(value) + sizeof("{'':}"));
    if (json == NULL) {
        abort();
    }

    sprintf(json, "{'%s':%s}", name, value);

    rc = parse(json);

    free(json);

    return rc;
}


/* Between before and after stand len characters 'x'. */

static et_reason_t
parse_long(const char *before, size_t len, const char *after)
{
    char         *json;
    et_reason_t   rc;

    json = malloc(strlen(before) + len + strlen(after) + 1);
    if (json == NULL) {
        abort();
    }

    strcpy(json, before);
    memset(json + strlen(before), 'x', len);
    strcpy(json + strlen(before) + len, after);

    rc = parse(json);

    free(json);

    return rc;
}


static void
check_id(const char *expected)
{
    char  printed[32];

    et_event_id_print(event.id, printed);
    et_check_str(et_slice(printed, 32), expected);
}


static et_slice_t
tag(const char *key)
{
    size_t  i;

    for (i = 0; i < event.ntags; i++) {
        if (et_slice_eq(event.tags[i].key, et_slice_str(key))) {
            return event.tags[i].value;
        }
    }

    return et_slice_str("(none)");
}


/* The text is one of the event's notes. */

static int
noted(const char *text)
{
    size_t  i;

    for (i = 0; i < event.nnotes; i++) {
        if (et_slice_eq(event.notes[i], et_slice_str(text))) {
            return 1;
        }
    }

    printf("# of %zu notes the first is \"%.*s\"\n", event.nnotes,
           event.nnotes != 0 ? (int) event.notes[0].len : 0,
           event.nnotes != 0 ? event.notes[0].data : "");

    return 0;
}

#define check_note(text)  et_check(noted(text))


static void
test_ids(void)
{
    unsigned char  id[ET_EVENT_ID_LEN], other[ET_EVENT_ID_LEN];

    ET_TEST("an event id is 32 hex digits of any case or 36 characters with "
            "dashes in their places")
    {
        et_check(et_event_id_parse(et_slice_str(ID), id));
        et_check(et_event_id_parse(et_slice_str(ID_DASHED), other));
        et_check(memcmp(id, other, ET_EVENT_ID_LEN) == 0);
        et_check_int(id[0], 0xfc);
        et_check_int(id[15], 0xd0);

        et_check(!et_event_id_parse(et_slice_str(""), id));
        et_check(!et_event_id_parse(et_slice(NULL, 0), id));
        et_check(!et_event_id_parse(et_slice(ID, 31), id));
        et_check(!et_event_id_parse(et_slice_str(ID "0"), id));
        et_check(!et_event_id_parse(
                     et_slice_str("fc6d8c0c43fc4630ad850ee518f1b9dg"), id));
        et_check(!et_event_id_parse(
                     et_slice_str("fc6d8c0c43fc-4630-ad85-0ee5-18f1b9d0"),
                     id));
        et_check(!et_event_id_parse(
                     et_slice_str("fc6d8c0c043fc04630ad85-0ee518f1b9d00"),
                     id));
    }

    ET_TEST("a text that is no event id leaves the id as it was") {
        memset(id, 7, ET_EVENT_ID_LEN);
        et_check(!et_event_id_parse(
                     et_slice_str("fc6d8c0c43fc4630ad850ee518f1b9d-"), id));
        et_check_int(id[0], 7);
    }

    ET_TEST("an id that is made is of version 4 and differs from the next") {
        et_check(et_event_id_make(id));
        et_check(et_event_id_make(other));
        et_check(memcmp(id, other, ET_EVENT_ID_LEN) != 0);
        et_check_int(id[6] >> 4, 4);
        et_check_int(id[8] >> 6, 2);
    }

    ET_TEST("the payload's event id is read, with dashes and in upper case "
            "too")
    {
        et_check_int(parse_field("event_id", "'" ID "'"), ET_OK);
        check_id(ID);
        et_check_int(parse_field("event_id", "'" ID_DASHED "'"), ET_OK);
        check_id(ID);
    }

    ET_TEST("the envelope's event id wins over the payload's") {
        source.event_id =
                       et_slice_str("0123456789abcdef0123456789abcdef");
        et_check_int(parse_field("event_id", "'" ID "'"), ET_OK);
        check_id("0123456789abcdef0123456789abcdef");
        et_check_int(parse_field("event_id", "'x'"), ET_OK);
        check_id("0123456789abcdef0123456789abcdef");
        defaults();
    }

    ET_TEST("a malformed event id of the envelope does not hide the "
            "payload's")
    {
        source.event_id = et_slice_str("nonsense");
        et_check_int(parse_field("event_id", "'" ID "'"), ET_OK);
        check_id(ID);
        defaults();
    }

    ET_TEST("an event without an id gets one, and null is no id, on store "
            "too")
    {
        source.strict_id = 1;
        et_check_int(parse("{}"), ET_OK);
        et_check_int(event.id[6] >> 4, 4);
        et_check_int(parse_field("event_id", "null"), ET_OK);
        et_check_int(event.id[6] >> 4, 4);
        defaults();
    }

    ET_TEST("a malformed event id gets a new one in an envelope, and is "
            "refused on store")
    {
        et_check_int(parse_field("event_id", "'x'"), ET_OK);
        et_check_int(event.id[6] >> 4, 4);
        et_check_int(parse_field("event_id", "12"), ET_OK);

        source.strict_id = 1;
        et_check_int(parse_field("event_id", "'x'"), ET_BAD_EVENT_ID);
        et_check_int(parse_field("event_id", "''"), ET_OK);
        et_check_int(event.id[6] >> 4, 4);
        et_check_int(parse_field("event_id", "12"), ET_BAD_EVENT_ID);
        et_check_int(parse_field("event_id", "'" ID "'"), ET_OK);
        defaults();
    }
}


static void
test_payload(void)
{
    size_t         i;
    static const char  *none[] = {
        "", " ", "null", "1", "'x'", "[]", "[{}]", "{", "{}x", "{'a':nan}",
        "{'a':Inf}", "NaN", "{'a':NaNa}", "{'a':'NaN}",
    };

    ET_TEST("what is no JSON object is refused") {
        for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
            et_check_int(parse(none[i]), ET_BAD_JSON);
        }

        et_check_int(parse_bytes("{\"a\":\"\xff\"}", 9), ET_BAD_UTF8);
    }

    ET_TEST("an empty object is an event: every slice can be read, the level "
            "is error, the platform other")
    {
        et_check_int(parse("{}"), ET_OK);
        et_check_str(event.level, "error");
        et_check_str(event.platform, "other");
        et_check_str(event.payload, "{}");
        et_check_int(event.timestamp, RECEIVED);
        et_check_int(event.received, RECEIVED);
        et_check_int(event.user_hash, 0);
        et_check_int(event.ntags, 0);
        et_check_int(event.nexceptions, 0);
        et_check(event.frames == NULL);
        et_check(event.fingerprint == NULL);

        et_check(event.type.data != NULL);
        et_check(event.value.data != NULL);
        et_check(event.message.data != NULL);
        et_check(event.message_template.data != NULL);
        et_check(event.culprit.data != NULL);
        et_check(event.logger.data != NULL);
        et_check(event.environment.data != NULL);
        et_check(event.release.data != NULL);
        et_check(event.dist.data != NULL);
        et_check(event.server_name.data != NULL);
        et_check(event.transaction.data != NULL);
        et_check(event.trace_id.data != NULL);
        et_check(event.user_id.data != NULL);
        et_check(event.user_email.data != NULL);
        et_check(event.user_name.data != NULL);
        et_check(event.user_ip.data != NULL);
        et_check(event.sdk_name.data != NULL);
        et_check(event.sdk_version.data != NULL);
        et_check(event.checksum.data != NULL);
        et_check(event.grouping.data != NULL);
    }

    ET_TEST("the payload is the object as it was sent, without the white "
            "space and the byte order mark around it")
    {
        et_check_int(parse(" \r\n\t{ 'level' : 'info', 'unknown': [1,2] }\n "),
                     ET_OK);
        et_check_str(event.payload,
                     "{ \"level\" : \"info\", \"unknown\": [1,2] }");
        et_check_str(event.level, "info");

        et_check_int(parse("\xef\xbb\xbf{'level':'info'}"), ET_OK);
        et_check_str(event.payload, "{\"level\":\"info\"}");
        et_check_str(event.level, "info");
    }

    ET_TEST("Python's NaN, Infinity and -Infinity do not cost the event, and "
            "the payload kept is JSON")
    {
        et_check_int(parse("{'extra':{'a':NaN,'b':[-Infinity,Infinity],"
                           "'c':'NaN \\\\'},'level':'info','tags':{'t':NaN,"
                           "'u':'-Infinity'}}"), ET_OK);
        et_check_str(event.level, "info");
        et_check_str(tag("t"), "");
        et_check_str(tag("u"), "-Infinity");
        et_check_str(event.payload,
                     "{\"extra\":{\"a\":\"\" ,\"b\":[null     ,null    ],"
                     "\"c\":\"NaN \\\\\"},\"level\":\"info\",\"tags\":"
                     "{\"t\":\"\" ,\"u\":\"-Infinity\"}}");
        et_check_int(parse("{'timestamp':NaN}"), ET_OK);
        et_check_int(event.timestamp, RECEIVED);
    }

    ET_TEST("of two members of one name the first counts, unless it is null")
    {
        et_check_int(parse("{'release':'a','release':'b'}"), ET_OK);
        et_check_str(event.release, "a");
        et_check_int(parse("{'release':null,'release':'b'}"), ET_OK);
        et_check_str(event.release, "b");
    }
}


static void
test_timestamp(void)
{
    ET_TEST("a timestamp is RFC 3339, or epoch seconds as integer, float or "
            "text")
    {
        parse_field("timestamp", "'2026-01-02T03:04:04.250Z'");
        et_check_int(event.timestamp, RECEIVED - 750000);
        parse_field("timestamp", "'2026-01-02T03:04:04'");
        et_check_int(event.timestamp, RECEIVED - ET_SECOND);
        parse_field("timestamp", "'2026-01-02 04:04:04+01:00'");
        et_check_int(event.timestamp, RECEIVED - ET_SECOND);
        parse_field("timestamp", "1767323044");
        et_check_int(event.timestamp, RECEIVED - ET_SECOND);
        parse_field("timestamp", "1767323044.5");
        et_check_int(event.timestamp, RECEIVED - 500000);
        parse_field("timestamp", "'1767323044.5'");
        et_check_int(event.timestamp, RECEIVED - 500000);
        et_check_int(event.received, RECEIVED);
    }

    ET_TEST("a timestamp that is none becomes the time received") {
        parse_field("timestamp", "null");
        et_check_int(event.timestamp, RECEIVED);
        parse_field("timestamp", "'yesterday'");
        et_check_int(event.timestamp, RECEIVED);
        parse_field("timestamp", "-1");
        et_check_int(event.timestamp, RECEIVED);
        parse_field("timestamp", "1e300");
        et_check_int(event.timestamp, RECEIVED);
        parse_field("timestamp", "{'a':1}");
        et_check_int(event.timestamp, RECEIVED);
        parse_field("timestamp", "true");
        et_check_int(event.timestamp, RECEIVED);
    }

    ET_TEST("a timestamp may lie 60 seconds ahead and 30 days back, not more")
    {
        parse_field("timestamp", "1767323105");
        et_check_int(event.timestamp, RECEIVED + 60 * ET_SECOND);
        parse_field("timestamp", "1767323106");
        et_check_int(event.timestamp, RECEIVED);
        parse_field("timestamp", "1764731045");
        et_check_int(event.timestamp, RECEIVED - 30 * 86400 * ET_SECOND);
        parse_field("timestamp", "1764731044");
        et_check_int(event.timestamp, RECEIVED);
    }
}


static void
test_level_and_platform(void)
{
    size_t  i;

    static const struct {
        const char  *value;
        const char  *level;
    } levels[] = {
        { "'fatal'", "fatal" }, { "'error'", "error" },
        { "'warning'", "warning" }, { "'info'", "info" },
        { "'debug'", "debug" }, { "'Warning'", "warning" },
        { "'FATAL'", "fatal" }, { "'log'", "info" },
        { "'critical'", "fatal" }, { "'warn'", "warning" },
        { "10", "debug" }, { "20", "info" }, { "30", "warning" },
        { "40", "error" }, { "50", "fatal" }, { "'20'", "info" },
        { "'loud'", "error" }, { "''", "error" }, { "7", "error" },
        { "null", "error" }, { "[]", "error" }, { "true", "error" },
    };

    static const struct {
        const char  *value;
        const char  *platform;
    } platforms[] = {
        { "'python'", "python" }, { "'JavaScript'", "javascript" },
        { "'csharp'", "csharp" }, { "'My-OS'", "My-OS" }, { "''", "other" },
        { "null", "other" }, { "1", "other" }, { "{}", "other" },
    };

    ET_TEST("a level is one of five names; legacy names and Python's numbers "
            "are read, anything else is error")
    {
        for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
            et_check_int(parse_field("level", levels[i].value), ET_OK);
            et_check_str(event.level, levels[i].level);
        }
    }

    ET_TEST("a known platform is in lower case, an unknown one as it was "
            "sent, none is other")
    {
        for (i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++) {
            et_check_int(parse_field("platform", platforms[i].value), ET_OK);
            et_check_str(event.platform, platforms[i].platform);
        }
    }
}


/* The plain fields: their name, limit and place. */

static const struct {
    const char        *name;
    size_t             max;
    const et_slice_t  *slice;
} fields[] = {
    { "release", ET_MAX_RELEASE, &event.release },
    { "dist", ET_MAX_DIST, &event.dist },
    { "environment", ET_MAX_ENVIRONMENT, &event.environment },
    { "server_name", ET_MAX_SERVER_NAME, &event.server_name },
    { "logger", ET_MAX_LOGGER, &event.logger },
    { "transaction", ET_MAX_TRANSACTION, &event.transaction },
    { "culprit", ET_MAX_CULPRIT, &event.culprit },
    { "message", ET_MAX_MESSAGE, &event.message },
};

#define NFIELDS  (sizeof(fields) / sizeof(fields[0]))


static void
test_plain_fields(void)
{
    char    before[64];
    size_t  i;

    ET_TEST("a plain field is a string or a number, and empty if it is "
            "anything else")
    {
        for (i = 0; i < NFIELDS; i++) {
            et_check_int(parse_field(fields[i].name, "'v 1'"), ET_OK);
            et_check_str(*fields[i].slice, "v 1");
            et_check_int(parse_field(fields[i].name, "20260102"), ET_OK);
            et_check_str(*fields[i].slice, "20260102");
            et_check_int(parse_field(fields[i].name, "1.5"), ET_OK);
            et_check_str(*fields[i].slice, "1.5");
            et_check_int(parse_field(fields[i].name, "null"), ET_OK);
            et_check_str(*fields[i].slice, "");
            et_check_int(parse_field(fields[i].name, "['a']"), ET_OK);
            et_check_str(*fields[i].slice, "");
            et_check_int(parse_field(fields[i].name, "true"), ET_OK);
            et_check_str(*fields[i].slice, "");
        }
    }

    ET_TEST("a plain field is cut at its limit, never inside a character") {
        for (i = 0; i < NFIELDS; i++) {
            snprintf(before, sizeof(before), "{'%s':'", fields[i].name);

            et_check_int(parse_long(before, fields[i].max, "'}"), ET_OK);
            et_check_int(fields[i].slice->len, fields[i].max);
            et_check_int(parse_long(before, fields[i].max + 1, "'}"), ET_OK);
            et_check_int(fields[i].slice->len, fields[i].max);
            et_check_int(parse_long(before, fields[i].max - 1,
                                    "\xc3\xa9'}"), ET_OK);
            et_check_int(fields[i].slice->len, fields[i].max - 1);
        }
    }

    ET_TEST("the culprit is the transaction where there is no culprit") {
        parse("{'transaction':'GET /a'}");
        et_check_str(event.culprit, "GET /a");
        parse("{'transaction':'GET /a','culprit':'f in g'}");
        et_check_str(event.culprit, "f in g");
        et_check_str(event.transaction, "GET /a");
    }

    ET_TEST("a checksum is a string or a number and is not cut") {
        parse_field("checksum", "'abc'");
        et_check_str(event.checksum, "abc");
        parse_long("{'checksum':'", 20000, "'}");
        et_check_int(event.checksum.len, 20000);
    }

    ET_TEST("the fingerprint is kept where it is a list, whatever is in it, "
            "or a scalar, but no object")
    {
        parse_field("fingerprint", "['{{ default }}',1,true,null]");
        et_check(cJSON_IsArray(event.fingerprint));
        et_check_int(cJSON_GetArraySize(event.fingerprint), 4);
        parse_field("fingerprint", "'x'");
        et_check(cJSON_IsString(event.fingerprint));
        parse_field("fingerprint", "{'a':'x'}");
        et_check(event.fingerprint == NULL);
        check_note("fingerprint: an object, dropped");
        parse_field("fingerprint", "null");
        et_check(event.fingerprint == NULL);
        et_check_int(event.nnotes, 0);
    }
}


static void
test_trace_and_sdk(void)
{
    ET_TEST("the trace id is 32 lower-case hex digits, or nothing") {
        parse_field("contexts", "{'trace':{'trace_id':'" ID_DASHED "'}}");
        et_check_str(event.trace_id, ID);
        parse_field("sentry.interfaces.Contexts",
                    "{'trace':{'trace_id':'" ID "'}}");
        et_check_str(event.trace_id, ID);
        parse_field("contexts", "{'trace':{'trace_id':'12'}}");
        et_check_str(event.trace_id, "");
        parse_field("contexts", "{'trace':{'trace_id':12}}");
        et_check_str(event.trace_id, "");
        parse_field("contexts", "{'trace':null,'os':null}");
        et_check_str(event.trace_id, "");
        parse_field("contexts", "null");
        et_check_str(event.trace_id, "");
        parse_field("contexts", "[{'trace':{'trace_id':'" ID "'}}]");
        et_check_str(event.trace_id, "");
    }

    ET_TEST("the SDK is the event's, else the envelope's, never half of each")
    {
        parse_field("sdk", "{'name':'sentry.python','version':'2.1'}");
        et_check_str(event.sdk_name, "sentry.python");
        et_check_str(event.sdk_version, "2.1");

        source.sdk_name = et_slice_str("sentry.go");
        source.sdk_version = et_slice_str("0.9");
        parse_field("sdk", "{'name':'sentry.python'}");
        et_check_str(event.sdk_name, "sentry.python");
        et_check_str(event.sdk_version, "");
        parse_field("sdk", "null");
        et_check_str(event.sdk_name, "sentry.go");
        et_check_str(event.sdk_version, "0.9");
        parse_field("sdk", "'raven/1'");
        et_check_str(event.sdk_name, "sentry.go");
        defaults();
    }
}


static void
check_one_exception(const char *type, const char *value)
{
    et_check_int(event.nexceptions, 1);
    et_check_str(event.type, type);
    et_check_str(event.value, value);
}


static void
test_exceptions(void)
{
    size_t  i;

    static const char  *forms[] = {
        "{'values':[{'type':'E','value':'v','module':'m'}]}",
        "[{'type':'E','value':'v','module':'m'}]",
        "{'type':'E','value':'v','module':'m'}",
        "{'values':{'type':'E','value':'v','module':'m'}}",
        "{'values':[null,{'type':'E','value':'v','module':'m'},null]}",
        "[null,'x',1,[],{},{'type':'E','value':'v','module':'m'},{},false]",
        "{'values':null,'type':'E','value':'v','module':'m'}",
    };

    static const char  *none[] = {
        "null", "[]", "{}", "{'values':[]}", "{'values':null}", "[null]",
        "{'values':[null]}", "'x'", "1", "[{}]", "[{'type':null}]",
        "{'values':'x'}",
    };

    ET_TEST("exceptions are an object with values, a list, or one object; "
            "null entries and others that say nothing are skipped")
    {
        for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
            et_check_int(parse_field("exception", forms[i]), ET_OK);
            check_one_exception("E", "v");
            et_check_str(event.exceptions[0].module, "m");
            et_check_int(parse_field("sentry.interfaces.Exception", forms[i]),
                         ET_OK);
            check_one_exception("E", "v");
        }

        for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
            et_check_int(parse_field("exception", none[i]), ET_OK);
            et_check_int(event.nexceptions, 0);
            et_check_str(event.type, "");
            et_check_str(event.value, "");
        }
    }

    ET_TEST("one exception in an object is not taken for the members that "
            "follow it")
    {
        parse("{'exception':{'type':'E'},'user':{'type':'F'}}");
        check_one_exception("E", "");
    }

    ET_TEST("the last exception is the one thrown") {
        parse_field("exception", "[{'type':'Cause','value':'c'},"
                                 "{'type':'Thrown','value':'t'}]");
        et_check_int(event.nexceptions, 2);
        et_check_str(event.exceptions[0].type, "Cause");
        et_check_str(event.exceptions[1].type, "Thrown");
        et_check_str(event.type, "Thrown");
        et_check_str(event.value, "t");
    }

    ET_TEST("an exception's value may be a number, a boolean, or anything "
            "else as JSON")
    {
        parse_field("exception", "[{'type':'E','value':404}]");
        check_one_exception("E", "404");
        parse_field("exception", "[{'value':true}]");
        check_one_exception("", "true");
        parse_field("exception", "[{'type':'E','value':{'a':[1,null]}}]");
        check_one_exception("E", "{\"a\":[1,null]}");
        parse_field("exception", "[{'type':'E','value':null}]");
        check_one_exception("E", "");
        et_check_int(event.nnotes, 0);
        parse_field("exception", "[{'type':{'a':1},'value':'v'}]");
        check_one_exception("", "v");
        check_note("exception.type: an object, dropped");
    }

    ET_TEST("a value as JSON is cut, and dropped where it is very long") {
        parse_long("{'exception':[{'type':'E','value':{'a':'", ET_MAX_VALUE,
                   "'}}]}");
        et_check_int(event.value.len, ET_MAX_VALUE);
        check_note("exception.value: cut to 8192 bytes");
        parse_long("{'exception':[{'type':'E','value':['", 4 * ET_MAX_VALUE,
                   "']}]}");
        check_one_exception("E", "");
        check_note("exception.value: a list, dropped");
    }

    ET_TEST("a value of \"type: value\" without a type has one") {
        parse_field("exception", "[{'value':'ValueError: no such user: 7'}]");
        check_one_exception("ValueError", "no such user: 7");
        parse_field("exception", "[{'value':'E_1:x'}]");
        check_one_exception("E_1", "x");
        parse_field("exception", "[{'value':'E:'}]");
        check_one_exception("E", "");
        parse_field("exception", "[{'type':'','value':'E: x'}]");
        check_one_exception("E", "x");
        parse_field("exception", "[{'type':'T','value':'E: x'}]");
        check_one_exception("T", "E: x");
        parse_field("exception", "[{'value':'two words: x'}]");
        check_one_exception("", "two words: x");
        parse_field("exception", "[{'value':'http://x'}]");
        check_one_exception("", "http://x");
        parse_field("exception", "[{'value':': x'}]");
        check_one_exception("", ": x");
        parse_field("exception", "[{'value':'E: x\\ny'}]");
        check_one_exception("", "E: x\ny");
        parse_long("{'exception':[{'value':'", ET_MAX_TYPE + 1, ": x'}]}");
        et_check_str(event.type, "");
    }

    ET_TEST("an exception's type, module and value are cut at their limits") {
        parse_long("{'exception':[{'type':'", ET_MAX_TYPE + 1, "'}]}");
        et_check_int(event.type.len, ET_MAX_TYPE);
        parse_long("{'exception':[{'module':'", ET_MAX_TYPE + 1, "'}]}");
        et_check_int(event.exceptions[0].module.len, ET_MAX_TYPE);
        parse_long("{'exception':[{'value':'", ET_MAX_VALUE + 1, "'}]}");
        et_check_int(event.value.len, ET_MAX_VALUE);
    }

    ET_TEST("only a mechanism that says true is synthetic") {
        parse_field("exception", "[{'type':'E','mechanism':"
                                 "{'type':'m','synthetic':true}}]");
        et_check(event.exceptions[0].synthetic);
        parse_field("exception", "[{'type':'E','mechanism':"
                                 "{'synthetic':false}}]");
        et_check(!event.exceptions[0].synthetic);
        parse_field("exception", "[{'type':'E','mechanism':'generic'}]");
        et_check(!event.exceptions[0].synthetic);
        parse_field("exception", "[{'type':'E','mechanism':null}]");
        et_check(!event.exceptions[0].synthetic);
    }
}


static void
test_many_exceptions(void)
{
    char    json[8192];
    size_t  i, n;

    ET_TEST("of more exceptions than are kept the last ones are, nulls not "
            "counted")
    {
        n = snprintf(json, sizeof(json), "{'exception':[");

        for (i = 0; i < ET_MAX_EXCEPTIONS + 20; i++) {
            n += snprintf(json + n, sizeof(json) - n,
                          "{'type':'E%zu'},null,", i);
        }

        snprintf(json + n, sizeof(json) - n, "null]}");

        et_check_int(parse(json), ET_OK);
        et_check_int(event.nexceptions, ET_MAX_EXCEPTIONS);
        et_check_str(event.exceptions[0].type, "E20");
        et_check_str(event.type, "E69");
    }
}


static const char *
first_function(const cJSON *frames)
{
    const cJSON  *function;

    if (!cJSON_IsArray(frames)) {
        return "(no frames)";
    }

    function = et_json_get(frames->child, "function");

    return function != NULL ? function->valuestring : "(no function)";
}


#define FRAMES(f)  "{'frames':[{'function':'" f "'},{'function':'last'}]}"

static void
test_frames(void)
{
    size_t  i;

    static const char  *none[] = {
        "null", "{}", "{'frames':null}", "{'frames':[]}", "{'frames':{}}",
        "{'frames':'x'}", "[]", "'x'", "1",
    };

    ET_TEST("an exception's frames are the list of its stack trace") {
        parse_field("exception", "[{'stacktrace':" FRAMES("f") "}]");
        et_check_int(event.nexceptions, 1);
        et_check_str(et_slice_str(first_function(event.exceptions[0].frames)),
                     "f");
    }

    ET_TEST("a stack trace that is null, absent or no list gives no frames") {
        char  json[128];

        for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
            snprintf(json, sizeof(json), "[{'type':'E','stacktrace':%s}]",
                     none[i]);
            et_check_int(parse_field("exception", json), ET_OK);
            et_check_int(event.nexceptions, 1);
            et_check(event.exceptions[0].frames == NULL);

            et_check_int(parse_field("stacktrace", none[i]), ET_OK);
            et_check(event.frames == NULL);
        }
    }

    ET_TEST("where there is no exception, the frames are the event's stack "
            "trace's, under its legacy name too")
    {
        parse_field("stacktrace", FRAMES("f"));
        et_check_str(et_slice_str(first_function(event.frames)), "f");
        parse_field("sentry.interfaces.Stacktrace", FRAMES("g"));
        et_check_str(et_slice_str(first_function(event.frames)), "g");
    }

    ET_TEST("an exception without frames leaves the event's, one with frames "
            "takes their place")
    {
        parse("{'exception':[{'type':'E'}],'stacktrace':" FRAMES("f") "}");
        et_check_str(et_slice_str(first_function(event.frames)), "f");
        parse("{'exception':[{'type':'E','stacktrace':" FRAMES("e") "}],"
              "'stacktrace':" FRAMES("f") "}");
        et_check(event.frames == NULL);
    }
}


#define THREAD(f, more)  "{'id':1" more ",'stacktrace':" FRAMES(f) "}"

static void
test_threads(void)
{
    size_t  i;

    static const struct {
        const char  *threads;
        const char  *function;
    } cases[] = {
        { "{'values':[" THREAD("a", "") "]}", "a" },
        { "[" THREAD("a", "") "]", "a" },
        { "[null," THREAD("a", "") ",1]", "a" },
        { "[" THREAD("a", "") "," THREAD("b", ",'crashed':true") ","
          THREAD("c", ",'current':true") "]", "b" },
        { "[" THREAD("a", ",'current':true") ","
          THREAD("b", ",'crashed':true") "]", "b" },
        { "[" THREAD("a", ",'crashed':false") ","
          THREAD("b", ",'current':true") "]", "b" },
        { "[" THREAD("a", ",'current':true") ","
          THREAD("b", ",'current':true") "]", "a" },
        { "[" THREAD("a", "") "," THREAD("b", "") "]", "(no frames)" },
        { "[{'id':1,'stacktrace':null}]", "(no frames)" },
        { "[{'id':1}]", "(no frames)" },
        { "[]", "(no frames)" },
        { "null", "(no frames)" },
        { "{'values':null}", "(no frames)" },
        { "'x'", "(no frames)" },
    };

    ET_TEST("of threads the crashed one gives the frames, else the current, "
            "else the only one; they are a list or an object with values")
    {
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            et_check_int(parse_field("threads", cases[i].threads), ET_OK);
            et_check_str(et_slice_str(first_function(event.frames)),
                         cases[i].function);
        }
    }

    ET_TEST("a single thread goes before the event's own stack trace, and "
            "several threads do not")
    {
        parse("{'threads':[" THREAD("t", "") "],'stacktrace':" FRAMES("s")
              "}");
        et_check_str(et_slice_str(first_function(event.frames)), "t");
        parse("{'threads':[" THREAD("t", "") "," THREAD("u", "") "],"
              "'stacktrace':" FRAMES("s") "}");
        et_check_str(et_slice_str(first_function(event.frames)), "s");
        parse("{'threads':[{'id':1,'crashed':true}],"
              "'stacktrace':" FRAMES("s") "}");
        et_check_str(et_slice_str(first_function(event.frames)), "s");
    }
}


static void
check_message(const char *field, const char *value, const char *message,
    const char *template)
{
    et_check_int(parse_field(field, value), ET_OK);
    et_check_str(event.message, message);
    et_check_str(event.message_template, template);
}


static void
test_message_forms(const char *field)
{
    check_message(field, "'Hi'", "Hi", "Hi");
    check_message(field, "404", "404", "404");
    check_message(field, "{'message':'Hi %s','formatted':'Hi Bob',"
                         "'params':['Al']}", "Hi Bob", "Hi %s");
    check_message(field, "{'message':'Hi %s','params':['Al']}", "Hi Al",
                  "Hi %s");
    check_message(field, "{'message':'Hi %(who)s','params':{'who':'Al'}}",
                  "Hi Al", "Hi %(who)s");
    check_message(field, "{'formatted':'Hi Bob'}", "Hi Bob", "Hi Bob");
    check_message(field, "{'message':'Hi','formatted':null,'params':null}",
                  "Hi", "Hi");
    check_message(field, "{'message':7,'formatted':{}}", "7", "7");
    check_message(field, "{'message':null}", "", "");
    check_message(field, "{'message':{'a':1}}", "", "");
    check_message(field, "{}", "", "");
    check_message(field, "[]", "", "");
    check_message(field, "['Hi']", "", "");
    check_message(field, "true", "", "");
    check_message(field, "null", "", "");
}


static void
test_message(void)
{
    ET_TEST("logentry is a string, or an object with message, formatted and "
            "params")
    {
        test_message_forms("logentry");
    }

    ET_TEST("a message takes the same forms") {
        test_message_forms("message");
    }

    ET_TEST("the legacy sentry.interfaces.Message takes the same forms") {
        test_message_forms("sentry.interfaces.Message");
    }

    ET_TEST("logentry goes before message, unless it says nothing") {
        parse("{'message':'m','logentry':{'message':'l'}}");
        et_check_str(event.message, "l");
        parse("{'logentry':{'message':null},'message':'m'}");
        et_check_str(event.message, "m");
        et_check_str(event.message_template, "m");
        parse("{'logentry':'','message':'m'}");
        et_check_str(event.message, "m");
    }

    ET_TEST("a template and a formatted message are cut at the limit") {
        parse_long("{'logentry':{'message':'", ET_MAX_MESSAGE + 9, "'}}");
        et_check_int(event.message.len, ET_MAX_MESSAGE);
        et_check_int(event.message_template.len, ET_MAX_MESSAGE);
        parse_long("{'logentry':{'message':'a','formatted':'",
                   ET_MAX_MESSAGE + 9, "'}}");
        et_check_int(event.message.len, ET_MAX_MESSAGE);
        et_check_str(event.message_template, "a");
    }
}


static void
test_params(void)
{
    size_t  i;
    char    json[1024];

    static const struct {
        const char  *template;
        const char  *params;
        const char  *message;
    } cases[] = {
        { "%s and %d", "['a',2]", "a and 2" },
        { "%s%s%s", "['a','','c']", "ac" },
        { "%s %s", "['a']", "a %s" },
        { "%5.2f|%-3d|%03x|%i|%u|%r", "[1.5,2,3,4,5,'q']", "1.5|2|3|4|5|q" },
        { "%s %s %s", "[true,null,'c']", "true null c" },
        { "%s %s", "[{'a':1},'b']", "%s b" },
        { "100% sure %s", "['a']", "100% sure a" },
        { "100%% %s", "['a']", "100% a" },
        { "100%% %s", "[]", "100%% %s" },
        { "100%% %s", "null", "100%% %s" },
        { "100%% %s", "'a'", "100%% %s" },
        { "%(a)s-%(b)d-%(a)s", "{'a':'x','b':2}", "x-2-x" },
        { "%(a)s-%(c)s", "{'a':'x','b':2}", "x-%(c)s" },
        { "%(a)", "{'a':'x'}", "%(a)" },
        { "%(a", "{'a':'x'}", "%(a" },
        { "%(a)s", "['x']", "%(a)s" },
        { "%s", "{'a':'x'}", "x" },
        { "a%", "['x']", "a%" },
        { "%", "['x']", "%" },
        { "%y %!", "['x']", "%y %!" },
        { "%00000000000000000000000s", "['x']",
          "%00000000000000000000000s" },
        { "%s", "['%s %d']", "%s %d" },
        { "\xc3\xa9%s\xc3\xa9", "['\xe2\x82\xac']",
          "\xc3\xa9\xe2\x82\xac\xc3\xa9" },
        { "none", "['x']", "none" },
        { "{} and {}", "['a',2]", "a and 2" },
        { "{} {} {}", "['a']", "a {} {}" },
        { "{1}{0}{2}{007}", "['a','b']", "ba{2}{007}" },
        { "{who} of {n}", "{'who':'it','n':3}", "it of 3" },
        { "{who} {}", "{'n':3}", "{who} 3" },
        { "{User} from {@Place,-10:x} {$N:0.00}", "['a','b',1.5]",
          "a from b 1.5" },
        { "{0!r}", "['a']", "a" },
        { "{{}} {{x}} {}", "['a']", "{{}} {{x}} a" },
        { "{ a} {a b} {+} {", "['x']", "{ a} {a b} {+} {" },
        { "{0:{1}} {a:bbbbbbbbbbbbbbbbbbbbbbb}", "['x']",
          "{0:{1}} {a:bbbbbbbbbbbbbbbbbbbbbbb}" },
        { "100% of {}", "['a']", "100% of a" },
        { "%% {}", "['a']", "%% a" },
        { "%s {}", "['a','b']", "a {}" },
        { "{}", "[{'a':1},'b']", "{}" },
        { "%s {}", "[{'a':1},'b']", "%s {}" },
        { "{}", "['{} %s']", "{} %s" },
        { "{}", "[]", "{}" },
        { "{}", "'a'", "{}" },
    };

    ET_TEST("parameters take the places of the template's conversions; what "
            "has no parameter stays")
    {
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            snprintf(json, sizeof(json), "{'message':'%s','params':%s}",
                     cases[i].template, cases[i].params);
            check_message("logentry", json, cases[i].message,
                          cases[i].template);
        }
    }

    ET_TEST("a parameter that makes the message too long is cut, never "
            "inside a character")
    {
        parse_long("{'logentry':{'message':'%s%s','params':['",
                   ET_MAX_MESSAGE - 1, "','\xe2\x82\xac']}}");
        et_check_int(event.message.len, ET_MAX_MESSAGE - 1);
        parse_long("{'logentry':{'message':'%s%s%s','params':['",
                   ET_MAX_MESSAGE - 3, "','\xe2\x82\xac','z']}}");
        et_check_int(event.message.len, ET_MAX_MESSAGE);
        parse_long("{'logentry':{'message':'%s-%s','params':['",
                   3 * ET_MAX_MESSAGE, "','z']}}");
        et_check_int(event.message.len, ET_MAX_MESSAGE);
    }

    ET_TEST("parameters without number are not looked at without end") {
        char   *big;
        size_t  n;

        big = malloc(400000);
        et_check(big != NULL);

        n = sprintf(big, "{'logentry':{'message':'");
        for (i = 0; i < 2000; i++) {
            n += sprintf(big + n, "%%(p%zu)s", i % 70);
        }

        n += sprintf(big + n, "','params':{");
        for (i = 0; i < 20000; i++) {
            n += sprintf(big + n, "'p%zu':'',", i);
        }

        sprintf(big + n, "'q':1}}}");

        et_check_int(parse(big), ET_OK);
        et_check(et_slice_eq(et_slice(event.message.data, 8),
                             et_slice_str("%(p64)s%")));
        free(big);
    }
}


static void
test_tags(void)
{
    size_t  i;

    static const char  *forms[] = {
        "{'a':'1','b':2,'c':true,'d':null,'':'x','e':{},'f':[],'a':'3'}",
        "[['a','1'],['b',2],['c',true],['d',null],['','x'],['e',{}],"
        "['f',[]],['a','3'],null,'x',[],['g'],[null,'y'],[['h'],'y']]",
        "[{'key':'a','value':'1'},{'key':'b','value':2},"
        "{'key':'c','value':true},{'key':'d','value':null},{'key':'e'},"
        "{'value':'y'},{}]",
    };

    ET_TEST("tags are an object, a list of pairs or a list of key and value; "
            "numbers and booleans are text, null is dropped, the first of a "
            "key counts")
    {
        for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
            et_check_int(parse_field("tags", forms[i]), ET_OK);
            et_check_int(event.ntags, 3);
            et_check_str(tag("a"), "1");
            et_check_str(tag("b"), "2");
            et_check_str(tag("c"), "true");
        }
    }

    ET_TEST("a tag's key in a pair may be a number") {
        parse_field("tags", "[[404,'x']]");
        et_check_str(tag("404"), "x");
    }

    ET_TEST("what is neither an object nor a list has no tags") {
        et_check_int(parse_field("tags", "'a'"), ET_OK);
        et_check_int(event.ntags, 0);
        et_check_int(parse_field("tags", "null"), ET_OK);
        et_check_int(event.ntags, 0);
        et_check_int(parse_field("tags", "[]"), ET_OK);
        et_check_int(event.ntags, 0);
    }

    ET_TEST("tags that are fields of the event are dropped, and only those") {
        parse_field("tags", "{'release':'1','dist':'2','user':'3',"
                            "'filename':'4','function':'5',"
                            "'environment':'6','Release':'7','users':'8'}");
        et_check_int(event.ntags, 2);
        et_check_str(tag("Release"), "7");
        et_check_str(tag("users"), "8");
        et_check_str(event.release, "");
    }

    ET_TEST("a tag environment fills the environment where there is none") {
        parse("{'tags':[['environment','prod']]}");
        et_check_str(event.environment, "prod");
        et_check_int(event.ntags, 0);
        parse("{'tags':{'environment':'prod'},'environment':'test'}");
        et_check_str(event.environment, "test");
        parse("{'tags':{'environment':'prod'},'environment':''}");
        et_check_str(event.environment, "prod");
        parse_long("{'tags':{'environment':'", ET_MAX_ENVIRONMENT + 1, "'}}");
        et_check_int(event.environment.len, ET_MAX_ENVIRONMENT);
    }

    ET_TEST("a tag's key and value are cut at their limits, a pair's too") {
        parse_long("{'tags':{'", ET_MAX_TAG_KEY + 1, "':'v'}}");
        et_check_int(event.tags[0].key.len, ET_MAX_TAG_KEY);
        et_check_str(event.tags[0].value, "v");
        parse_long("{'tags':[['", ET_MAX_TAG_KEY + 1, "','v']]}");
        et_check_int(event.tags[0].key.len, ET_MAX_TAG_KEY);
        parse_long("{'tags':{'k':'", ET_MAX_TAG_VALUE + 1, "'}}");
        et_check_int(event.tags[0].value.len, ET_MAX_TAG_VALUE);
    }
}


static void
test_many_tags(void)
{
    char    json[8192];
    size_t  i, n;

    ET_TEST("of more tags than are kept the first are, and the environment "
            "is found behind them")
    {
        n = snprintf(json, sizeof(json), "{'tags':{");

        for (i = 0; i < ET_MAX_TAGS + 50; i++) {
            n += snprintf(json + n, sizeof(json) - n, "'k%zu':%zu,", i, i);
        }

        snprintf(json + n, sizeof(json) - n, "'environment':'prod'}}");

        et_check_int(parse(json), ET_OK);
        et_check_int(event.ntags, ET_MAX_TAGS);
        et_check_str(tag("k0"), "0");
        et_check_str(tag("k199"), "199");
        et_check_str(tag("k200"), "(none)");
        et_check_str(event.environment, "prod");
    }
}


static uint64_t
user_hash(const char *user)
{
    et_check_int(parse_field("user", user), ET_OK);

    return event.user_hash;
}


static void
test_user(void)
{
    uint64_t  seven;

    ET_TEST("a user's fields are read, an id is a string or a number, and "
            "further keys do no harm")
    {
        parse_field("user", "{'id':7,'email':'a@b.c','username':'al',"
                            "'name':'Al','ip_address':'2001:DB8::1',"
                            "'geo':{'city':null},'x':[1]}");
        et_check_str(event.user_id, "7");
        et_check_str(event.user_email, "a@b.c");
        et_check_str(event.user_name, "al");
        et_check_str(event.user_ip, "2001:DB8::1");
        parse_field("sentry.interfaces.User", "{'id':'7','name':'Al'}");
        et_check_str(event.user_id, "7");
        et_check_str(event.user_name, "Al");
    }

    ET_TEST("a user's fields of a wrong form are empty") {
        parse_field("user", "{'id':{},'email':[],'username':true,"
                            "'ip_address':1}");
        et_check_str(event.user_id, "");
        et_check_str(event.user_email, "");
        et_check_str(event.user_name, "");
        et_check_str(event.user_ip, "");
        et_check_int(event.user_hash, 0);
        et_check_int(user_hash("'al'"), 0);
        et_check_int(user_hash("[{'id':1}]"), 0);
        et_check_int(user_hash("null"), 0);
        et_check_int(user_hash("{}"), 0);
        et_check_int(user_hash("{'id':'','email':null}"), 0);
    }

    ET_TEST("a user's fields are cut at their limit") {
        parse_long("{'user':{'id':'", ET_MAX_USER + 1, "'}}");
        et_check_int(event.user_id.len, ET_MAX_USER);
        parse_long("{'user':{'email':'", ET_MAX_USER + 1, "'}}");
        et_check_int(event.user_email.len, ET_MAX_USER);
        parse_long("{'user':{'username':'", ET_MAX_USER + 1, "'}}");
        et_check_int(event.user_name.len, ET_MAX_USER);
    }

    ET_TEST("users are told apart by the first of id, email, name and "
            "address, and by which of them it is")
    {
        seven = user_hash("{'id':7}");

        et_check(seven != 0);
        et_check(user_hash("{'id':'7','email':'a','ip_address':'::1'}")
                 == seven);
        et_check(user_hash("{'id':8}") != seven);
        et_check(user_hash("{'email':'7'}") != seven);
        et_check(user_hash("{'email':'7'}") != user_hash("{'username':'7'}"));
        et_check(user_hash("{'username':'7'}") == user_hash("{'name':'7'}"));
        et_check(user_hash("{'ip_address':'::7'}") != seven);
        et_check(user_hash("{'ip_address':'::7'}") != 0);
        et_check_int(user_hash("{'ip_address':'7'}"), 0);
        et_check(user_hash("{'email':'7','username':'8'}")
                 == user_hash("{'email':'7','username':'9'}"));
    }
}


static void
test_user_ip(void)
{
    size_t  i;
    char    json[128];

    static const char  *addresses[] = {
        "198.51.100.7", "::1", "2001:db8::ff00:42:8329", "::ffff:192.0.2.9",
        "0000:0000:0000:0000:0000:ffff:255.255.255.255",
    };

    static const char  *others[] = {
        "", "localhost", "10.0.0.1 ", "fe80::1%eth0", "{{ip}}", "<b>",
        "999.1.1.1", "1.2.3", "1.2.3.4.5", "::1::", "7", "cafe", "12345::",
        "1.2.3.4:80", "[::1]", "0x7f.1",
        "0000:0000:0000:0000:0000:ffff:255.255.255.2551",
    };

    ET_TEST("a user's address is kept where it is one") {
        for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
            snprintf(json, sizeof(json), "{'ip_address':'%s'}", addresses[i]);
            parse_field("user", json);
            et_check_str(event.user_ip, addresses[i]);
        }

        for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            snprintf(json, sizeof(json), "{'ip_address':'%s'}", others[i]);
            et_check_int(parse_field("user", json), ET_OK);
            et_check_str(event.user_ip, "");
            et_check_int(event.nnotes, others[i][0] != '\0');
        }
    }

    ET_TEST("{{auto}} is the client's address, on every platform") {
        parse("{'user':{'ip_address':'{{auto}}'},'platform':'python'}");
        et_check_str(event.user_ip, "192.0.2.1");
        et_check(event.user_hash != 0);
    }

    ET_TEST("no address from javascript, cocoa and objc is the client's, and "
            "such a user counts")
    {
        parse("{'platform':'javascript'}");
        et_check_str(event.user_ip, "192.0.2.1");
        et_check(event.user_hash != 0);
        parse("{'user':{'id':1},'platform':'cocoa'}");
        et_check_str(event.user_ip, "192.0.2.1");
        parse("{'user':{'ip_address':null},'platform':'objc'}");
        et_check_str(event.user_ip, "192.0.2.1");
        parse("{'user':{'ip_address':'::1'},'platform':'JavaScript'}");
        et_check_str(event.user_ip, "::1");
        parse("{'user':{'id':1},'platform':'python'}");
        et_check_str(event.user_ip, "");
        parse("{'platform':'node'}");
        et_check_str(event.user_ip, "");
        et_check_int(event.user_hash, 0);
    }

    ET_TEST("an SDK that says so never gets the client's address, or on every "
            "platform")
    {
        parse("{'platform':'javascript','sdk':{'settings':"
              "{'infer_ip':'never'}}}");
        et_check_str(event.user_ip, "");
        parse("{'platform':'javascript','sdk':{'settings':"
              "{'infer_ip':'sometimes'}}}");
        et_check_str(event.user_ip, "");
        parse("{'user':{'ip_address':'{{auto}}'},'sdk':{'settings':"
              "{'infer_ip':'never'}}}");
        et_check_str(event.user_ip, "");
        parse("{'user':{'ip_address':'::1'},'sdk':{'settings':"
              "{'infer_ip':'never'}}}");
        et_check_str(event.user_ip, "::1");
        parse("{'platform':'python','sdk':{'settings':"
              "{'infer_ip':'auto'}}}");
        et_check_str(event.user_ip, "192.0.2.1");
        parse("{'platform':'python','sdk':{'settings':"
              "{'infer_ip':'legacy'}}}");
        et_check_str(event.user_ip, "");
        parse("{'platform':'javascript','sdk':{'settings':"
              "{'infer_ip':null}}}");
        et_check_str(event.user_ip, "192.0.2.1");
    }

    ET_TEST("a user without an address has the request's REMOTE_ADDR, under "
            "its legacy name too")
    {
        parse("{'platform':'javascript','request':{'env':"
              "{'REMOTE_ADDR':'198.51.100.7'}}}");
        et_check_str(event.user_ip, "198.51.100.7");
        parse("{'sentry.interfaces.Http':{'env':"
              "{'REMOTE_ADDR':'198.51.100.7'}}}");
        et_check_str(event.user_ip, "198.51.100.7");
        parse("{'request':{'env':{'REMOTE_ADDR':'{{auto}}'}}}");
        et_check_str(event.user_ip, "192.0.2.1");
        parse("{'request':{'env':{'REMOTE_ADDR':'x'}}}");
        et_check_str(event.user_ip, "");
        parse("{'request':{'env':['REMOTE_ADDR']}}");
        et_check_str(event.user_ip, "");
        parse("{'user':{'ip_address':'::1'},'request':{'env':"
              "{'REMOTE_ADDR':'198.51.100.7'}}}");
        et_check_str(event.user_ip, "::1");
        parse("{'user':{'ip_address':'{{auto}}'},'request':{'env':"
              "{'REMOTE_ADDR':'198.51.100.7'}}}");
        et_check_str(event.user_ip, "192.0.2.1");
    }

    ET_TEST("a client without an address of its own, as on a Unix socket, "
            "gives none")
    {
        source.client_ip = et_slice_str("unix:");
        parse("{'user':{'ip_address':'{{auto}}'}}");
        et_check_str(event.user_ip, "");
        source.client_ip = et_slice(NULL, 0);
        parse("{'platform':'javascript'}");
        et_check_str(event.user_ip, "");
        et_check_int(event.user_hash, 0);
        defaults();
    }
}


static void
test_aliases(void)
{
    ET_TEST("the short name of a field wins over the legacy one, in either "
            "order, unless it is null")
    {
        parse("{'sentry.interfaces.User':{'id':1},'user':{'id':2}}");
        et_check_str(event.user_id, "2");
        parse("{'user':{'id':2},'sentry.interfaces.User':{'id':1}}");
        et_check_str(event.user_id, "2");
        parse("{'user':null,'sentry.interfaces.User':{'id':1}}");
        et_check_str(event.user_id, "1");
        parse("{'exception':[{'type':'A'}],"
              "'sentry.interfaces.Exception':[{'type':'B'}]}");
        et_check_str(event.type, "A");
        parse("{'sentry.interfaces.Message':'l','logentry':'s'}");
        et_check_str(event.message, "s");
    }

    ET_TEST("legacy names without a column of their own do no harm") {
        et_check_int(parse("{'sentry.interfaces.Http':{'headers':[['a',"
                           "['b']]]},'sentry.interfaces.Breadcrumbs':[null],"
                           "'sentry.interfaces.Template':1,"
                           "'sentry.interfaces.Csp':{},'request':"
                           "{'headers':{'a':['b']},'cookies':'c',"
                           "'query_string':[['q','1']]},'breadcrumbs':"
                           "{'values':[null]},'level':'info'}"), ET_OK);
        et_check_str(event.level, "info");
    }

    ET_TEST("a name that begins, ends or is spelled otherwise is another "
            "field")
    {
        parse("{'releas':'1','releases':'2','Release':'3','':'4',"
              "'sentry.interfaces.user':{'id':1}}");
        et_check_str(event.release, "");
        et_check_str(event.user_id, "");
    }
}


static void
test_notes(void)
{
    size_t  i;
    char    json[8192];

    static const struct {
        const char  *json;
        const char  *note;
    } cases[] = {
        { "{'event_id':'x'}", "event_id: malformed, a new one made" },
        { "{'timestamp':'x'}",
          "timestamp: no time, the time received taken" },
        { "{'timestamp':true}",
          "timestamp: no time, the time received taken" },
        { "{'timestamp':1767323106}",
          "timestamp: in the future, the time received taken" },
        { "{'timestamp':0}",
          "timestamp: over 30 days old, the time received taken" },
        { "{'level':'loud'}", "level: unknown, error taken" },
        { "{'level':[]}", "level: a list, dropped" },
        { "{'platform':7}", "platform: a number, dropped" },
        { "{'release':{}}", "release: an object, dropped" },
        { "{'environment':true}", "environment: a boolean, dropped" },
        { "{'dist':[1]}", "dist: a list, dropped" },
        { "{'server_name':false}", "server_name: a boolean, dropped" },
        { "{'logger':{}}", "logger: an object, dropped" },
        { "{'transaction':[]}", "transaction: a list, dropped" },
        { "{'culprit':{}}", "culprit: an object, dropped" },
        { "{'checksum':{}}", "checksum: an object, dropped" },
        { "{'message':['a']}", "message: a list, dropped" },
        { "{'logentry':{'message':true}}", "logentry: a boolean, dropped" },
        { "{'logentry':{'message':'m','formatted':{}}}",
          "logentry: an object, dropped" },
        { "{'exception':'x'}", "exception: a text, dropped" },
        { "{'exception':[{'module':[]}]}",
          "exception.module: a list, dropped" },
        { "{'user':'al'}", "user: a text, dropped" },
        { "{'user':{'id':{}}}", "user.id: an object, dropped" },
        { "{'user':{'email':[]}}", "user.email: a list, dropped" },
        { "{'user':{'username':true}}", "user.username: a boolean, dropped" },
        { "{'user':{'ip_address':7}}", "user.ip_address: a number, dropped" },
        { "{'user':{'ip_address':'999.1.1.1'}}",
          "user.ip_address: no address, dropped" },
        { "{'sdk':'raven/1'}", "sdk: a text, dropped" },
        { "{'sdk':{'name':[]}}", "sdk.name: a list, dropped" },
        { "{'contexts':[]}", "contexts: a list, dropped" },
        { "{'contexts':{'trace':{'trace_id':'12'}}}",
          "contexts.trace.trace_id: malformed, dropped" },
        { "{'tags':'x'}", "tags: a text, dropped" },
        { "{'tags':['x']}", "tags: a text, dropped" },
        { "{'tags':[['','x']]}", "tags: one without a key, dropped" },
        { "{'tags':{'k':{}}}", "tags.k: no text, dropped" },
        { "{'tags':{'release':1}}", "tags.release: a field's name, dropped" },
        { "{'environment':'a','tags':{'environment':'b'}}",
          "tags.environment: a field's name, dropped" },
        { "{'tags':[['k',1],['k',2]]}", "tags.k: there already, dropped" },
    };

    static const char  *good[] = {
        "{}", "{'tags':{'a':null,'b':1,'environment':'x'}}",
        "{'tags':[null,['a',null]]}", "{'timestamp':null,'level':null}",
        "{'exception':[null,{'type':'E','value':null,'stacktrace':null}]}",
        "{'exception':{'values':null}}", "{'contexts':{'trace':null}}",
        "{'user':{'ip_address':'{{auto}}','id':7,'x':{}}}",
        "{'user':{'ip_address':null}}", "{'fingerprint':[1]}",
        "{'threads':null,'breadcrumbs':[null],'extra':{'a':[1]}}",
        "{'sdk':{'name':'a','version':null}}", "{'sdk':null}",
    };

    ET_TEST("a note says which field was dropped or replaced, and why") {
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            et_check_int(parse(cases[i].json), ET_OK);
            et_check_int(event.nnotes, 1);
            check_note(cases[i].note);
        }
    }

    ET_TEST("what SDKs send for \"no value\" is no cause for a note") {
        for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
            et_check_int(parse(good[i]), ET_OK);
            et_check_int(event.nnotes, 0);
        }
    }

    ET_TEST("a note says which field was cut, and to what") {
        for (i = 0; i < NFIELDS; i++) {
            snprintf(json, sizeof(json), "{'%s':'", fields[i].name);
            et_check_int(parse_long(json, fields[i].max, "'}"), ET_OK);
            et_check_int(event.nnotes, 0);
            et_check_int(parse_long(json, fields[i].max + 1, "'}"), ET_OK);
            et_check(event.nnotes >= 1);
            snprintf(json, sizeof(json), "%s: cut to %zu bytes",
                     fields[i].name, fields[i].max);
            check_note(json);
        }

        parse_long("{'tags':{'", ET_MAX_TAG_KEY + 1, "':'v'}}");
        check_note("a tag's key: cut to 200 bytes");
        parse_long("{'tags':{'k':'", ET_MAX_TAG_VALUE + 1, "'}}");
        check_note("tags.k: cut to 200 bytes");
        parse_long("{'user':{'id':'", ET_MAX_USER + 1, "'}}");
        check_note("user.id: cut to 128 bytes");
        parse_long("{'platform':'", ET_MAX_PLATFORM + 1, "'}");
        check_note("platform: cut to 64 bytes");
        parse_long("{'exception':[{'type':'", ET_MAX_TYPE + 1, "'}]}");
        check_note("exception.type: cut to 256 bytes");
        parse_long("{'exception':[{'value':'", ET_MAX_VALUE + 1, "'}]}");
        check_note("exception.value: cut to 8192 bytes");
    }

    ET_TEST("a long key is cut in a note, never inside a character") {
        parse_long("{'tags':{'a", 46, "\xc3\xa9':{}}}");
        check_note("tags.axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   ": no text, dropped");
    }

    ET_TEST("there are at most 32 notes, none twice") {
        et_check_int(parse("{'tags':[['user',1],['user',2]]}"), ET_OK);
        et_check_int(event.nnotes, 1);

        strcpy(json, "{'tags':{'k':1");

        for (i = 0; i < 100; i++) {
            sprintf(json + strlen(json), ",'r%zu':[]", i);
        }

        strcat(json, "},'level':'loud'}");

        et_check_int(parse(json), ET_OK);
        et_check_int(event.nnotes, ET_MAX_NOTES);
    }
}


static void
test_drift(void)
{
    ET_TEST("a clock that is 55 minutes off or more has drifted, whichever way"
            ", and one of less has not")
    {
        et_check_int(et_event_drift(et_slice_str("2026-01-02T03:04:05Z"),
                                    RECEIVED), 0);
        et_check_int(et_event_drift(et_slice_str("2026-01-02T02:09:06Z"),
                                    RECEIVED), 0);
        et_check_int(et_event_drift(et_slice_str("2026-01-02T02:09:05Z"),
                                    RECEIVED), 3300 * ET_SECOND);
        et_check_int(et_event_drift(et_slice_str("2026-01-02T03:59:04Z"),
                                    RECEIVED), 0);
        et_check_int(et_event_drift(et_slice_str("2026-01-02T03:59:05Z"),
                                    RECEIVED), -3300 * ET_SECOND);
        et_check_int(et_event_drift(et_slice_str("1970-01-01T00:00:00Z"),
                                    RECEIVED), RECEIVED);
        et_check_int(et_event_drift(et_slice_str(""), RECEIVED), 0);
        et_check_int(et_event_drift(et_slice_str("now"), RECEIVED), 0);
        et_check_int(et_event_drift(et_slice(NULL, 0), RECEIVED), 0);
    }

    ET_TEST("an event's time is shifted by the drift, before it is judged, "
            "and a note says so")
    {
        source.drift = 3600 * ET_SECOND;
        parse_field("timestamp", "'2026-01-02T02:03:04Z'");
        et_check_int(event.timestamp, RECEIVED - 61 * ET_SECOND);
        check_note("timestamp: +3600 s, as the sender's clock is wrong");

        source.drift = -86400 * ET_SECOND;
        parse_field("timestamp", "'2026-01-03T03:04:04Z'");
        et_check_int(event.timestamp, RECEIVED - ET_SECOND);
        check_note("timestamp: -86400 s, as the sender's clock is wrong");

        source.drift = RECEIVED;
        parse_field("timestamp", "10");
        et_check_int(event.timestamp, RECEIVED + 10 * ET_SECOND);

        parse_field("timestamp", "100");
        et_check_int(event.timestamp, RECEIVED);
        check_note("timestamp: in the future, the time received taken");

        parse("{}");
        et_check_int(event.timestamp, RECEIVED);
        et_check_int(event.nnotes, 0);
        defaults();
    }
}


/* An event with every field, for what is done to each of them in turn. */

static const char  rich[] =
    "{'event_id':'" ID "','timestamp':'2026-01-02T03:04:04Z',"
    "'level':'warning','platform':'javascript','logger':'l','culprit':'c',"
    "'environment':'prod','release':1.5,'dist':7,'server_name':'s',"
    "'transaction':'t','checksum':12,'fingerprint':['a','b'],"
    "'tags':[['a',1.5],['b',2],['c','d']],"
    "'user':{'id':1,'email':'e','username':'u','name':'n',"
    "'ip_address':'{{auto}}'},"
    "'contexts':{'trace':{'trace_id':'" ID "'},'os':{'name':'x'}},"
    "'sdk':{'name':'sdk','version':'1'},"
    "'logentry':{'message':'a %s %d %(b)s','params':['x',1.5,{}]},"
    "'message':{'message':'%(a)s','params':{'a':2.5}},"
    "'exception':{'values':[{'type':1.5,'value':2.5,'module':'m',"
    "'mechanism':{'synthetic':true},'stacktrace':{'frames':[]}},"
    "{'type':'E','value':'v','stacktrace':null}]},"
    "'stacktrace':{'frames':null},"
    "'threads':{'values':[{'id':1,'crashed':true,'stacktrace':"
    "{'frames':[{'function':'f'}]}}]},"
    "'sentry.interfaces.User':{'id':1},"
    "'sentry.interfaces.Message':{'message':'x'},"
    "'sentry.interfaces.Contexts':{'trace':{}},"
    "'sentry.interfaces.Exception':[{'type':'E'}],"
    "'sentry.interfaces.Stacktrace':{'frames':[]},"
    "'sentry.interfaces.Threads':[{'id':1}]}";


static char *
deep_list(void)
{
    size_t       i;
    static char  list[2 * 180 + 1];

    for (i = 0; i < 180; i++) {
        list[i] = '[';
        list[180 + i] = ']';
    }

    return list;
}


/* Prints the tree with the value of item number n replaced, and parses it;
 * -1 where the tree has no such item. */

static int mutate_nth(cJSON *root, cJSON *item, long *n, const char *value,
    et_reason_t *rc);

static int
mutate(cJSON *root, cJSON *item, const char *value, et_reason_t *rc)
{
    int     ok;
    char   *json;
    cJSON   kept, raw;

    kept = *item;

    memset(&raw, 0, sizeof(cJSON));
    raw.type = cJSON_Raw;
    raw.valuestring = (char *) value;
    raw.string = kept.string;
    raw.next = kept.next;
    raw.prev = kept.prev;

    *item = raw;
    json = cJSON_PrintUnformatted(root);
    *item = kept;

    ok = json != NULL;

    if (ok) {
        *rc = parse_bytes(json, strlen(json));
    }

    cJSON_free(json);

    return ok;
}


static int
mutate_nth(cJSON *root, cJSON *item, long *n, const char *value,
    et_reason_t *rc)
{
    for (item = item->child; item != NULL; item = item->next) {

        if ((*n)-- == 0) {
            return mutate(root, item, value, rc);
        }

        if (mutate_nth(root, item, n, value, rc)) {
            return 1;
        }
    }

    return 0;
}


static cJSON *
rich_tree(void)
{
    char   *json, *p;
    cJSON  *root;

    json = strdup(rich);
    if (json == NULL) {
        abort();
    }

    for (p = json; *p != '\0'; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    root = cJSON_Parse(json);
    if (root == NULL) {
        abort();
    }

    free(json);

    return root;
}


static void
test_mutations(void)
{
    long          n, i, count;
    size_t        v;
    cJSON        *root;
    et_reason_t   rc;

    const char  *values[] = {
        "null", "true", "false", "1", "-1.5", "1e999", "\"x\"", "\"\"", "[]",
        "{}", "[null]", "[[]]", "[{}]", "{\"a\":null}", "{\"values\":null}",
        "{\"values\":[null]}", "{\"values\":{}}", "{\"frames\":null}",
        "{\"message\":[]}", "[[null,null]]", "\"%s%(\"", deep_list(),
    };

    ET_TEST("no value of a wrong form, at any place of an event, makes it "
            "refused")
    {
        root = rich_tree();
        count = 0;

        for (v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            for (i = 0; ; i++) {
                n = i;
                rc = ET_REASON_COUNT;

                if (!mutate_nth(root, root, &n, values[v], &rc)) {
                    break;
                }

                et_check_int(rc, ET_OK);
                et_check(event.level.len != 0);
                count++;
            }
        }

        et_check(count > 1500);
        cJSON_Delete(root);
    }
}


static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;

    return *state >> 8;
}


static void
test_damage(void)
{
    char      *json;
    size_t     i, len, at;
    uint32_t   seed;
    unsigned   accepted;

    static const char  bytes[] = "\"'{}[]:,\\0-eE.ntfNI% \x80\xff";

    ET_TEST("an event cut anywhere or with random bytes in it is read or "
            "refused, with no byte read that is not its own")
    {
        seed = 20260102;
        accepted = 0;
        len = sizeof(rich) - 1;
        json = malloc(len);
        et_check(json != NULL);

        for (i = 0; i < len; i++) {
            memcpy(json, rich, len);

            for (at = 0; at < len; at++) {
                json[at] = json[at] == '\'' ? '"' : json[at];
            }

            et_check(parse_bytes(json, i) != ET_OK);

            at = next_random(&seed) % len;
            json[at] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];
            json[i] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];

            accepted += parse_bytes(json, len) == ET_OK;
        }

        et_check(accepted > 0);
        et_check(accepted < len);

        free(json);
    }
}


/*
 * Parses the rich event on an arena of which fill bytes are taken already
 * and that gets no second chunk: for want of memory, or of its limit.  Step by
 * step of fill, each of the event's allocations is the one that fails.
 */

static et_reason_t
parse_on_full(char *json, size_t fill, et_arena_state_t why)
{
    void         *taken;
    et_arena_t    small;
    et_reason_t   rc;

    et_arena_init(&small, why == ET_ARENA_LIMIT ? CHUNK : 16 * CHUNK, 0);

    taken = et_arena_alloc(&small, fill);
    if (taken == NULL) {
        abort();
    }

    if (why == ET_ARENA_NO_MEMORY) {
        et_fail_nth(1);
    }

    rc = et_event_parse(&small, json, strlen(json), &source, &event);

    et_fail_nth(0);
    et_arena_destroy(&small);

    return rc;
}


static void
check_full(et_arena_state_t why, et_reason_t reason)
{
    char         *json, *p;
    size_t        fill;
    unsigned      accepted, refused;
    et_reason_t   rc;

    json = strdup(rich);
    if (json == NULL) {
        abort();
    }

    for (p = json; *p != '\0'; p++) {
        *p = *p == '\'' ? '"' : *p;
    }

    accepted = 0;
    refused = 0;

    for (fill = 16; fill < CHUNK - 64; fill += 16) {
        rc = parse_on_full(json, fill, why);

        if (rc == ET_OK) {
            et_check_int(refused, 0);
            accepted++;

        } else {
            et_check_int(rc, reason);
            refused++;
        }
    }

    et_check(accepted > 0);
    et_check(refused > 500);

    free(json);
}


static void
test_memory(void)
{
    ET_TEST("an event for which there is no memory is refused as such, "
            "whichever allocation fails")
    {
        check_full(ET_ARENA_NO_MEMORY, ET_NO_MEMORY);
    }

    ET_TEST("an event that needs more than the arena's limit is refused as "
            "too complex, whichever allocation meets it")
    {
        check_full(ET_ARENA_LIMIT, ET_JSON_TOO_COMPLEX);
    }
}


int
main(void)
{
    et_arena_init(&arena, 64 * 1024 * 1024, 1024 * 1024);
    defaults();

    test_ids();
    test_payload();
    test_timestamp();
    test_level_and_platform();
    test_plain_fields();
    test_trace_and_sdk();
    test_exceptions();
    test_many_exceptions();
    test_frames();
    test_threads();
    test_message();
    test_params();
    test_tags();
    test_many_tags();
    test_user();
    test_user_ip();
    test_aliases();
    test_notes();
    test_drift();
    test_mutations();
    test_damage();
    test_memory();

    free(text);
    et_arena_destroy(&arena);

    return et_test_done();
}
