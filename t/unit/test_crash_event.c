/*
 * Events made of native crashes: what the client says comes first, what the
 * dump says fills it up, and every file is kept with the event.
 */

#define _GNU_SOURCE            /* memmem() */

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "et_crash.h"
#include "et_test.h"


#define ET_TEST_ID  "9ec79c33ec9942ab8353589fcb2e04dc"


static et_ingest_t   ingest;
static et_request_t  request;
static char          body[256 * 1024];
static size_t        len;


static void
et_test_add(const char *text, size_t n)
{
    memcpy(body + len, text, n);
    len += n;
}


static void et_test_part(const char *head, const char *data, size_t n);


static void
et_test_field(const char *head, const char *text)
{
    et_test_part(head, text, strlen(text));
}


static void
et_test_part(const char *head, const char *data, size_t n)
{
    static const char  start[] = "--xyz\r\nContent-Disposition: form-data; ";

    et_test_add(start, sizeof(start) - 1);
    et_test_add(head, strlen(head));
    et_test_add("\r\n\r\n", 4);
    et_test_add(data, n);
    et_test_add("\r\n", 2);
}


/* The smallest dump that says anything: Linux, SIGSEGV. */

static size_t
et_test_dump(char *p)
{
    memset(p, 0, 300);
    memcpy(p, "MDMP", 4);
    p[8] = 2;
    p[12] = 32;
    p[32] = 7; p[36] = 56; p[40] = 64;
    p[44] = 6; p[48] = 100; p[52] = 120;
    p[64 + 20] = 0x01; p[64 + 21] = (char) 0x82;
    p[120 + 8] = 11;
    p[120 + 24] = 0x10;

    return 300;
}


static et_reason_t
et_test_open(void)
{
    et_slice_t  key;

    memset(&request, 0, sizeof(request));

    request.endpoint = ET_ENDPOINT_MINIDUMP;
    request.auth.key = et_slice_str("k");
    request.content_type = et_slice_str("multipart/form-data; boundary=xyz");
    request.body = body;
    request.len = len;
    request.received = 1700000000 * ET_SECOND;
    et_limits_default(&request.limits);
    request.limits.max_inflated = sizeof(body);
    request.limits.max_event = sizeof(body);
    request.limits.max_attachment = sizeof(body);
    request.limits.max_attachments = sizeof(body);

    return et_ingest_open(&ingest, &request, &key);
}


static et_slice_t
et_test_attribute(const et_event_t *record, const char *name)
{
    size_t  i;

    for (i = 0; i < record->nattributes; i++) {
        if (et_slice_eq(record->attributes[i].key, et_slice_str(name))) {
            return record->attributes[i].value;
        }
    }

    return et_slice_str("(none)");
}


static void
et_test_u32(uint32_t n)
{
    char  b[4] = { (char) n, (char) (n >> 8), (char) (n >> 16),
                   (char) (n >> 24) };

    et_test_add(b, 4);
}


static void
et_test_string(const char *text, size_t n)
{
    et_test_u32((uint32_t) n);
    et_test_add(text, n);
}


/* An envelope of a minidump and the fields beside it, as a Relay passes them
 * on; then further items. */

static void
et_test_envelope(const char *type, const char *dump, size_t n,
    const char *further)
{
    char    head[256];
    size_t  from;

    static const char  start[] = "{\"event_id\":\"" ET_TEST_ID "\"}\n";
    static const char  form[] = "{\"type\":\"form_data\",\"length\":65}\n";

    len = 0;
    et_test_add(start, sizeof(start) - 1);

    snprintf(head, sizeof(head), "{\"type\":\"attachment\",\"length\":%zu,"
             "\"attachment_type\":\"%s\",\"filename\":\"a.dmp\"}\n", n, type);
    et_test_add(head, strlen(head));
    et_test_add(dump, n);
    et_test_add("\n", 1);

    et_test_add(form, sizeof(form) - 1);
    from = len;
    et_test_string("sentry[release]", 15);
    et_test_string("app@3", 5);
    et_test_string("guid", 4);
    et_test_string("123", 3);
    et_test_string("\xff", 1);
    et_test_string("not UTF-8", 9);
    et_test_u32(1000);
    et_check_int(len - from, 65);
    et_test_add("\n", 1);
    et_test_add(further, strlen(further));

    (void) et_test_open();

    request.endpoint = ET_ENDPOINT_ENVELOPE;
}


/* An Unreal report, deflated into body. */

static void
et_test_unreal(const char *xml)
{
    char         dump[300];
    uLongf       size;
    static char  plain[64 * 1024];

    len = 0;
    et_test_add("CR1", 3);
    et_test_string("dir", 3);
    et_test_string("name", 4);
    et_test_u32(0);
    et_test_u32(2);
    et_test_u32(0);
    et_test_string("CrashContext.runtime-xml\0\0", 26);
    et_test_string(xml, strlen(xml));
    et_test_u32(1);
    et_test_string("UE4Minidump.dmp", 15);
    et_test_string(dump, et_test_dump(dump));

    memcpy(plain, body, len);
    size = sizeof(body);
    et_check_int(compress((Bytef *) body, &size, (Bytef *) plain, len), Z_OK);
    len = size;
}


