/*
 * et_envelope: items come out as they were put in, by length or by line, and
 * an envelope that breaks the framing is refused for the right reason.
 */

#include "et_envelope.h"
#include "et_test.h"


#define LIMIT  (8 * 1048576)
#define KEEP   65536


/* How an envelope was read: its items, and the reason that it ended with */

typedef struct {
    char           *body;      /* in memory of the exact size */
    size_t          len;
    et_envelope_t   envelope;
    et_item_t       items[16];
    size_t          count;     /* of all items, those past 16 too */
    et_reason_t     reason;
} reading_t;


static et_arena_t  arena;


/* Reads all items; what must hold for any body is checked here */

static void
read_bytes(reading_t *r, const char *body, size_t len)
{
    int         more;
    char       *pos;
    et_item_t   item;

    memset(r, 0, sizeof(reading_t));

    r->body = et_copy(body, len);
    r->len = len;

    et_arena_reset(&arena);

    r->reason = et_envelope_open(&arena, len == 0 ? NULL : r->body, len,
                                 &r->envelope);

    while (r->reason == ET_OK) {
        pos = r->envelope.pos;
        more = -1;

        r->reason = et_envelope_next(&arena, &r->envelope, &item, &more);

        if (r->reason != ET_OK) {
            et_check(r->envelope.pos == pos);
            et_check_int(more, 0);
            break;
        }

        if (!more) {
            et_check(r->envelope.pos == r->envelope.end);
            break;
        }

        et_check(r->envelope.pos > pos);
        et_check(r->envelope.pos <= r->body + len);
        et_check(item.payload > pos);
        et_check(item.payload + item.len <= r->body + len);
        et_check((int) item.type >= 0 && item.type < ET_ITEM_TYPE_COUNT);

        if (r->count < 16) {
            r->items[r->count] = item;
        }

        r->count++;
    }
}


static void
read_text(reading_t *r, const char *body)
{
    read_bytes(r, body, strlen(body));
}


static et_slice_t
payload(const reading_t *r, size_t i)
{
    return i < r->count ? et_slice(r->items[i].payload, r->items[i].len)
                        : et_slice(NULL, 0);
}


static void
done(reading_t *r)
{
    free(r->body);
}


static et_reason_t
reason_of_bytes(const char *body, size_t len)
{
    reading_t  r;

    read_bytes(&r, body, len);
    done(&r);

    return r.reason;
}


static et_reason_t
reason_of(const char *body)
{
    return reason_of_bytes(body, strlen(body));
}


