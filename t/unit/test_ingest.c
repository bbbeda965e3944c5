/*
 * Whole requests through the core: bodies in, events out; whose key counts;
 * one reason for what is refused; and memory, wanting or given back.
 */

#include <stdarg.h>

#include "et_ingest.h"
#include "et_test.h"


#define ET_TEST_BODY   (4 * 1024 * 1024)
#define ET_TEST_KEY    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ET_TEST_OTHER  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ET_TEST_ID     "0123456789abcdef0123456789abcdef"
#define ET_TEST_ID2    "fedcba9876543210fedcba9876543210"
#define ET_TEST_NOW    (1700000000 * ET_SECOND)


static et_ingest_t   ingest;
static et_request_t  request;
static et_slice_t    key;
static char          et_test_body[ET_TEST_BODY];


/* A request to project 1 with a key in its headers. */

static void
et_test_request(et_endpoint_t endpoint, const char *format, ...)
{
    va_list  args;

    memset(&request, 0, sizeof(request));

    va_start(args, format);
    request.len = vsnprintf(et_test_body, sizeof(et_test_body), format, args);
    va_end(args);

    request.endpoint = endpoint;
    request.project = 1;
    request.auth.key = et_slice_str(ET_TEST_KEY);
    request.body = et_test_body;
    request.client_ip = et_slice_str("192.0.2.1");
    request.received = ET_TEST_NOW;
    et_limits_default(&request.limits);
    request.limits.max_inflated = 1024 * 1024;
    request.limits.max_event = 1024 * 1024;
}


#define et_test_envelope(...)                                                 \
    et_test_request(ET_ENDPOINT_ENVELOPE, __VA_ARGS__)

#define et_test_store(...)                                                    \
    et_test_request(ET_ENDPOINT_STORE, __VA_ARGS__)


static et_reason_t
et_test_take(void)
{
    et_reason_t  reason;

    reason = et_ingest_open(&ingest, &request, &key);

    return reason == ET_OK ? et_ingest_read(&ingest, &request) : reason;
}


static void
et_test_check_id(const unsigned char *id, const char *expected)
{
    char  text[32];

    et_event_id_print(id, text);
    et_check_str(et_slice(text, 32), expected);
}


static void
et_test_encoding(et_encoding_t encoding)
{
    request.encodings.list[request.encodings.n++] = encoding;
}


/* The body again, compressed; windowBits as deflateInit2() has it. */

static void
et_test_compress(int bits)
{
    z_stream     z;
    static char  out[ET_TEST_BODY];

    memset(&z, 0, sizeof(z));

    et_check_int(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, 0), Z_OK);

    z.next_in = (Bytef *) request.body;
    z.avail_in = request.len;
    z.next_out = (Bytef *) out;
    z.avail_out = sizeof(out);

    et_check_int(deflate(&z, Z_FINISH), Z_STREAM_END);

    request.len = z.total_out;
    (void) deflateEnd(&z);

    memcpy(et_test_body, out, request.len);

    et_test_encoding(bits > 15 ? ET_ENCODING_GZIP : ET_ENCODING_DEFLATE);
}


/* The body again, in base64 (RFC 4648, section 4). */

static void
et_test_base64(void)
{
    size_t                i, n;
    unsigned              group;
    const unsigned char  *p;
    static char           out[ET_TEST_BODY];

    static const char  alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789+/";

    p = (unsigned char *) request.body;

    for (i = 0, n = 0; i < request.len; i += 3) {
        group = (unsigned) p[i] << 16;
        group |= (i + 1 < request.len) ? (unsigned) p[i + 1] << 8 : 0;
        group |= (i + 2 < request.len) ? (unsigned) p[i + 2] : 0;

        out[n++] = alphabet[group >> 18];
        out[n++] = alphabet[group >> 12 & 63];
        out[n++] = (i + 1 < request.len) ? alphabet[group >> 6 & 63] : '=';
        out[n++] = (i + 2 < request.len) ? alphabet[group & 63] : '=';
    }

    memcpy(et_test_body, out, n);
    request.len = n;
}


