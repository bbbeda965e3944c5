/*
 * Rows: what the encoder writes is read back by a small reader of RowBinary,
 * in the order of ET_ROW_COLUMNS, and is held to the bounds that the zone's
 * segments are sized by.
 */

#include "et_grouping.h"
#include "et_row.h"
#include "et_test.h"


#define ET_TEST_ROW      (8 * 1024 * 1024)
#define ET_TEST_MEMORY   (64 * 1024 * 1024)
#define ET_TEST_PROJECT  0x1122334455667788ULL


typedef enum {
    ET_TEST_U8 = 1,
    ET_TEST_U64,
    ET_TEST_UUID,
    ET_TEST_USERS,
    ET_TEST_STRING,
    ET_TEST_STRINGS,
    ET_TEST_MAP
} et_test_kind_t;

/* the types of 002_ingest.sql, by name */
static const struct {
    const char      *name;
    et_test_kind_t   kind;
} et_test_columns[] = {
    { "kind", ET_TEST_U8 },
    { "n", ET_TEST_U64 },
    { "timestamp", ET_TEST_U64 },
    { "first_timestamp", ET_TEST_U64 },
    { "received", ET_TEST_U64 },
    { "project_id", ET_TEST_U64 },
    { "fingerprint", ET_TEST_U64 },
    { "grouping_version", ET_TEST_U8 },
    { "event_id", ET_TEST_UUID },
    { "users", ET_TEST_USERS },
    { "tags", ET_TEST_MAP },
    { "attributes", ET_TEST_MAP },
    { "notes", ET_TEST_STRINGS },
};

#define ET_TEST_COLUMNS  64

typedef struct {
    char        name[32];
    uint64_t    number;            /* of a number, or how many elements */
    et_slice_t  bytes;             /* of a string or UUID; else all of it */
} et_test_value_t;

typedef struct {
    const char       *pos;
    const char       *end;
    int               failed;
    size_t            n;
    et_test_value_t   values[ET_TEST_COLUMNS];
} et_test_row_t;


static char           et_test_out[ET_TEST_ROW];
static char           et_test_json[ET_TEST_ROW];
static et_test_row_t  et_test_row;


static et_slice_t
et_test_take(et_test_row_t *row, size_t n)
{
    et_slice_t  s;

    if ((size_t) (row->end - row->pos) < n) {
        row->failed = 1;
        return et_slice(row->pos, 0);
    }

    s = et_slice(row->pos, n);
    row->pos += n;

    return s;
}


static uint64_t
et_test_number(et_test_row_t *row, size_t n)
{
    size_t      i;
    uint64_t    value;
    et_slice_t  s;

    s = et_test_take(row, n);

    for (value = 0, i = s.len; i > 0; i--) {
        value = value << 8 | (unsigned char) s.data[i - 1];
    }

    return value;
}


static uint64_t
et_test_varint(et_test_row_t *row)
{
    unsigned  shift;
    uint64_t  value, byte;

    for (value = 0, shift = 0; shift < 63; shift += 7) {
        byte = et_test_number(row, 1);
        value |= (byte & 0x7f) << shift;

        if (byte < 0x80) {
            return value;
        }
    }

    row->failed = 1;

    return 0;
}


static et_test_kind_t
et_test_kind(const char *name)
{
    size_t  i;

    for (i = 0; i < sizeof(et_test_columns) / sizeof(et_test_columns[0]); i++) {
        if (strcmp(et_test_columns[i].name, name) == 0) {
            return et_test_columns[i].kind;
        }
    }

    return ET_TEST_STRING;
}


