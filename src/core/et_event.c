/*
 * An event's object and its plain fields.  What needs more than a line is
 * read in et_event_exception.c, et_event_message.c, et_event_tags.c and
 * et_event_user.c.
 *
 * The members of the object are walked once and their names looked up in a
 * sorted table, so that an event costs its members, not its members times
 * the fields wanted.
 */

#include "et_event_internal.h"


/*
 * The legacy names have slots of their own, behind the others and in the
 * order of the first fields, which they stand in for.
 */

enum {
    ET_FIELD_EXCEPTION = 0,
    ET_FIELD_STACKTRACE,
    ET_FIELD_THREADS,
    ET_FIELD_LOGENTRY,
    ET_FIELD_USER,
    ET_FIELD_CONTEXTS,
    ET_FIELD_REQUEST,

    ET_FIELD_CHECKSUM,
    ET_FIELD_CULPRIT,
    ET_FIELD_DIST,
    ET_FIELD_ENVIRONMENT,
    ET_FIELD_EVENT_ID,
    ET_FIELD_FINGERPRINT,
    ET_FIELD_LEVEL,
    ET_FIELD_LOGGER,
    ET_FIELD_MESSAGE,
    ET_FIELD_PLATFORM,
    ET_FIELD_RELEASE,
    ET_FIELD_SDK,
    ET_FIELD_SERVER_NAME,
    ET_FIELD_TAGS,
    ET_FIELD_TIMESTAMP,
    ET_FIELD_TRANSACTION,

    ET_FIELD_LEGACY,
    ET_FIELD_MAX = ET_FIELD_LEGACY + ET_FIELD_REQUEST + 1
};

#define ET_LEGACY(field)  (ET_FIELD_LEGACY + (field))


static char *et_event_trim(char *text, size_t *len);
static void et_event_pick_fields(const cJSON *root, const cJSON **field);
static int et_event_name_cmp(const char *name, size_t len,
    const et_event_name_t *entry);
static et_reason_t et_event_read_id(et_arena_t *arena, et_event_t *event,
    const cJSON *item, const et_event_source_t *source);
static void et_event_read_fields(et_arena_t *arena, et_event_t *event,
    const cJSON **field, const et_event_source_t *source);
static void et_event_read_time(et_arena_t *arena, et_event_t *event,
    const cJSON *item, const et_event_source_t *source);
static et_slice_t et_event_level(et_arena_t *arena, et_event_t *event,
    const cJSON *item);
static et_slice_t et_event_platform(et_arena_t *arena, et_event_t *event,
    const cJSON *item);
static et_slice_t et_event_read_trace(et_arena_t *arena, et_event_t *event);
static void et_event_read_names(et_arena_t *arena, et_event_t *event,
    const cJSON **field);
static void et_event_read_sdk(et_arena_t *arena, et_event_t *event,
    const cJSON *sdk, const et_event_source_t *source);