static void
test_encoded_store(void)
{
    int  k;

    ET_TEST("a store event in base64 is one, compressed in it or not") {
        for (k = 0; k < 4; k++) {
            et_test_store("{\"message\":\"encoded %d\"}", k);

            if (k > 0) {
                et_test_compress(k == 1 ? 15 : 31);
            }

            request.encodings.n = 0;
            et_test_base64();

            /* and all of it as the body of a request is compressed */

            if (k == 3) {
                et_test_compress(31);
            }

            et_check_int(et_test_take(), ET_OK);
            et_check_int(ingest.nevents, 1);
            et_check_int(ingest.inflated, k > 0);

            if (ingest.nevents == 1) {
                et_check(memcmp(ingest.records[0].message.data, "encoded", 7)
                         == 0);
            }
        }
    }

    ET_TEST("a store event that is a zlib stream without more is one") {
        et_test_store("{\"message\":\"zlib\"}");
        et_test_compress(15);
        request.encodings.n = 0;

        et_check_int(et_test_take(), ET_OK);
        et_check_str(ingest.records[0].message, "zlib");
    }

    ET_TEST("JSON behind a mark and blanks is JSON, and not base64") {
        et_test_store("\xef\xbb\xbf \r\n\t{\"message\":\"plain\"}");
        et_check_int(et_test_take(), ET_OK);
        et_check_str(ingest.records[0].message, "plain");
    }

    ET_TEST("base64 of anything else is no event, nor are JSON's words") {
        et_test_store("%s", "\x01\x02\x03 nothing");
        et_test_base64();
        et_check_int(et_test_take(), ET_BAD_JSON);

        et_test_store("null");
        et_check_int(et_test_take(), ET_BAD_JSON);

        et_test_store("1234");
        et_check_int(et_test_take(), ET_BAD_JSON);
    }

    ET_TEST("a stream in base64 is inflated no further than an event is large")
    {
        et_test_store("{\"message\":\"%0*d\"}", 100000, 7);
        et_test_compress(15);
        request.encodings.n = 0;
        et_test_base64();
        request.limits.max_event = 99999;

        et_check_int(et_test_take(), ET_EVENT_TOO_LARGE);
        et_check(ingest.inflate.out.size <= 100000);
    }

    ET_TEST("an envelope is in no base64") {
        et_test_envelope("{}\n{\"type\":\"event\"}\n{}");
        et_test_base64();
        et_check_int(et_test_take(), ET_BAD_ENVELOPE);
    }
}


/* An envelope of n events, each with the text behind its message. */

static void
et_test_events(unsigned n, const char *text)
{
    unsigned   i;
    char      *p;

    et_test_envelope("{}\n");
    p = et_test_body + request.len;

    for (i = 0; i < n; i++) {
        p += sprintf(p, "{\"type\":\"event\"}\n{\"message\":\"m%u %s\"}\n", i,
                     text);
    }

    request.len = p - et_test_body;
}


/* What makes every part of the core allocate. */

static void
et_test_large(void)
{
    unsigned     i;
    char        *p;
    static char  frames[200 * 100];

    for (i = 0, p = frames; i < 200; i++) {
        p += sprintf(p, "%s{\"function\":\"f%u\",\"module\":\"a.b.c%u\","
                     "\"in_app\":true}", i == 0 ? "" : ",", i, i);
    }

    et_test_envelope("{\"event_id\":\"" ET_TEST_ID "\","
                     "\"dsn\":\"https://" ET_TEST_KEY "@host/1\"}\n"
                     "{\"type\":\"session\"}\n{}\n"
                     "{\"type\":\"event\"}\n"
                     "{\"message\":\"10.0.0.1 failed\",\"tags\":{\"a\":1},"
                     "\"exception\":{\"values\":[{\"type\":\"E\","
                     "\"value\":\"v\",\"stacktrace\":{\"frames\":[%s]}}]}}\n"
                     "{\"type\":\"event\"}\n"
                     "{\"logentry\":{\"message\":\"%%s x\","
                     "\"params\":[\"%0*d\"]}}\n", frames, 500, 7);
    et_test_compress(15 + 16);
}