static void
et_test_read_value(et_test_row_t *row, et_test_value_t *value)
{
    uint64_t         i, width;
    const char      *start;
    et_test_kind_t   kind;

    kind = et_test_kind(value->name);

    switch (kind) {

    case ET_TEST_U8:
        value->number = et_test_number(row, 1);
        return;

    case ET_TEST_U64:
        value->number = et_test_number(row, 8);
        return;

    case ET_TEST_UUID:
        value->bytes = et_test_take(row, 16);
        return;

    case ET_TEST_USERS:
        value->number = et_test_varint(row);
        value->bytes = et_test_take(row, value->number * 8);
        return;

    case ET_TEST_STRINGS:
    case ET_TEST_MAP:
        width = kind == ET_TEST_MAP ? 2 : 1;
        value->number = et_test_varint(row);
        start = row->pos;

        for (i = 0; i < width * value->number && !row->failed; i++) {
            (void) et_test_take(row, et_test_varint(row));
        }

        value->bytes = et_slice(start, row->pos - start);
        return;

    default: /* ET_TEST_STRING */
        value->bytes = et_test_take(row, et_test_varint(row));
    }
}


/* Reads size bytes of et_test_out as one row; 1 where it is that exactly. */

static int
et_test_read(size_t size)
{
    size_t       len;
    const char  *name, *comma;

    memset(&et_test_row, 0, sizeof(et_test_row));
    et_test_row.pos = et_test_out;
    et_test_row.end = et_test_out + size;

    for (name = ET_ROW_COLUMNS; name != NULL;
         name = (comma == NULL) ? NULL : comma + 1)
    {
        comma = strchr(name, ',');
        len = (comma == NULL) ? strlen(name) : (size_t) (comma - name);

        memcpy(et_test_row.values[et_test_row.n].name, name, len);
        et_test_read_value(&et_test_row, &et_test_row.values[et_test_row.n++]);
    }

    return !et_test_row.failed && et_test_row.pos == et_test_row.end;
}


static et_test_value_t *
et_test_value(const char *name)
{
    size_t                  i;
    static et_test_value_t  none;

    for (i = 0; i < et_test_row.n; i++) {
        if (strcmp(et_test_row.values[i].name, name) == 0) {
            return &et_test_row.values[i];
        }
    }

    et_check(0 && "no such column");

    return &none;
}


#define et_test_str(name)  et_test_value(name)->bytes
#define et_test_num(name)  et_test_value(name)->number


/* Encodes into et_test_out, where bytes behind the size show a write there. */

static size_t
et_test_encode(const et_event_t *event, int folded)
{
    size_t  size;

    size = folded ? et_row_fold_size(event) : et_row_size(event);

    et_check(size <= ET_TEST_ROW - 64);

    memset(et_test_out, '#', size + 64);

    if (folded) {
        et_row_fold_encode(et_test_out, event, ET_TEST_PROJECT);

    } else {
        et_row_encode(et_test_out, event, ET_TEST_PROJECT);
    }

    et_check(et_test_out[size] == '#' && et_test_out[size + 63] == '#');

    return size;
}


/* An event whose every field is another text. */

static et_event_t
et_test_event(void)
{
    unsigned         i;
    et_event_t       event;
    static et_tag_t    tags[2], attributes[1];
    static et_slice_t  notes[2];

    memset(&event, 0, sizeof(event));

    event.kind = ET_RECORD_EVENT;
    event.n = 1;

    for (i = 0; i < ET_EVENT_ID_LEN; i++) {
        event.id[i] = (unsigned char) (i << 4 | i);
    }

    tags[0].key = et_slice_str("color");
    tags[0].value = et_slice_str("red");
    tags[1].key = et_slice_str("empty");
    tags[1].value = et_slice("", 0);

    event.timestamp = 1700000000123456;
    event.received = 1700000001654321;
    event.grouping_hash = 0x0001020304050607;
    event.user_hash = 0xf1f2f3f4f5f6f7f8;
    event.level = et_slice_str("fatal");
    event.platform = et_slice_str("python");
    event.type = et_slice_str("ValueError");
    event.value = et_slice_str("a value");
    event.message = et_slice_str("a message");
    event.culprit = et_slice_str("a.culprit");
    event.logger = et_slice_str("a.logger");
    event.environment = et_slice_str("production");
    event.release = et_slice_str("app@1.2.3");
    event.dist = et_slice_str("42");
    event.server_name = et_slice_str("host");
    event.transaction = et_slice_str("/checkout");
    event.trace_id = et_slice_str("0123456789abcdef0123456789abcdef");
    event.user_id = et_slice_str("7");
    event.user_email = et_slice_str("a@example.com");
    event.user_name = et_slice_str("anna");
    event.user_ip = et_slice_str("192.0.2.1");
    event.sdk_name = et_slice_str("sentry.python");
    event.sdk_version = et_slice_str("2.0.0");
    event.tags = tags;
    event.ntags = 2;
    attributes[0].key = et_slice_str("chunk");
    attributes[0].value = et_slice_str("3");
    event.attributes = attributes;
    event.nattributes = 1;
    notes[0] = et_slice_str("release: cut");
    notes[1] = et_slice_str("user: dropped");
    event.notes = notes;
    event.nnotes = 2;
    event.grouping = et_slice_str("type: ValueError");
    event.payload = et_slice_str("{\"message\":\"a\\u0000b\"}");

    return event;
}