static const et_event_name_t  et_event_fields[] = {
    ET_EVENT_NAME("sdk", ET_FIELD_SDK),
    ET_EVENT_NAME("dist", ET_FIELD_DIST),
    ET_EVENT_NAME("tags", ET_FIELD_TAGS),
    ET_EVENT_NAME("user", ET_FIELD_USER),
    ET_EVENT_NAME("level", ET_FIELD_LEVEL),
    ET_EVENT_NAME("logger", ET_FIELD_LOGGER),
    ET_EVENT_NAME("culprit", ET_FIELD_CULPRIT),
    ET_EVENT_NAME("message", ET_FIELD_MESSAGE),
    ET_EVENT_NAME("release", ET_FIELD_RELEASE),
    ET_EVENT_NAME("request", ET_FIELD_REQUEST),
    ET_EVENT_NAME("threads", ET_FIELD_THREADS),
    ET_EVENT_NAME("checksum", ET_FIELD_CHECKSUM),
    ET_EVENT_NAME("contexts", ET_FIELD_CONTEXTS),
    ET_EVENT_NAME("event_id", ET_FIELD_EVENT_ID),
    ET_EVENT_NAME("logentry", ET_FIELD_LOGENTRY),
    ET_EVENT_NAME("platform", ET_FIELD_PLATFORM),
    ET_EVENT_NAME("exception", ET_FIELD_EXCEPTION),
    ET_EVENT_NAME("timestamp", ET_FIELD_TIMESTAMP),
    ET_EVENT_NAME("stacktrace", ET_FIELD_STACKTRACE),
    ET_EVENT_NAME("environment", ET_FIELD_ENVIRONMENT),
    ET_EVENT_NAME("fingerprint", ET_FIELD_FINGERPRINT),
    ET_EVENT_NAME("server_name", ET_FIELD_SERVER_NAME),
    ET_EVENT_NAME("transaction", ET_FIELD_TRANSACTION),
    ET_EVENT_NAME("sentry.interfaces.Http", ET_LEGACY(ET_FIELD_REQUEST)),
    ET_EVENT_NAME("sentry.interfaces.User", ET_LEGACY(ET_FIELD_USER)),
    ET_EVENT_NAME("sentry.interfaces.Message", ET_LEGACY(ET_FIELD_LOGENTRY)),
    ET_EVENT_NAME("sentry.interfaces.Threads", ET_LEGACY(ET_FIELD_THREADS)),
    ET_EVENT_NAME("sentry.interfaces.Contexts", ET_LEGACY(ET_FIELD_CONTEXTS)),
    ET_EVENT_NAME("sentry.interfaces.Exception",
                  ET_LEGACY(ET_FIELD_EXCEPTION)),
    ET_EVENT_NAME("sentry.interfaces.Stacktrace",
                  ET_LEGACY(ET_FIELD_STACKTRACE)),
};

_Static_assert(ET_EVENT_NAMES(et_event_fields) == ET_FIELD_MAX,
               "a name for each slot, a slot for each name");


/* names of Sentry's protocol, its legacy ones, and Python's numbers */

static const struct {
    et_slice_t  name;
    et_slice_t  level;
} et_event_levels[] = {
    { ET_SLICE("error"), ET_SLICE("error") },
    { ET_SLICE("warning"), ET_SLICE("warning") },
    { ET_SLICE("info"), ET_SLICE("info") },
    { ET_SLICE("fatal"), ET_SLICE("fatal") },
    { ET_SLICE("debug"), ET_SLICE("debug") },
    { ET_SLICE("log"), ET_SLICE("info") },
    { ET_SLICE("warn"), ET_SLICE("warning") },
    { ET_SLICE("critical"), ET_SLICE("fatal") },
    { ET_SLICE("10"), ET_SLICE("debug") },
    { ET_SLICE("20"), ET_SLICE("info") },
    { ET_SLICE("30"), ET_SLICE("warning") },
    { ET_SLICE("40"), ET_SLICE("error") },
    { ET_SLICE("50"), ET_SLICE("fatal") },
};


static const et_slice_t  et_event_platforms[] = {
    ET_SLICE("javascript"), ET_SLICE("python"), ET_SLICE("node"),
    ET_SLICE("php"), ET_SLICE("java"), ET_SLICE("ruby"), ET_SLICE("go"),
    ET_SLICE("csharp"), ET_SLICE("cocoa"), ET_SLICE("native"),
    ET_SLICE("objc"), ET_SLICE("other"), ET_SLICE("elixir"),
    ET_SLICE("swift"), ET_SLICE("dart"), ET_SLICE("rust"), ET_SLICE("perl"),
    ET_SLICE("haskell"), ET_SLICE("groovy"), ET_SLICE("c"), ET_SLICE("as3"),
    ET_SLICE("cfml"),
};