static void
test_headers(void)
{
    reading_t  r;

    ET_TEST("the envelope header's values are read") {
        read_text(&r,
            "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\","
            "\"dsn\":\"https://abc@host/5\",\"other\":[1,{\"dsn\":\"x\"}],"
            "\"sent_at\":\"2024-01-01T00:00:00Z\",\"trace\":{\"a\":\"b\"},"
            "\"sdk\":{\"name\":\"sentry.python\",\"version\":\"2.1.0\","
            "\"packages\":[{\"name\":\"pypi:sentry-sdk\"}]}}\n");

        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 0);
        et_check_str(r.envelope.event_id, "9ec79c33ec9942ab8353589fcb2e04dc");
        et_check_str(r.envelope.dsn, "https://abc@host/5");
        et_check_str(r.envelope.sent_at, "2024-01-01T00:00:00Z");
        et_check_str(r.envelope.sdk_name, "sentry.python");
        et_check_str(r.envelope.sdk_version, "2.1.0");
        done(&r);
    }

    ET_TEST("header values that are absent, null or no strings are empty") {
        read_text(&r, "{}");
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 0);
        et_check_str(r.envelope.event_id, "");
        et_check_str(r.envelope.dsn, "");
        et_check_str(r.envelope.sent_at, "");
        et_check_str(r.envelope.sdk_name, "");
        et_check_str(r.envelope.sdk_version, "");
        et_check(r.envelope.dsn.data != NULL);
        done(&r);

        read_text(&r, "{\"event_id\":null,\"dsn\":null,\"sent_at\":null,"
                      "\"sdk\":null}");
        et_check_int(r.reason, ET_OK);
        et_check_str(r.envelope.event_id, "");
        et_check_str(r.envelope.dsn, "");
        et_check_str(r.envelope.sent_at, "");
        et_check_str(r.envelope.sdk_name, "");
        done(&r);

        read_text(&r, "{\"event_id\":5,\"dsn\":{},\"sent_at\":1.5,"
                      "\"sdk\":{\"name\":null,\"version\":2}}\n");
        et_check_int(r.reason, ET_OK);
        et_check(r.envelope.dsn.data != NULL);
        et_check_str(r.envelope.event_id, "");
        et_check_str(r.envelope.dsn, "");
        et_check_str(r.envelope.sent_at, "");
        et_check_str(r.envelope.sdk_name, "");
        et_check_str(r.envelope.sdk_version, "");
        done(&r);

        read_text(&r, "{\"sdk\":[\"name\"]}");
        et_check_int(r.reason, ET_OK);
        et_check_str(r.envelope.sdk_name, "");
        done(&r);
    }

    ET_TEST("a first line that is no JSON object is a bad envelope") {
        et_check_int(reason_of(""), ET_BAD_ENVELOPE);
        et_check_int(reason_of("\n"), ET_BAD_ENVELOPE);
        et_check_int(reason_of("\n{}\n"), ET_BAD_ENVELOPE);
        et_check_int(reason_of("[]\n"), ET_BAD_ENVELOPE);
        et_check_int(reason_of("null\n"), ET_BAD_ENVELOPE);
        et_check_int(reason_of("\"{}\"\n"), ET_BAD_ENVELOPE);
        et_check_int(reason_of("{\n}\n"), ET_BAD_ENVELOPE);
        et_check_int(reason_of("{} {}\n"), ET_BAD_ENVELOPE);
        et_check_int(reason_of("{\"dsn\":\"x\",}\n"), ET_BAD_ENVELOPE);
        et_check_int(reason_of_bytes("{}\0\n", 4), ET_BAD_ENVELOPE);
    }

    ET_TEST("an envelope header that is not UTF-8 says so") {
        et_check_int(reason_of("{\"dsn\":\"\xff\"}\n"), ET_BAD_UTF8);
    }

    ET_TEST("lines may end with a carriage return and a newline") {
        read_text(&r, "{\"dsn\":\"d\"}\r\n{\"type\":\"event\"}\r\n{}");
        et_check_int(r.reason, ET_OK);
        et_check_str(r.envelope.dsn, "d");
        et_check_int(r.count, 1);
        et_check_str(payload(&r, 0), "{}");
        done(&r);
    }
}


static void
test_items(void)
{
    reading_t  r;

    static const char  bytes[] =
        "{}\n{\"type\":\"event\",\"length\":6}\n\n\0}\r\n\xff\n"
        "{\"type\":\"session\",\"length\":2}\nok";

    ET_TEST("an item with a length has exactly that many bytes, any bytes") {
        read_bytes(&r, bytes, sizeof(bytes) - 1);
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 2);
        et_check_int(r.items[0].type, ET_ITEM_EVENT);
        et_check_int(r.items[0].len, 6);
        et_check(memcmp(r.items[0].payload, "\n\0}\r\n\xff", 6) == 0);
        et_check_int(r.items[1].type, ET_ITEM_SESSION);
        et_check_str(payload(&r, 1), "ok");
        done(&r);
    }

    ET_TEST("an item without a length ends with the line or the envelope") {
        read_text(&r, "{}\n{\"type\":\"event\"}\n{\"a\":1}\r\n"
                      "{\"type\":\"event\",\"length\":null}\n\n"
                      "{\"type\":\"event\"}\nlast");
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 3);
        et_check_str(payload(&r, 0), "{\"a\":1}\r");
        et_check_str(payload(&r, 1), "");
        et_check_str(payload(&r, 2), "last");
        done(&r);
    }

    ET_TEST("both framings may take turns in an envelope") {
        read_text(&r, "{}\n{\"type\":\"attachment\",\"length\":3}\na\nb\n"
                      "{\"type\":\"event\"}\n{}\n"
                      "{\"length\":0,\"type\":\"event\"}\n\n"
                      "{\"type\":\"event\",\"length\":2}\n{}\n");
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 4);
        et_check_int(r.items[0].type, ET_ITEM_ATTACHMENT);
        et_check_str(payload(&r, 0), "a\nb");
        et_check_str(payload(&r, 1), "{}");
        et_check_str(payload(&r, 2), "");
        et_check_str(payload(&r, 3), "{}");
        done(&r);
    }

    ET_TEST("an item header at the end has an empty payload") {
        read_text(&r, "{}\n{\"type\":\"event\"}");
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 1);
        et_check_int(r.items[0].len, 0);
        done(&r);

        read_text(&r, "{}\n{\"type\":\"event\"}\n");
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 1);
        et_check_int(r.items[0].len, 0);
        done(&r);

        read_text(&r, "{}\n{\"type\":\"event\",\"length\":0}");
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 1);
        et_check_int(r.items[0].len, 0);
        done(&r);
    }

    ET_TEST("blank lines before an item header and at the end are skipped") {
        read_text(&r, "{}\n\n\r\n \t\n{\"type\":\"event\"}\n{}\n\n\r\n"
                      "{\"type\":\"event\",\"length\":2}\n{}\n\n \n");
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 2);
        et_check_str(payload(&r, 0), "{}");
        et_check_str(payload(&r, 1), "{}");
        done(&r);
    }

    ET_TEST("a header's other members do not matter") {
        read_text(&r, "{}\n{\"content_type\":\"application/json\",\"x\":[{}],"
                      "\"type\":\"event\",\"filename\":\"type\",\"l\":9,"
                      "\"length\":2.0,\"item_count\":7}\n{}");
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 1);
        et_check_str(payload(&r, 0), "{}");
        done(&r);
    }
}