int
main(void)
{
    char         dump[300];
    size_t       n;
    et_event_t  *event;

    et_check(et_ingest_init(&ingest));

    n = et_test_dump(dump);

    ET_TEST("a raw minidump is an event that says what was raised") {
        len = 0;
        et_test_add(dump, n);
        et_check_int(et_test_open(), ET_OK);
        et_check_int(et_crash_minidump(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 2);
        event = &ingest.records[0];
        et_check_int(event->kind, ET_RECORD_EVENT);
        et_check_str(event->platform, "native");
        et_check_str(event->level, "fatal");
        et_check_str(event->type, "SIGSEGV");
        et_check_str(event->value, "at 0x10");
        et_check_int(ingest.records[1].kind, ET_RECORD_ATTACHMENT);
        et_check_int(ingest.records[1].payload.len, n);
        et_check(memcmp(ingest.records[1].id, event->id, 16) == 0);
        et_check_str(et_test_attribute(&ingest.records[1],
                                       "attachment_type"), "event.minidump");
    }

    ET_TEST("a form's own fields come first, its other files are kept") {
        len = 0;
        et_test_field("name=\"sentry\"", "{\"event_id\":\"" ET_TEST_ID "\","
                     "\"release\":\"game@1\",\"level\":\"error\"}");
        et_test_field("name=\"sentry[environment]\"", "prod");
        et_test_field("name=\"sentry[release]\"", "other");
        et_test_field("name=\"guid\"", "12\"3\xc3\xa9");
        et_test_part("name=\"upload_file_minidump\"; filename=\"a.dmp\"",
                     dump, n);
        et_test_field("name=\"log\"; filename=\"game.log\"\r\n"
                     "Content-Type: text/plain", "a line");
        et_test_add("--xyz--", 7);
        et_check_int(et_test_open(), ET_OK);
        et_check_int(et_crash_minidump(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 3);
        event = &ingest.records[0];
        et_check_int(event->id[0], 0x9e);
        et_check_str(event->release, "game@1");
        et_check_str(event->level, "error");
        et_check_str(event->environment, "prod");
        et_check_str(event->type, "SIGSEGV");
        et_check(memmem(event->payload.data, event->payload.len,
                        "\"guid\":\"12\\\"3\xc3\xa9\"", 16) != NULL);
        et_check_str(et_test_attribute(&ingest.records[1], "filename"),
                     "a.dmp");
        et_check_str(et_test_attribute(&ingest.records[2], "filename"),
                     "game.log");
        et_check_str(ingest.records[2].payload, "a line");
    }

    ET_TEST("JSON in pieces is put together, what is none is left out") {
        len = 0;
        et_test_field("name=\"sentry__1\"", "{\"release\":");
        et_test_field("name=\"sentry__2\"", "\"game@2\"}");
        et_test_part("name=\"f\"; filename=\"a\"", dump, n);
        et_test_add("--xyz--", 7);
        et_check_int(et_test_open(), ET_OK);
        et_check_int(et_crash_minidump(&ingest, &request), ET_OK);
        et_check_str(ingest.records[0].release, "game@2");

        len = 0;
        et_test_field("name=\"sentry\"", "{\"release\":");
        et_test_part("name=\"f\"; filename=\"\xff\"", dump, n);
        et_test_add("--xyz--", 7);
        et_check_int(et_test_open(), ET_OK);
        et_check_int(et_crash_minidump(&ingest, &request), ET_OK);
        et_check_str(ingest.records[0].type, "SIGSEGV");
        et_check_str(et_test_attribute(&ingest.records[1], "filename"),
                     "(none)");
    }

    ET_TEST("a body without a minidump is refused") {
        len = 0;
        et_test_field("name=\"f\"; filename=\"a\"", "abc");
        et_test_add("--xyz--", 7);
        et_check_int(et_test_open(), ET_OK);
        et_check_int(et_crash_minidump(&ingest, &request), ET_BAD_CRASH);

        len = 0;
        et_test_add("abc", 3);
        et_check_int(et_test_open(), ET_OK);
        et_check_int(et_crash_minidump(&ingest, &request), ET_BAD_MULTIPART);
    }

    ET_TEST("Unreal's report: message, engine, the game's own fields") {
        et_test_unreal("<FGenericCrashContext><RuntimeProperties>"
                       "<CrashType>Crash</CrashType>"
                       "<ErrorMessage>Fatal error: a &lt; b</ErrorMessage>"
                       "<EngineVersion>5.3</EngineVersion></RuntimeProperties>"
                       "<GameData><__sentry>{&quot;release&quot;:"
                       "&quot;game@3&quot;}</__sentry></GameData>"
                       "</FGenericCrashContext>");
        et_check_int(et_test_open(), ET_OK);
        et_check_int(et_crash_unreal(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 3);
        event = &ingest.records[0];
        et_check_str(event->type, "SIGSEGV");
        et_check_str(event->value, "Fatal error: a < b");
        et_check_str(event->release, "game@3");
        et_check(memmem(event->payload.data, event->payload.len,
                        "\"engine_version\":\"5.3\"", 22) != NULL);
        et_check_str(et_test_attribute(&ingest.records[1], "filename"),
                     "CrashContext.runtime-xml");
        et_check_str(et_test_attribute(&ingest.records[2],
                                       "attachment_type"), "event.minidump");
    }

    ET_TEST("what is no report, or a damaged stream, is refused") {
        len = 0;
        et_test_add("abc", 3);
        et_check_int(et_test_open(), ET_OK);
        et_check_int(et_crash_unreal(&ingest, &request), ET_BAD_COMPRESSION);

        et_test_unreal("");
        len -= 8;
        et_check_int(et_test_open(), ET_OK);
        et_check_int(et_crash_unreal(&ingest, &request), ET_BAD_COMPRESSION);
    }

    ET_TEST("a minidump that a Relay passes on is an event, with the fields of "
            "its form")
    {
        char        dump[300];
        et_slice_t  key;

        (void) et_test_dump(dump);

        et_test_envelope("event.minidump", dump, sizeof(dump), "");
        et_check_int(et_ingest_open(&ingest, &request, &key), ET_OK);
        et_check_int(et_ingest_read(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 2);
        et_check_int(ingest.nevents, 1);
        et_check_int(ingest.records[0].kind, ET_RECORD_ATTACHMENT);
        et_check_str(et_test_attribute(&ingest.records[0], "filename"),
                     "a.dmp");
        et_check_int(ingest.records[1].kind, ET_RECORD_EVENT);
        et_check_int(ingest.records[1].id[0], 0x9e);
        et_check_str(ingest.records[1].type, "SIGSEGV");
        et_check_str(ingest.records[1].level, "fatal");
        et_check_str(ingest.records[1].release, "app@3");
        et_check(memmem(ingest.records[1].payload.data,
                        ingest.records[1].payload.len,
                        "\"extra\":{\"guid\":\"123\"}", 22) != NULL);

        /* where there is an event, it is that one's file */

        et_test_envelope("event.minidump", dump, sizeof(dump),
                         "{\"type\":\"event\"}\n{\"message\":\"m\"}");
        et_check_int(et_ingest_open(&ingest, &request, &key), ET_OK);
        et_check_int(et_ingest_read(&ingest, &request), ET_OK);
        et_check_int(ingest.nevents, 1);
        et_check_str(ingest.records[1].message, "m");

        /* neither another file nor what is no dump is an event */

        et_test_envelope("event.attachment", dump, sizeof(dump), "");
        et_check_int(et_ingest_open(&ingest, &request, &key), ET_OK);
        et_check_int(et_ingest_read(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 1);
        et_check_int(ingest.nevents, 0);

        et_test_envelope("event.minidump", "nothing", 7, "");
        et_check_int(et_ingest_open(&ingest, &request, &key), ET_OK);
        et_check_int(et_ingest_read(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 1);
        et_check_int(ingest.nevents, 0);

        /* events are not taken: neither is the file */

        et_test_envelope("event.minidump", dump, sizeof(dump), "");
        request.not_taken = 1u << ET_CATEGORY_ERROR;
        et_check_int(et_ingest_open(&ingest, &request, &key), ET_OK);
        et_check_int(et_ingest_read(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 2);
        et_check_int(ingest.records[0].kind, ET_RECORD_OUTCOME);
        et_check_int(ingest.records[1].kind, ET_RECORD_OUTCOME);
        et_check_str(ingest.records[1].value, "not_taken");

        /* an event that is not taken was one */

        et_test_envelope("event.minidump", dump, sizeof(dump),
                         "{\"type\":\"event\"}\n{\"message\":\"m\"}");
        request.not_taken = 1u << ET_CATEGORY_ERROR;
        et_check_int(et_ingest_open(&ingest, &request, &key), ET_OK);
        et_check_int(et_ingest_read(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 2);
        et_check_int(ingest.records[0].kind, ET_RECORD_ATTACHMENT);
        et_check_int(ingest.records[1].n, 1);
    }

    ET_TEST("attachments of a form go to the event of the path") {
        len = 0;
        et_test_field("name=\"a\"; filename=\"a.txt\"", "one");
        et_test_field("name=\"b\"", "no file");
        et_test_field("name=\"c\"; filename=\"c.txt\"", "two");
        et_test_add("--xyz--", 7);
        et_check_int(et_test_open(), ET_OK);
        request.event_id = et_slice_str(ET_TEST_ID);
        et_check_int(et_crash_attachments(&ingest, &request), ET_OK);
        et_check_int(ingest.nrecords, 2);
        et_check_int(ingest.records[0].id[0], 0x9e);
        et_check_str(ingest.records[1].payload, "two");

        request.event_id = et_slice_str("nonsense");
        et_check_int(et_crash_attachments(&ingest, &request),
                     ET_BAD_EVENT_ID);
    }

    et_ingest_destroy(&ingest);

    return et_test_done();
}