et_reason_t
et_event_parse(et_arena_t *arena, char *payload, size_t len,
    const et_event_source_t *source, et_event_t *event)
{
    cJSON        *root;
    et_reason_t   rc;
    const cJSON  *field[ET_FIELD_MAX];

    memset(event, 0, sizeof(et_event_t));

    event->kind = ET_RECORD_EVENT;
    event->n = 1;

    payload = et_event_trim(payload, &len);
    event->payload = et_slice(payload, len);

    rc = et_json_parse(arena, payload, len, &root);
    if (rc != ET_OK) {
        return rc;
    }

    if (!cJSON_IsObject(root)) {
        return ET_BAD_JSON;
    }

    et_event_pick_fields(root, field);

    rc = et_event_read_id(arena, event, field[ET_FIELD_EVENT_ID], source);
    if (rc != ET_OK) {
        return rc;
    }

    et_event_read_fields(arena, event, field, source);
    et_event_keep_payload(arena, event, root, payload, len, source->drift);

    return arena->state == ET_ARENA_FINE ? ET_OK : et_json_no_room(arena);
}


static char *
et_event_trim(char *text, size_t *len)
{
    char              *end;
    static const char  blank[] = " \t\r\n";

    end = text + *len;

    /* a byte order mark is no JSON, and readers of the row would refuse it */

    if (*len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
    }

    while (text < end && memchr(blank, *text, sizeof(blank) - 1) != NULL) {
        text++;
    }

    while (text < end && memchr(blank, end[-1], sizeof(blank) - 1) != NULL) {
        end--;
    }

    *len = end - text;

    return text;
}


static void
et_event_pick_fields(const cJSON *root, const cJSON **field)
{
    size_t  i;

    et_event_pick(root, et_event_fields, ET_EVENT_NAMES(et_event_fields),
                  field);

    for (i = 0; ET_LEGACY(i) < ET_FIELD_MAX; i++) {
        if (field[i] == NULL) {
            field[i] = field[ET_LEGACY(i)];
        }
    }
}


void
et_event_pick(const cJSON *obj, const et_event_name_t *names, size_t n,
    const cJSON **slots)
{
    int           rc;
    size_t        len, low, high, middle;
    const cJSON  *item;

    memset(slots, 0, n * sizeof(slots[0]));

    if (!cJSON_IsObject(obj)) {
        return;
    }

    for (item = obj->child; item != NULL; item = item->next) {

        if (cJSON_IsNull(item)) {
            continue;
        }

        len = strlen(item->string);
        low = 0;
        high = n;

        while (low < high) {
            middle = (low + high) / 2;

            rc = et_event_name_cmp(item->string, len, &names[middle]);

            if (rc == 0) {
                if (slots[names[middle].slot] == NULL) {
                    slots[names[middle].slot] = item;
                }

                break;
            }

            if (rc < 0) {
                high = middle;

            } else {
                low = middle + 1;
            }
        }
    }
}


static int
et_event_name_cmp(const char *name, size_t len, const et_event_name_t *entry)
{
    if (len != entry->name.len) {
        return len < entry->name.len ? -1 : 1;
    }

    return memcmp(name, entry->name.data, len);
}


static et_reason_t
et_event_read_id(et_arena_t *arena, et_event_t *event, const cJSON *item,
    const et_event_source_t *source)
{
    et_slice_t  text;

    if (et_event_id_parse(source->event_id, event->id)) {
        return ET_OK;
    }

    text = et_json_str(item);

    if (et_event_id_parse(text, event->id)) {
        return ET_OK;
    }

    /* an empty one is none */

    if (item != NULL && (text.data == NULL || text.len != 0)) {
        if (source->strict_id) {
            return ET_BAD_EVENT_ID;
        }

        et_event_note(arena, event, "event_id: malformed, a new one made");
    }

    return et_event_id_make(event->id) ? ET_OK : ET_NO_MEMORY;
}