static void
test_types(void)
{
    int        i;
    char       body[128];
    size_t     n;
    reading_t  r;

    static const char *const  unknown[] = {
        "", "Event", "even", "events", "event ", "unknown", "\\u0065vents",
        "event\\u0000"
    };

    ET_TEST("each item type is known by its name") {
        for (i = 0; i < ET_ITEM_TYPE_COUNT; i++) {
            snprintf(body, sizeof(body), "{}\n{\"type\":\"%s\"}\n{}",
                     et_item_type_names[i]);
            read_text(&r, body);
            et_check_int(r.reason, ET_OK);
            et_check_int(r.count, 1);
            et_check_int(r.items[0].type, i);
            done(&r);
        }
    }

    ET_TEST("the names are those of the contract") {
        et_check(strcmp(et_item_type_names[ET_ITEM_EVENT], "event") == 0);
        et_check(strcmp(et_item_type_names[ET_ITEM_CHECK_IN], "check_in")
                 == 0);
        et_check(strcmp(et_item_type_names[ET_ITEM_OTEL_SPAN], "otel_span")
                 == 0);
        et_check(strcmp(et_item_type_names[ET_ITEM_UNKNOWN], "unknown") == 0);
    }

    ET_TEST("a type that nobody knows is no error, and the next item is read")
    {
        for (n = 0; n < sizeof(unknown) / sizeof(unknown[0]); n++) {
            snprintf(body, sizeof(body),
                     "{}\n{\"type\":\"%s\",\"length\":1}\nx\n"
                     "{\"type\":\"event\"}\n{}", unknown[n]);
            read_text(&r, body);
            et_check_int(r.reason, ET_OK);
            et_check_int(r.count, 2);
            et_check_int(r.items[0].type, ET_ITEM_UNKNOWN);
            et_check_int(r.items[1].type, ET_ITEM_EVENT);
            done(&r);
        }
    }
}