static void
et_test_check_shared(const et_event_t *event)
{
    et_check_int(et_test_num("kind"), ET_RECORD_EVENT);
    et_check(et_test_num("timestamp") == (uint64_t) event->timestamp);
    et_check(et_test_num("first_timestamp") == (uint64_t) event->timestamp);
    et_check(et_test_num("received") == (uint64_t) event->received);
    et_check(et_test_num("project_id") == ET_TEST_PROJECT);
    et_check(et_test_num("fingerprint") == event->grouping_hash);
    et_check_int(et_test_num("grouping_version"), ET_GROUPING_VERSION);
    et_check_str(et_test_str("level"), "fatal");
    et_check_str(et_test_str("platform"), "python");
    et_check_str(et_test_str("type"), "ValueError");
    et_check_str(et_test_str("value"), "a value");
    et_check_str(et_test_str("message"), "a message");
    et_check_str(et_test_str("culprit"), "a.culprit");
    et_check_str(et_test_str("logger"), "a.logger");
    et_check_str(et_test_str("environment"), "production");
    et_check_str(et_test_str("release"), "app@1.2.3");
    et_check_str(et_test_str("sdk_name"), "sentry.python");
    et_check_str(et_test_str("sdk_version"), "2.0.0");
}


/* JSON with every field longer than its limit, in characters of n bytes. */

static size_t
et_test_oversized(const char *unit)
{
    int                 i, k;
    char               *p;
    static const char  *names[] = {
        "release", "environment", "dist", "transaction", "culprit", "message",
        "server_name", "logger", "checksum", "platform"
    };

    p = et_test_json;

#define ET_TEST_REPEAT(count)                                                 \
    for (k = 0; k < (count); k++) {                                           \
        p = stpcpy(p, unit);                                                  \
    }

    p += sprintf(p, "{\"level\":\"fatal\"");

    for (i = 0; i < 10; i++) {
        p += sprintf(p, ",\"%s\":\"", names[i]);
        ET_TEST_REPEAT(10000);
        p += sprintf(p, "\"");
    }

    p += sprintf(p, ",\"sdk\":{\"name\":\"");
    ET_TEST_REPEAT(1000);
    p += sprintf(p, "\",\"version\":\"");
    ET_TEST_REPEAT(1000);
    p += sprintf(p, "\"},\"user\":{\"ip_address\":"
                 "\"1111:1111:1111:1111:1111:1111:111.111.111.111\"");

    for (i = 0; i < 3; i++) {
        p += sprintf(p, ",\"%s\":\"", i == 0 ? "id"
                                      : i == 1 ? "email" : "username");
        ET_TEST_REPEAT(1000);
        p += sprintf(p, "\"");
    }

    p += sprintf(p, "},\"contexts\":{\"trace\":{\"trace_id\":"
                 "\"0123456789abcdef0123456789abcdef\"}},"
                 "\"exception\":{\"values\":[{\"type\":\"");
    ET_TEST_REPEAT(1000);
    p += sprintf(p, "\",\"module\":\"");
    ET_TEST_REPEAT(9000);
    p += sprintf(p, "\",\"value\":\"");
    ET_TEST_REPEAT(9000);
    p += sprintf(p, "\",\"stacktrace\":{\"frames\":[{\"in_app\":true,"
                 "\"module\":\"");
    ET_TEST_REPEAT(9000);
    p += sprintf(p, "\",\"function\":\"");
    ET_TEST_REPEAT(9000);
    p += sprintf(p, "\"}]}}]},\"tags\":{");

    for (i = 0; i < 300; i++) {
        p += sprintf(p, "%s\"%d", i == 0 ? "" : ",", i);
        ET_TEST_REPEAT(250);
        p += sprintf(p, "\":\"");
        ET_TEST_REPEAT(250);
        p += sprintf(p, "\"");
    }

    p += sprintf(p, "}}");

#undef ET_TEST_REPEAT

    return p - et_test_json;
}