static void
et_event_read_fields(et_arena_t *arena, et_event_t *event,
    const cJSON **field, const et_event_source_t *source)
{
    et_event_read_time(arena, event, field[ET_FIELD_TIMESTAMP], source);

    event->level = et_event_level(arena, event, field[ET_FIELD_LEVEL]);
    event->platform = et_event_platform(arena, event,
                                        field[ET_FIELD_PLATFORM]);
    event->contexts = field[ET_FIELD_CONTEXTS];
    event->request = field[ET_FIELD_REQUEST];
    event->trace_id = et_event_read_trace(arena, event);

    et_event_read_names(arena, event, field);
    et_event_read_tags(arena, event, field[ET_FIELD_TAGS]);
    et_event_read_sdk(arena, event, field[ET_FIELD_SDK], source);
    et_event_read_user(arena, event, field[ET_FIELD_USER],
                       field[ET_FIELD_REQUEST], field[ET_FIELD_SDK],
                       source->client_ip);
    et_event_read_message(arena, event, field[ET_FIELD_LOGENTRY],
                          field[ET_FIELD_MESSAGE]);
    et_event_read_exceptions(arena, event, field[ET_FIELD_EXCEPTION],
                             field[ET_FIELD_STACKTRACE],
                             field[ET_FIELD_THREADS]);

    if (cJSON_IsObject(field[ET_FIELD_FINGERPRINT])) {
        et_event_note(arena, event, "fingerprint: an object, dropped");

    } else {
        event->fingerprint = field[ET_FIELD_FINGERPRINT];
    }

    event->grouping = et_slice("", 0);
}


static void
et_event_read_time(et_arena_t *arena, et_event_t *event, const cJSON *item,
    const et_event_source_t *source)
{
    int64_t      us;
    const char  *why;

    event->received = source->received;
    event->timestamp = source->received;

    if (item == NULL) {
        return;
    }

    if (!et_event_time(item, &us)) {
        why = "no time";

    } else {
        us += source->drift;

        if (us > source->received + ET_MAX_FUTURE) {
            why = "in the future";

        } else if (us < source->received - ET_MAX_AGE) {
            why = "over 30 days old";

        } else {
            event->timestamp = us;

            if (source->drift != 0) {
                et_event_note(arena, event, "timestamp: %+lld s, as the "
                              "sender's clock is wrong",
                              (long long) (source->drift / ET_SECOND));
            }

            return;
        }
    }

    et_event_note(arena, event, "timestamp: %s, the time received taken", why);
}


int
et_event_time(const cJSON *item, int64_t *us)
{
    if (cJSON_IsString(item)) {
        return et_time_parse(et_json_str(item), us);
    }

    if (cJSON_IsNumber(item)) {
        return et_time_from_seconds(item->valuedouble, us);
    }

    return 0;
}


int64_t
et_event_timestamp(const cJSON *item, int64_t drift, int64_t received,
    int64_t otherwise)
{
    int64_t  us;

    if (!et_event_time(item, &us)) {
        return otherwise;
    }

    us += drift;

    return us > received + ET_MAX_FUTURE || us < received - ET_MAX_AGE
           ? otherwise : us;
}


int64_t
et_event_drift(et_slice_t sent_at, int64_t received)
{
    int64_t  us;

    if (!et_time_parse(sent_at, &us)) {
        return 0;
    }

    us = received - us;

    return (us >= ET_MIN_DRIFT || us <= -ET_MIN_DRIFT) ? us : 0;
}


static et_slice_t
et_event_level(et_arena_t *arena, et_event_t *event, const cJSON *item)
{
    size_t      i;
    et_slice_t  text;

    text = et_event_read_text(arena, event, item, "level", SIZE_MAX);

    for (i = 0; i < ET_EVENT_NAMES(et_event_levels); i++) {
        if (et_slice_eq_nocase(text, et_event_levels[i].name)) {
            return et_event_levels[i].level;
        }
    }

    if (text.len != 0) {
        et_event_note(arena, event, "level: unknown, error taken");
    }

    return et_slice_str("error");
}


static et_slice_t
et_event_platform(et_arena_t *arena, et_event_t *event, const cJSON *item)
{
    size_t      i;
    et_slice_t  text;

    et_event_expect(arena, event, item, "platform",
                    cJSON_String | cJSON_NULL);

    text = et_json_str(item);

    if (text.len == 0) {
        return et_slice_str("other");
    }

    for (i = 0; i < ET_EVENT_NAMES(et_event_platforms); i++) {
        if (et_slice_eq_nocase(text, et_event_platforms[i])) {
            return et_event_platforms[i];
        }
    }

    return et_event_read_cut(arena, event, text, "platform", ET_MAX_PLATFORM);
}