static void
test_bad_items(void)
{
    size_t     i;
    reading_t  r;

    static const char *const  bad[] = {
        "{}\n{}", "{}\n{}\n{}", "{}\nnull\n", "{}\n[]\n", "{}\n5",
        "{}\nnot json\n", "{}\n{\"type\":\"event\"\n{}",
        "{}\n{\"type\":null}\n{}", "{}\n{\"type\":5}\n{}",
        "{}\n{\"type\":[\"event\"]}\n{}", "{}\n{\"Type\":\"event\"}\n{}",
        "{}\n{\"type\":\"event\",\"length\":-1}\n{}",
        "{}\n{\"type\":\"event\",\"length\":1.5}\n{}",
        "{}\n{\"type\":\"event\",\"length\":99.5}\n{}",
        "{}\n{\"type\":\"event\",\"length\":-1e999}\n{}",
        "{}\n{\"type\":\"event\",\"length\":\"2\"}\n{}",
        "{}\n{\"type\":\"event\",\"length\":true}\n{}",
        "{}\n{\"type\":\"event\",\"length\":[2]}\n{}",
        "{}\n{\"type\":\"event\",\"length\":{}}\n{}",
        "{}\n{\"type\":\"\xff\"}\n{}"
    };

    static const char *const  truncated[] = {
        "{}\n{\"type\":\"event\",\"length\":3}\n{}",
        "{}\n{\"type\":\"event\",\"length\":1}\n",
        "{}\n{\"type\":\"event\",\"length\":1}",
        "{}\n{\"type\":\"event\",\"length\":4294967296}\n{}",
        "{}\n{\"type\":\"event\",\"length\":4294967298}\n{}",
        "{}\n{\"type\":\"event\",\"length\":9007199254740993}\n{}",
        "{}\n{\"type\":\"event\",\"length\":9223372036854775807}\n{}",
        "{}\n{\"type\":\"event\",\"length\":18446744073709551615}\n{}",
        "{}\n{\"type\":\"event\",\"length\":18446744073709551616}\n{}",
        "{}\n{\"type\":\"event\",\"length\":18446744073709551618}\n{}",
        "{}\n{\"type\":\"event\",\"length\":1e30}\n{}",
        "{}\n{\"type\":\"event\",\"length\":1e999}\n{}"
    };

    static const char *const  joined[] = {
        "{}\n{\"type\":\"event\",\"length\":1}\n{}",
        "{}\n{\"type\":\"event\",\"length\":0}\n{}",
        "{}\n{\"type\":\"event\",\"length\":2}\n{}\r\n",
        "{}\n{\"type\":\"event\",\"length\":2}\n{} \n",
        "{}\n{\"type\":\"event\",\"length\":2}\n{}{\"type\":\"event\"}\n{}",
        "{}\n{\"type\":\"event\",\"length\":-0.0}\n{}"
    };

    ET_TEST("an item header that is not as it should be is a bad item") {
        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            if (reason_of(bad[i]) != ET_BAD_ITEM) {
                printf("# %s\n", bad[i]);
                et_check(0);
            }
        }
    }

    ET_TEST("a length that the envelope does not hold is a truncated item") {
        for (i = 0; i < sizeof(truncated) / sizeof(truncated[0]); i++) {
            if (reason_of(truncated[i]) != ET_ITEM_TRUNCATED) {
                printf("# %s\n", truncated[i]);
                et_check(0);
            }
        }
    }

    ET_TEST("bytes between a payload and its newline are refused") {
        for (i = 0; i < sizeof(joined) / sizeof(joined[0]); i++) {
            if (reason_of(joined[i]) != ET_ITEM_NO_NEWLINE) {
                printf("# %s\n", joined[i]);
                et_check(0);
            }
        }
    }

    ET_TEST("the items before a bad one are read") {
        read_text(&r, "{}\n{\"type\":\"event\"}\none\n"
                      "{\"type\":\"event\"}\ntwo\nthree\n");
        et_check_int(r.reason, ET_BAD_ITEM);
        et_check_int(r.count, 2);
        et_check_str(payload(&r, 1), "two");
        done(&r);
    }
}


/* An envelope with a first or second line of so many bytes */

static et_reason_t
padded(const char *before, const char *after, char c, size_t len)
{
    char         *body, *p;
    size_t        size;
    et_reason_t   reason;

    size = strlen(before) + len + strlen(after);
    body = malloc(size + 1);

    if (body == NULL) {
        return ET_NO_MEMORY;
    }

    p = stpcpy(body, before);
    memset(p, c, len);
    memcpy(p + len, after, strlen(after));

    reason = reason_of_bytes(body, size);

    free(body);

    return reason;
}