int
main(void)
{
    size_t              i, k, len, size;
    et_event_t          event, other;
    et_arena_t          arena;
    et_hasher_t         hasher;
    et_event_source_t   source;

    static char               text[20000];
    static const size_t       lengths[] = { 0, 1, 127, 128, 16383, 16384 };
    static const char *const  units[] = { "x", "\xc3\xa9", "\xe2\x82\xac",
                                          "\xf0\x9f\x98\x80", "\\u0001",
                                          "\\ud83d\\ude00", "%", "0" };
    static const char *const  private[] = {
        "dist", "server_name", "transaction", "trace_id", "user_id",
        "user_email", "user_name", "user_ip", "grouping", "payload"
    };

    ET_TEST("every column is read back, in the order of ET_ROW_COLUMNS") {
        event = et_test_event();
        size = et_test_encode(&event, 0);

        et_check(et_test_read(size));
        et_test_check_shared(&event);

        et_check_int(et_test_num("n"), 1);
        et_check_int(et_test_num("users"), 1);
        et_check(memcmp(et_test_str("users").data,
                        "\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1", 8) == 0);
        et_check_str(et_test_str("dist"), "42");
        et_check_str(et_test_str("server_name"), "host");
        et_check_str(et_test_str("transaction"), "/checkout");
        et_check_str(et_test_str("trace_id"),
                     "0123456789abcdef0123456789abcdef");
        et_check_str(et_test_str("user_id"), "7");
        et_check_str(et_test_str("user_email"), "a@example.com");
        et_check_str(et_test_str("user_name"), "anna");
        et_check_str(et_test_str("user_ip"), "192.0.2.1");
        et_check_int(et_test_num("tags"), 2);
        et_check_int(et_test_str("tags").len, 17);
        et_check(memcmp(et_test_str("tags").data,
                        "\5color\3red\5empty\0", 17) == 0);
        et_check_int(et_test_num("attributes"), 1);
        et_check(memcmp(et_test_str("attributes").data, "\5chunk\0013", 8)
                 == 0);
        et_check_int(et_test_num("notes"), 2);
        et_check(memcmp(et_test_str("notes").data,
                        "\14release: cut\15user: dropped", 27) == 0);
        et_check_str(et_test_str("grouping"), "type: ValueError");
        et_check_str(et_test_str("payload"), "{\"message\":\"a\\u0000b\"}");
    }

    ET_TEST("a UUID is its two halves, the bytes of each turned round") {
        event = et_test_event();
        size = et_test_encode(&event, 0);

        et_check(et_test_read(size));
        et_check(memcmp(et_test_str("event_id").data,
                        "\x77\x66\x55\x44\x33\x22\x11\x00"
                        "\xff\xee\xdd\xcc\xbb\xaa\x99\x88", 16) == 0);
    }

    ET_TEST("an event without a user has an empty array of users") {
        event = et_test_event();
        event.user_hash = 0;
        size = et_row_size(&event);
        event.user_hash = 1;

        et_check_int(et_row_size(&event) - size, 8);

        event.user_hash = 0;
        et_check(et_test_read(et_test_encode(&event, 0)));
        et_check_int(et_test_num("users"), 0);
        et_check_str(et_test_str("level"), "fatal");
    }

    ET_TEST("an event with nothing in it is a row of empty columns") {
        memset(&event, 0, sizeof(event));

        et_check(et_test_read(et_test_encode(&event, 0)));
        et_check_int(et_test_num("tags"), 0);
        et_check_int(et_test_str("payload").len, 0);

        et_check(et_test_read(et_test_encode(&event, 1)));
    }

    ET_TEST("a time before 1970 keeps its sign") {
        event = et_test_event();
        event.timestamp = -1;

        et_check(et_test_read(et_test_encode(&event, 0)));
        et_check((int64_t) et_test_num("timestamp") == -1);
    }

    ET_TEST("the size is exact at each step of a length's encoding") {
        memset(text, 'p', sizeof(text));

        for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            event = et_test_event();
            event.payload = et_slice(text, lengths[i]);
            event.message = et_slice(text, lengths[i]);

            et_check(et_test_read(et_test_encode(&event, 0)));
            et_check_int(et_test_str("payload").len, lengths[i]);
            et_check_int(et_test_str("message").len, lengths[i]);
        }
    }

    ET_TEST("bytes of a string are kept, NUL and high ones included") {
        event = et_test_event();
        event.message = et_slice("a\0\xff\x80", 4);

        et_check(et_test_read(et_test_encode(&event, 0)));
        et_check_int(et_test_str("message").len, 4);
        et_check(memcmp(et_test_str("message").data, "a\0\xff\x80", 4) == 0);
    }

    ET_TEST("a folded row has what its occurrences share, and nothing else") {
        event = et_test_event();

        et_check(et_test_read(et_test_encode(&event, 1)));
        et_test_check_shared(&event);

        et_check_int(et_test_num("n"), 0);
        et_check_int(et_test_num("tags"), 0);
        et_check_int(et_test_num("attributes"), 0);
        et_check_int(et_test_num("notes"), 0);
        et_check_int(et_test_num("users"), ET_ROW_FOLD_USERS);

        for (i = 0; i < et_test_str("users").len; i++) {
            et_check_int(et_test_str("users").data[i], 0);
        }

        for (i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
            et_check_str(et_test_str(private[i]), "");
        }
    }

    ET_TEST("what a folded row counts lies at the places of the header") {
        event = et_test_event();
        (void) et_test_encode(&event, 1);

        memcpy(et_test_out + ET_ROW_N, "\1\0\0\0\0\0\0\0", 8);
        memcpy(et_test_out + ET_ROW_LAST, "\2\0\0\0\0\0\0\0", 8);
        memcpy(et_test_out + ET_ROW_FIRST, "\3\0\0\0\0\0\0\0", 8);
        memcpy(et_test_out + ET_ROW_USERS, "\4\0\0\0\0\0\0\0", 8);

        et_check(et_test_read(et_row_fold_size(&event)));
        et_check_int(et_test_num("n"), 1);
        et_check_int(et_test_num("timestamp"), 2);
        et_check_int(et_test_num("first_timestamp"), 3);
        et_check_int(et_test_str("users").data[0], 4);
        et_check(et_test_str("users").data == et_test_out + ET_ROW_USERS);
        et_check(et_test_out[ET_ROW_HEAD] == ET_ROW_FOLD_USERS);
    }

    ET_TEST("a folded row's texts are cut, never inside a character") {
        for (i = 0; i < sizeof(text) / 2; i++) {
            memcpy(text + 2 * i, "\xc3\xa9", 2);
        }

        event = et_test_event();
        event.value = et_slice(text, 4000);
        event.type = et_slice(text, ET_ROW_FOLD_TEXT);
        event.message = et_slice(text + 1, 4001);      /* out of step */

        et_check(et_test_read(et_test_encode(&event, 1)));
        et_check_int(et_test_str("value").len, ET_ROW_FOLD_TEXT);
        et_check_int(et_test_str("type").len, ET_ROW_FOLD_TEXT);
        et_check_int(et_test_str("message").len, ET_ROW_FOLD_TEXT - 1);
    }

    et_check(et_hasher_init(&hasher));
    et_arena_init(&arena, ET_TEST_MEMORY, 0);

    ET_TEST("no event that is read gets longer than its JSON and the overhead")
    {
        for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            len = et_test_oversized(units[i]);

            memset(&source, 0, sizeof(source));
            source.received = 1700000000 * ET_SECOND;
            source.sdk_name = et_slice(et_test_json, 1000);
            source.sdk_version = source.sdk_name;

            et_check_int(et_event_parse(&arena, et_test_json, len, &source,
                                        &event), ET_OK);
            et_check_int(et_group(&arena, &hasher, &event), ET_OK);
            et_check_int(event.ntags, ET_MAX_TAGS);

            et_check(et_row_size(&event) <= len + ET_ROW_OVERHEAD);
            et_check(et_row_fold_size(&event) <= ET_ROW_FOLD_MAX);

            /* the fields were at their limits, so that this says something */

            et_check(et_row_size(&event) - event.payload.len > 96 * 1024
                     || event.value.len < ET_MAX_VALUE - 8);
            et_check(et_test_read(et_test_encode(&event, 0)));
            et_check(et_test_read(et_test_encode(&event, 1)));

            et_arena_reset(&arena);
        }
    }

    ET_TEST("every field at its limit at once stays within both bounds") {
        static et_tag_t    tags[ET_MAX_TAGS];
        static et_slice_t  notes[ET_MAX_NOTES];

        memset(text, 'z', sizeof(text));

        for (k = 0; k < ET_MAX_TAGS; k++) {
            tags[k].key = et_slice(text, ET_MAX_TAG_KEY);
            tags[k].value = et_slice(text, ET_MAX_TAG_VALUE);
        }

        other = et_test_event();
        other.tags = tags;
        other.ntags = ET_MAX_TAGS;

        for (k = 0; k < ET_MAX_NOTES; k++) {
            notes[k] = et_slice(text, ET_MAX_NOTE);
        }

        other.notes = notes;
        other.nnotes = ET_MAX_NOTES;
        other.level = et_slice_str("warning");
        other.platform = et_slice(text, ET_MAX_PLATFORM);
        other.type = et_slice(text, ET_MAX_TYPE);
        other.value = et_slice(text, ET_MAX_VALUE);
        other.message = et_slice(text, ET_MAX_MESSAGE);
        other.culprit = et_slice(text, ET_MAX_CULPRIT);
        other.logger = et_slice(text, ET_MAX_LOGGER);
        other.environment = et_slice(text, ET_MAX_ENVIRONMENT);
        other.release = et_slice(text, ET_MAX_RELEASE);
        other.dist = et_slice(text, ET_MAX_DIST);
        other.server_name = et_slice(text, ET_MAX_SERVER_NAME);
        other.transaction = et_slice(text, ET_MAX_TRANSACTION);
        other.user_id = et_slice(text, ET_MAX_USER);
        other.user_email = other.user_id;
        other.user_name = other.user_id;
        other.user_ip = et_slice(text, 45);
        other.sdk_name = et_slice(text, ET_MAX_SDK);
        other.sdk_version = other.sdk_name;
        other.grouping = et_slice(text, ET_MAX_GROUPING);
        other.payload = et_slice("", 0);

        et_check(et_row_size(&other) + 10 <= ET_ROW_OVERHEAD);
        et_check(et_row_fold_size(&other) <= ET_ROW_FOLD_MAX);
    }

    et_arena_destroy(&arena);
    et_hasher_destroy(&hasher);

    return et_test_done();
}