int
main(void)
{
    size_t                i;
    unsigned              k;
    et_reason_t           reason;
    unsigned long         nth, refused;

    static const struct {
        const char   *header;
        int           given;           /* the request has a key of its own */
        et_reason_t   reason;
    } dsns[] = {
        { "{}", 1, ET_OK },
        { "{}", 0, ET_NO_KEY },
        { "{\"dsn\":null}", 0, ET_NO_KEY },
        { "{\"dsn\":\"\"}", 0, ET_NO_KEY },
        { "{\"dsn\":\"https://" ET_TEST_KEY "@any.host/1\"}", 1, ET_OK },
        { "{\"dsn\":\"https://" ET_TEST_KEY "@any.host/1\"}", 0, ET_OK },
        { "{\"dsn\":\"https://" ET_TEST_KEY ":secret@h:9000/a/b/1\"}", 0,
          ET_OK },
        { "{\"dsn\":\"https://" ET_TEST_KEY "@h/2\"}", 1, ET_DSN_MISMATCH },
        { "{\"dsn\":\"https://" ET_TEST_KEY "@h/2\"}", 0, ET_DSN_MISMATCH },
        { "{\"dsn\":\"https://" ET_TEST_OTHER "@h/1\"}", 1,
          ET_DSN_MISMATCH },
        { "{\"dsn\":\"no dsn\"}", 1, ET_OK },
        { "{\"dsn\":\"no dsn\"}", 0, ET_BAD_KEY },
    };

    static const struct {
        const char    *body;
        et_endpoint_t  endpoint;
        et_reason_t    reason;
    } bad[] = {
        { "", ET_ENDPOINT_ENVELOPE, ET_EMPTY_BODY },
        { "", ET_ENDPOINT_STORE, ET_EMPTY_BODY },
        { "hello", ET_ENDPOINT_ENVELOPE, ET_BAD_ENVELOPE },
        { "[]\n", ET_ENDPOINT_ENVELOPE, ET_BAD_ENVELOPE },
        { "{}\nhello\n{}", ET_ENDPOINT_ENVELOPE, ET_BAD_ITEM },
        { "{}\n{\"length\":2}\n{}", ET_ENDPOINT_ENVELOPE, ET_BAD_ITEM },
        { "{}\n{\"type\":\"event\",\"length\":9}\n{}", ET_ENDPOINT_ENVELOPE,
          ET_ITEM_TRUNCATED },
        { "{}\n{\"type\":\"event\",\"length\":2}\n{}x", ET_ENDPOINT_ENVELOPE,
          ET_ITEM_NO_NEWLINE },
        { "{}\n{\"type\":\"event\"}\n[1]", ET_ENDPOINT_ENVELOPE, ET_BAD_JSON },
        { "{}\n{\"type\":\"event\"}\n{\"a\"", ET_ENDPOINT_ENVELOPE,
          ET_BAD_JSON },
        { "{\"a\"", ET_ENDPOINT_STORE, ET_BAD_JSON },
        { "7", ET_ENDPOINT_STORE, ET_BAD_JSON },
        { "{\"a\":\"\xff\"}", ET_ENDPOINT_STORE, ET_BAD_UTF8 },
        { "{\"event_id\":\"x\"}", ET_ENDPOINT_STORE, ET_BAD_EVENT_ID },
    };

    et_check(et_ingest_init(&ingest));

    test_encoded_store();

    ET_TEST("an envelope's event comes out, grouped, under the envelope's id")
    {
        et_test_envelope("{\"event_id\":\"" ET_TEST_ID "\","
                         "\"sdk\":{\"name\":\"sentry.x\",\"version\":\"1\"}}\n"
                         "{\"type\":\"event\"}\n"
                         "{\"message\":\"hello\",\"event_id\":\"" ET_TEST_ID2
                         "\",\"platform\":\"javascript\"}\n");

        et_check_int(et_test_take(), ET_OK);
        et_check_str(key, ET_TEST_KEY);
        et_check_int(ingest.nevents, 1);
        et_check_str(ingest.records[0].message, "hello");
        et_check_str(ingest.records[0].sdk_name, "sentry.x");
        et_check_str(ingest.records[0].sdk_version, "1");
        et_check_str(ingest.records[0].user_ip, "192.0.2.1");
        et_check(ingest.records[0].grouping_hash != 0);
        et_check_int(ingest.records[0].received, ET_TEST_NOW);
        et_check_int(ingest.has_id, 1);
        et_test_check_id(ingest.id, ET_TEST_ID);
        et_test_check_id(ingest.records[0].id, ET_TEST_ID);
    }

    ET_TEST("a store request's event comes out under its own id") {
        et_test_store("{\"message\":\"hello\",\"event_id\":\"" ET_TEST_ID2
                      "\"}");

        et_check_int(et_test_take(), ET_OK);
        et_check_int(ingest.nevents, 1);
        et_check_str(ingest.records[0].message, "hello");
        et_check_int(ingest.has_id, 1);
        et_test_check_id(ingest.id, ET_TEST_ID2);
    }

    ET_TEST("a body comes out the same from gzip, zlib and raw deflate") {
        for (k = 0; k < 3; k++) {
            et_test_envelope("{}\n{\"type\":\"event\"}\n"
                             "{\"message\":\"packed\"}");
            et_test_compress(k == 0 ? 31 : k == 1 ? 15 : -15);

            et_check_int(et_test_take(), ET_OK);
            et_check_int(ingest.nevents, 1);
            et_check_str(ingest.records[0].message, "packed");
        }
    }

    ET_TEST("the DSN in the envelope is a key, and may not contradict") {
        for (i = 0; i < sizeof(dsns) / sizeof(dsns[0]); i++) {
            et_test_envelope("%s\n{\"type\":\"event\"}\n{}", dsns[i].header);

            if (!dsns[i].given) {
                request.auth.key = et_slice("", 0);
            }

            et_check_int(et_ingest_open(&ingest, &request, &key),
                         dsns[i].reason);

            if (dsns[i].reason == ET_OK) {
                et_check_str(key, ET_TEST_KEY);
            }
        }
    }

    ET_TEST("a store request has no other place for its key") {
        et_test_store("{}");
        request.auth.key = et_slice("", 0);

        et_check_int(et_ingest_open(&ingest, &request, &key), ET_NO_KEY);
    }

    ET_TEST("each kind of damage has its reason, and leaves no event") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            et_test_request(bad[i].endpoint, "%s", bad[i].body);
            et_check_int(et_test_take(), bad[i].reason);
            et_check_int(ingest.nevents, 0);
            et_check_int(ingest.has_id, 0);
        }
    }

    ET_TEST("a request whose second event is damaged is refused whole") {
        et_test_envelope("{}\n{\"type\":\"event\"}\n{}\n"
                         "{\"type\":\"event\"}\n{\"a\"\n");

        et_check_int(et_test_take(), ET_BAD_JSON);
        et_check_int(ingest.has_id, 0);
    }

    ET_TEST("an unknown encoding, damage and an empty stream are refused") {
        et_test_store("%s", "no JSON");
        et_test_encoding(ET_ENCODING_UNKNOWN);
        et_check_int(et_test_take(), ET_BAD_ENCODING);

        et_test_store("%s", "no gzip");
        et_test_encoding(ET_ENCODING_GZIP);
        et_check_int(et_test_take(), ET_BAD_COMPRESSION);

        /* what is JSON was not compressed, whatever its label */

        et_test_store("{}");
        et_test_encoding(ET_ENCODING_GZIP);
        et_check_int(et_test_take(), ET_OK);

        et_test_store("%s", "");
        et_test_compress(31);
        et_check_int(et_test_take(), ET_EMPTY_BODY);
    }

    ET_TEST("the limit of a body holds plain and compressed, to the byte") {
        for (k = 0; k < 2; k++) {
            et_test_store("{\"message\":\"%0*d\"}", 5000, 7);
            request.limits.max_inflated = request.len;

            if (k == 1) {
                et_test_compress(31);
            }

            et_check_int(et_test_take(), ET_OK);

            request.limits.max_inflated--;
            et_check_int(et_ingest_open(&ingest, &request, &key),
                         ET_INFLATED_TOO_LARGE);
        }
    }

    ET_TEST("the limit of an event holds to the byte, in either endpoint") {
        et_test_store("{\"a\":1}");
        request.limits.max_event = 7;
        et_check_int(et_test_take(), ET_OK);
        request.limits.max_event = 6;
        et_check_int(et_test_take(), ET_EVENT_TOO_LARGE);

        et_test_envelope("{}\n{\"type\":\"event\"}\n{\"a\":1}\n");
        request.limits.max_event = 7;
        et_check_int(et_test_take(), ET_OK);
        request.limits.max_event = 6;
        et_check_int(et_test_take(), ET_EVENT_TOO_LARGE);

        /* what is no event has no such limit */

        et_test_envelope("{}\n{\"type\":\"attachment\"}\n{\"a\":1}\n");
        request.limits.max_event = 6;
        et_check_int(et_test_take(), ET_OK);
    }

    ET_TEST("an envelope may have a hundred events, and no more") {
        et_test_events(ET_MAX_EVENTS, "");
        et_check_int(et_test_take(), ET_OK);
        et_check_int(ingest.nevents, ET_MAX_EVENTS);

        for (i = 0; i < ingest.nevents; i++) {
            char  text[16];

            (void) sprintf(text, "m%u ", (unsigned) i);
            et_check_str(ingest.records[i].message, text);
            et_check(ingest.records[i].grouping_hash != 0);
        }

        et_test_events(ET_MAX_EVENTS + 1, "");
        et_check_int(et_test_take(), ET_TOO_MANY_EVENTS);
    }

    ET_TEST("two events of one envelope have two ids") {
        et_test_envelope("{\"event_id\":\"" ET_TEST_ID "\"}\n"
                         "{\"type\":\"event\"}\n{}\n"
                         "{\"type\":\"event\"}\n{}\n"
                         "{\"type\":\"event\"}\n"
                         "{\"event_id\":\"" ET_TEST_ID2 "\"}\n");

        et_check_int(et_test_take(), ET_OK);
        et_check_int(ingest.nevents, 3);
        et_test_check_id(ingest.id, ET_TEST_ID);
        et_test_check_id(ingest.records[0].id, ET_TEST_ID);
        et_check(memcmp(ingest.records[1].id, ingest.records[0].id, 16) != 0);
        et_check(memcmp(ingest.records[1].id, ingest.records[2].id, 16) != 0);
        et_test_check_id(ingest.records[2].id, ET_TEST_ID2);
    }

    ET_TEST("an id that comes twice in one envelope is the first event's, and "
            "a note says that the second has another")
    {
        et_test_envelope("{}\n"
                         "{\"type\":\"event\"}\n"
                         "{\"event_id\":\"" ET_TEST_ID "\"}\n"
                         "{\"type\":\"event\"}\n"
                         "{\"event_id\":\"" ET_TEST_ID2 "\"}\n"
                         "{\"type\":\"event\"}\n"
                         "{\"event_id\":\"" ET_TEST_ID "\"}\n");

        et_check_int(et_test_take(), ET_OK);
        et_check_int(ingest.nevents, 3);
        et_test_check_id(ingest.id, ET_TEST_ID);
        et_test_check_id(ingest.records[0].id, ET_TEST_ID);
        et_test_check_id(ingest.records[1].id, ET_TEST_ID2);
        et_check(memcmp(ingest.records[2].id, ingest.records[0].id, 16) != 0);
        et_check_int(ingest.records[0].nnotes, 0);
        et_check_int(ingest.records[1].nnotes, 0);
        et_check_int(ingest.records[2].nnotes, 1);
        et_check_str(ingest.records[2].notes[0],
                     "event_id: another event's, a new one made");
    }

    ET_TEST("an envelope that says it was sent an hour from now has its "
            "events' times shifted")
    {
        et_test_envelope("{\"sent_at\":\"%lld\"}\n"
                         "{\"type\":\"event\"}\n"
                         "{\"timestamp\":%lld}\n",
                         (long long) (ET_TEST_NOW / ET_SECOND + 3600),
                         (long long) (ET_TEST_NOW / ET_SECOND + 3598));

        et_check_int(et_test_take(), ET_OK);
        et_check_int(ingest.records[0].timestamp, ET_TEST_NOW - 2 * ET_SECOND);
        et_check_int(ingest.records[0].nnotes, 1);
    }

    ET_TEST("items that are not taken are counted, and nothing is kept of them")
    {
        et_test_envelope("{\"event_id\":\"" ET_TEST_ID "\"}\n"
                         "{\"type\":\"profile\"}\n{}\n"
                         "{\"type\":\"span\",\"length\":3}\n\n\n\n\n"
                         "{\"type\":\"profile\"}\nno json\n"
                         "{\"type\":\"never heard of\"}\n{}\n");

        et_check_int(et_test_take(), ET_OK);
        et_check_int(ingest.nevents, 0);
        et_check_int(ingest.skipped[ET_ITEM_PROFILE], 2);
        et_check_int(ingest.skipped[ET_ITEM_SPAN], 1);
        et_check_int(ingest.skipped[ET_ITEM_UNKNOWN], 1);
        et_check_int(ingest.skipped[ET_ITEM_EVENT], 0);

        /* the client has named it, so it is told that name */

        et_check_int(ingest.has_id, 1);
        et_test_check_id(ingest.id, ET_TEST_ID);
    }

    ET_TEST("an envelope without items and id is taken, and has no id") {
        et_test_envelope("{}");
        et_check_int(et_test_take(), ET_OK);
        et_check_int(ingest.nevents, 0);
        et_check_int(ingest.has_id, 0);

        et_test_envelope("{\"event_id\":\"no id\"}\n");
        et_check_int(et_test_take(), ET_OK);
        et_check_int(ingest.has_id, 0);
    }

    ET_TEST("nothing of one request is left in the next") {
        et_test_envelope("{\"event_id\":\"" ET_TEST_ID "\",\"dsn\":"
                         "\"https://" ET_TEST_KEY "@h/1\",\"sdk\":"
                         "{\"name\":\"sentry.x\"}}\n"
                         "{\"type\":\"session\"}\n{}\n"
                         "{\"type\":\"event\"}\n{}\n");
        request.auth.key = et_slice("", 0);
        et_check_int(et_test_take(), ET_OK);

        et_test_store("{\"message\":\"next\"}");
        et_check_int(et_test_take(), ET_OK);
        et_check_int(ingest.nevents, 1);
        et_check_int(ingest.skipped[ET_ITEM_SESSION], 0);
        et_check_str(ingest.records[0].sdk_name, "");
        et_check(memcmp(ingest.id, "\x01\x23\x45\x67", 4) != 0);

        et_test_store("{}");
        request.auth.key = et_slice("", 0);
        et_check_int(et_test_take(), ET_NO_KEY);

        et_test_store("{}");
        request.len = 0;
        et_check_int(et_test_take(), ET_EMPTY_BODY);
        et_check_int(ingest.nevents, 0);
        et_check_int(ingest.has_id, 0);
    }

    ET_TEST("each allocation may fail: no memory is the reason, and not for "
            "the next request")
    {
        refused = 0;

        for (nth = 1; nth < 100000; nth++) {
            et_ingest_destroy(&ingest);
            et_check(et_ingest_init(&ingest));

            et_test_large();
            et_fail_nth(nth);

            reason = et_test_take();

            if (!et_fail_reached()) {
                et_check_int(reason, ET_OK);
                break;
            }

            /* what libdeflate had no memory for, zlib may have */

            if (reason != ET_OK) {
                et_check_int(reason, ET_NO_MEMORY);
                refused++;

            } else {
                et_check_int(ingest.nevents, 2);
            }

            et_fail_nth(0);
            et_test_large();
            et_check_int(et_test_take(), ET_OK);
            et_check_int(ingest.nevents, 2);
        }

        et_check(nth > 4 && nth < 100000 && refused + 3 >= nth);
    }

    ET_TEST("each allocation of the start may fail, and leaves nothing behind")
    {
        et_ingest_t  another;

        for (nth = 1; nth < 1000; nth++) {
            et_fail_nth(nth);

            if (et_ingest_init(&another) && !et_fail_reached()) {
                et_fail_nth(0);
                et_ingest_destroy(&another);
                break;
            }

            et_fail_nth(0);
            et_ingest_destroy(&another);
        }

        et_check(nth < 1000);
    }

    ET_TEST("memory beyond what is kept is given back by the next request") {
        et_test_events(ET_MAX_EVENTS, "some text that makes it longer");
        et_check_int(et_test_take(), ET_OK);

        et_test_store("{\"message\":\"%0*d\"}", 900000, 7);
        et_check_int(et_test_take(), ET_OK);
        et_check(ingest.arena.size > 0);

        et_test_store("{}");
        et_check_int(et_test_take(), ET_OK);
        et_check(ingest.arena.size <= ET_ARENA_KEEP);
        et_check(ingest.inflate.out.size <= ET_INFLATE_KEEP);
    }

    ET_TEST("JSON that takes more memory than a request may have is refused") {
        et_test_envelope("{}\n{\"type\":\"event\"}\n{\"a\":[");
        memset(et_test_body + request.len, '0', 3000000);

        for (i = 1; i < 3000000; i += 2) {
            et_test_body[request.len + i] = ',';
        }

        request.len += 2999999;
        memcpy(et_test_body + request.len, "]}\n", 3);
        request.len += 3;
        et_limits_default(&request.limits);
        request.limits.max_inflated = ET_TEST_BODY;
        request.limits.max_event = ET_TEST_BODY;

        et_check_int(et_test_take(), ET_JSON_TOO_COMPLEX);

        et_test_store("{}");
        et_check_int(et_test_take(), ET_OK);
    }

    et_ingest_destroy(&ingest);

    return et_test_done();
}