static void
test_hostile(void)
{
    ET_TEST("a header of 64 KiB is read, and a longer one refused unparsed") {
        et_check_int(padded("{\"x\":\"", "\"}\n", 'x', 65536 - 8), ET_OK);
        et_check_int(padded("{\"x\":\"", "\"}\n", 'x', 65536 - 7),
                     ET_BAD_ENVELOPE);
        et_check_int(padded("{\"x\":\"", "\"}", 'x', 65536 - 8), ET_OK);
        et_check_int(padded("{\"x\":\"", "\"}", 'x', 65536 - 7),
                     ET_BAD_ENVELOPE);

        et_check_int(padded("{}\n{\"type\":\"", "\"}\n", 'x', 65536 - 11),
                     ET_OK);
        et_check_int(padded("{}\n{\"type\":\"", "\"}\n", 'x', 65536 - 10),
                     ET_BAD_ITEM);

        /* 4 MiB of it: the arena, though it is smaller, does not notice */

        et_check_int(padded("{\"x\":[0", "]}\n", ',', 4194304),
                     ET_BAD_ENVELOPE);
        et_check_int(arena.size, 0);
        et_check_int(padded("{}\n{\"x\":[0", "]}\n", ',', 4194304),
                     ET_BAD_ITEM);
    }

    ET_TEST("headers that are nested too deep are refused as headers") {
        et_check_int(padded("{\"x\":", "}\n", '[', 10000), ET_BAD_ENVELOPE);
        et_check_int(padded("{}\n{\"x\":", "}\n", '[', 10000), ET_BAD_ITEM);
        et_check_int(padded("{}\n{\"x\":", "}\n", '[', 60000), ET_BAD_ITEM);
    }

    ET_TEST("a megabyte of blank lines is no item") {
        et_check_int(padded("{}\n", "", '\n', 1048576), ET_OK);
        et_check_int(padded("{}\n", "{\"type\":\"event\"}\n{}", '\n',
                            1048576), ET_OK);
    }
}


static void
test_arena_limit(void)
{
    char        *body, *p;
    size_t       i;
    reading_t    r;
    et_arena_t   saved;

    ET_TEST("more headers than the arena holds are too complex, not fatal") {
        body = malloc(64 * 20000);
        et_check(body != NULL);

        if (body == NULL) {
            break;
        }

        p = stpcpy(body, "{}\n");

        for (i = 0; i < 20000; i++) {
            p = stpcpy(p, "{\"type\":\"session\",\"length\":2}\n{}\n");
        }

        saved = arena;
        et_arena_init(&arena, 65536, KEEP);

        read_bytes(&r, body, (size_t) (p - body));
        et_check_int(r.reason, ET_JSON_TOO_COMPLEX);
        et_check(r.count > 10 && r.count < 20000);
        done(&r);

        et_arena_destroy(&arena);
        arena = saved;

        read_bytes(&r, body, (size_t) (p - body));
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 20000);
        done(&r);

        free(body);
    }
}


static const char  whole[] =
    "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\",\"dsn\":\"d\","
    "\"sdk\":{\"name\":\"n\",\"version\":\"\\u0041\"}}\n"
    "{\"type\":\"attachment\",\"length\":11}\n{\"x\":\n1.5}\n\n"
    "{\"type\":\"event\"}\n{\"message\":\"\\u00e9\"}\n"
    "{\"type\":\"event\",\"length\":2}\n{}\n";


static void
test_damage(void)
{
    char       body[sizeof(whole)];
    size_t     i, n, len, left;
    reading_t  r;

    ET_TEST("the sample is three items") {
        read_text(&r, whole);
        et_check_int(r.reason, ET_OK);
        et_check_int(r.count, 3);
        et_check_str(payload(&r, 0), "{\"x\":\n1.5}\n");
        et_check_str(payload(&r, 1), "{\"message\":\"\\u00e9\"}");
        et_check_str(payload(&r, 2), "{}");
        done(&r);
    }

    ET_TEST("an envelope cut at any byte is cut items or an error") {
        for (len = 0; len < sizeof(whole) - 1; len++) {
            read_bytes(&r, whole, len);

            et_check(r.count <= 3);
            et_check(r.reason == ET_OK || r.reason == ET_BAD_ENVELOPE
                     || r.reason == ET_BAD_ITEM
                     || r.reason == ET_ITEM_TRUNCATED);

            /* what is complete is read whatever comes after it */

            if (len > 140) {
                et_check(r.count >= 1);
                et_check_str(payload(&r, 0), "{\"x\":\n1.5}\n");
            }

            done(&r);
        }
    }

    ET_TEST("any byte changed, or several, never leaves the body") {
        for (i = 0; i < 20000; i++) {
            memcpy(body, whole, sizeof(whole));

            for (n = et_random() % 4; n != (size_t) -1; n--) {
                body[et_random() % (sizeof(whole) - 1)] =
                    (et_random() % 2 == 0)
                    ? (char) et_random()
                    : whole[et_random() % (sizeof(whole) - 1)];
            }

            left = et_random() % 8 == 0 ? et_random() % sizeof(whole)
                                          : sizeof(whole) - 1;

            read_bytes(&r, body, left);
            et_check(r.reason == ET_OK || r.reason == ET_BAD_ENVELOPE
                     || r.reason == ET_BAD_ITEM || r.reason == ET_BAD_UTF8
                     || r.reason == ET_ITEM_TRUNCATED
                     || r.reason == ET_ITEM_NO_NEWLINE);
            done(&r);
        }
    }
}