static et_slice_t
et_event_read_trace(et_arena_t *arena, et_event_t *event)
{
    et_slice_t    id;
    const cJSON  *item;

    et_event_expect(arena, event, event->contexts, "contexts", cJSON_Object);

    item = et_json_get(et_json_get(event->contexts, "trace"), "trace_id");

    if (item == NULL || cJSON_IsNull(item)) {
        return et_slice("", 0);
    }

    id = et_event_trace_id(arena, item);

    if (id.len == 0) {
        et_event_note(arena, event,
                      "contexts.trace.trace_id: malformed, dropped");
    }

    return id;
}


et_slice_t
et_event_trace_id(et_arena_t *arena, const cJSON *item)
{
    char           *out;
    et_slice_t      text;
    unsigned char   id[ET_EVENT_ID_LEN];

    text = et_json_str(item);

    /* the same 16 bytes and the same two spellings as an event's id */

    if (text.data == NULL || !et_event_id_parse(text, id)) {
        return et_slice("", 0);
    }

    out = et_arena_alloc(arena, 32);
    if (out == NULL) {
        return et_slice("", 0);
    }

    et_event_id_print(id, out);

    return et_slice(out, 32);
}


static void
et_event_read_names(et_arena_t *arena, et_event_t *event, const cJSON **field)
{
    event->logger = et_event_read_text(arena, event, field[ET_FIELD_LOGGER],
                                       "logger", ET_MAX_LOGGER);
    event->environment = et_event_read_text(arena, event,
                                            field[ET_FIELD_ENVIRONMENT],
                                            "environment", ET_MAX_ENVIRONMENT);
    event->release = et_event_read_text(arena, event, field[ET_FIELD_RELEASE],
                                        "release", ET_MAX_RELEASE);
    event->dist = et_event_read_text(arena, event, field[ET_FIELD_DIST], "dist",
                                     ET_MAX_DIST);
    event->server_name = et_event_read_text(arena, event,
                                            field[ET_FIELD_SERVER_NAME],
                                            "server_name", ET_MAX_SERVER_NAME);
    event->transaction = et_event_read_text(arena, event,
                                            field[ET_FIELD_TRANSACTION],
                                            "transaction", ET_MAX_TRANSACTION);
    event->culprit = et_event_read_text(arena, event, field[ET_FIELD_CULPRIT],
                                        "culprit", ET_MAX_CULPRIT);

    /* a checksum is hashed, not kept, so its length does not matter */
    event->checksum = et_event_read_text(arena, event, field[ET_FIELD_CHECKSUM],
                                         "checksum", SIZE_MAX);

    if (event->culprit.len == 0) {
        event->culprit = event->transaction;
    }
}


static void
et_event_read_sdk(et_arena_t *arena, et_event_t *event, const cJSON *sdk,
    const et_event_source_t *source)
{
    et_event_expect(arena, event, sdk, "sdk", cJSON_Object);

    event->sdk_name = et_event_read_text(arena, event, et_json_get(sdk, "name"),
                                         "sdk.name", ET_MAX_SDK);
    event->sdk_version = et_event_read_text(arena, event,
                                            et_json_get(sdk, "version"),
                                            "sdk.version", ET_MAX_SDK);

    /* name and version go together: never the name of one SDK and the
     * version of another */

    if (event->sdk_name.len != 0 || source->sdk_name.len == 0) {
        return;
    }

    event->sdk_name = et_event_read_cut(arena, event, source->sdk_name,
                                        "sdk.name", ET_MAX_SDK);
    event->sdk_version = et_slice("", 0);

    if (source->sdk_version.len != 0) {
        event->sdk_version = et_event_read_cut(arena, event,
                                               source->sdk_version,
                                               "sdk.version", ET_MAX_SDK);
    }
}