/* Appends a random item to the body, and notes what it must be read as */

static char *
random_item(char *p, et_item_t *item)
{
    int     sized;
    size_t  i;

    item->type = (et_item_type_t) (et_random() % ET_ITEM_TYPE_COUNT);
    item->len = et_random() % 40;
    sized = et_random() % 2;

    p += sprintf(p, "{%s\"type\":\"%s\"",
                 et_random() % 2 ? "" : "\"filename\":\"a\\nb\",",
                 et_item_type_names[item->type]);

    if (sized) {
        p += sprintf(p, ",\"length\":%u", (unsigned) item->len);
    }

    p = stpcpy(p, "}\n");

    item->payload = p;

    for (i = 0; i < item->len; i++) {
        *p = (char) et_random();

        if (!sized && *p == '\n') {
            *p = '\0';
        }

        p++;
    }

    *p++ = '\n';

    for (i = et_random() % 4; i > 2; i--) {
        *p++ = '\n';
    }

    return p;
}


static void
test_random_envelopes(void)
{
    char       body[4096], *p;
    size_t     i, n, count;
    reading_t  r;
    et_item_t  expected[16];

    ET_TEST("whatever items are framed, the same come out") {
        for (i = 0; i < 5000; i++) {
            p = stpcpy(body, "{}\n");
            count = et_random() % 16;

            for (n = 0; n < count; n++) {
                p = random_item(p, &expected[n]);
            }

            if (et_random() % 2) {

                /* the last newline is optional */

                p -= (p[-2] == '\n') ? 0 : 1;
            }

            read_bytes(&r, body, (size_t) (p - body));

            et_check_int(r.reason, ET_OK);
            et_check_int(r.count, count);

            for (n = 0; n < count && n < r.count; n++) {
                et_check_int(r.items[n].type, expected[n].type);
                et_check_int(r.items[n].payload - r.body,
                             expected[n].payload - body);
                et_check_int(r.items[n].len, expected[n].len);
            }

            done(&r);
        }
    }
}


/* Opens the envelope and reads it to its end; the allocations that this
 * takes are those of the arena */

static et_reason_t
walk(et_arena_t *memory, char *body, size_t len)
{
    int             more;
    et_item_t       item;
    et_reason_t     reason;
    et_envelope_t   envelope;

    reason = et_envelope_open(memory, body, len, &envelope);

    for (more = 1; more && reason == ET_OK; /* void */ ) {
        reason = et_envelope_next(memory, &envelope, &item, &more);
    }

    return reason;
}


static void
test_no_memory(void)
{
    int             reached;
    char           *body, *p;
    size_t          i;
    et_arena_t      memory;
    et_reason_t     reason;
    unsigned long   n;

    body = malloc(65536 + sizeof(whole));

    if (body == NULL) {
        return;
    }

    /* enough headers for several chunks of the arena */

    p = stpcpy(body, "{\"dsn\":\"d\",\"sdk\":{\"name\":\"n\"}}\n");

    for (i = 0; i < 1000; i++) {
        p = stpcpy(p, "{\"type\":\"session\",\"length\":2,\"x\":0}\n{}\n");
    }

    ET_TEST("any allocation may fail, and the same envelope is read again") {
        for (n = 1; /* void */ ; n++) {
            et_arena_init(&memory, LIMIT, KEEP);

            et_fail_nth(n);
            reason = walk(&memory, body, (size_t) (p - body));
            reached = et_fail_reached();
            et_fail_nth(0);

            et_check_int(reason, reached ? ET_NO_MEMORY : ET_OK);

            et_arena_reset(&memory);
            et_check_int(walk(&memory, body, (size_t) (p - body)), ET_OK);

            et_arena_destroy(&memory);

            if (!reached) {
                break;
            }
        }

        et_check(n > 2);
    }

    free(body);
}


int
main(void)
{
    et_arena_init(&arena, LIMIT, KEEP);

    test_headers();
    test_items();
    test_types();
    test_bad_items();
    test_hostile();
    test_arena_limit();
    test_damage();
    test_random_envelopes();
    test_no_memory();

    et_arena_destroy(&arena);

    return et_test_done();
}
