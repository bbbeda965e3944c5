/*
 * An event as Sentry's web API shows it.
 */

#include <stdlib.h>

#include "et_json.h"
#include "et_out.h"
#include "et_sentry.h"
#include "et_sentry_entries.h"
#include "et_sentry_event.h"
#include "et_sentry_issues.h"


/* characters; what is longer is shown in metadata.value */
#define ET_SENTRY_TITLE  255

/* tags that an event's columns are shown as, besides its own */
#define ET_SENTRY_TAGS   10


typedef struct {
    et_slice_t  key;
    et_slice_t  value;
} et_sentry_tag_t;


static void et_sentry_event_ids(cJSON *object, const et_event_row_t *event);
static void et_sentry_event_texts(cJSON *object, et_arena_t *arena,
    const et_event_row_t *event, const et_sentry_where_t *place);
static const char *et_sentry_type(const et_event_row_t *event,
    const cJSON *payload);
static cJSON *et_sentry_event_user(const et_event_row_t *event,
    cJSON *payload);
static void et_sentry_user_member(cJSON *user, const char *name,
    et_slice_t value, cJSON *from);
static cJSON *et_sentry_event_tags(et_arena_t *arena,
    const et_event_row_t *event);
static int et_sentry_tag_cmp(const void *one, const void *other);
static et_slice_t et_sentry_user_tag(et_arena_t *arena,
    const et_event_row_t *event);
static cJSON *et_sentry_contexts(cJSON *payload);
static cJSON *et_sentry_object(cJSON *payload, const char *member);
static cJSON *et_sentry_notes(const et_event_row_t *event);
static cJSON *et_sentry_sdk(const et_event_row_t *event);
static void et_sentry_or_null(cJSON *object, const char *name,
    et_slice_t value);


cJSON *
et_sentry_event(et_arena_t *arena, const et_event_row_t *event,
    const et_sentry_beside_t *beside)
{
    cJSON              *object, *payload, *prints;
    et_slice_t          text;
    et_sentry_where_t   place;

    object = cJSON_CreateObject();

    /* the parser mends its text in place */

    text = et_arena_copy(arena, event->payload);

    if (text.data == NULL
        || et_json_parse(arena, (char *) text.data, text.len, &payload)
           != ET_OK
        || !cJSON_IsObject(payload))
    {
        payload = cJSON_CreateObject();
    }

    et_sentry_where(payload, &place);

    et_sentry_event_ids(object, event);
    et_sentry_event_texts(object, arena, event, &place);
    et_out_text(object, "type", et_sentry_type(event, payload));

    et_out_item(object, "entries",
                et_sentry_entries(arena, payload, event->message));
    et_out_item(object, "tags", et_sentry_event_tags(arena, event));
    et_out_item(object, "user", et_sentry_event_user(event, payload));
    et_out_item(object, "contexts", et_sentry_contexts(payload));
    et_out_item(object, "context", et_sentry_object(payload, "extra"));
    et_out_item(object, "packages", et_sentry_object(payload, "modules"));
    et_out_item(object, "sdk", et_sentry_sdk(event));
    et_out_release(object, "release", event->release);
    et_sentry_or_null(object, "dist", event->dist);
    et_out_u64(object, "size", event->payload.len);
    et_out_item(object, "errors", et_sentry_notes(event));

    prints = et_out_array(object, "fingerprints");
    cJSON_AddItemToArray(prints, cJSON_Duplicate(et_json_get(object,
                                                             "groupID"), 0));

    et_out_null(object, "userReport");
    et_out_null(object, "occurrence");
    et_out_object(object, "_meta");

    if (beside != NULL) {
        et_sentry_or_null(object, "nextEventID", beside->next);
        et_sentry_or_null(object, "previousEventID", beside->previous);
    }

    return object;
}


cJSON *
et_sentry_event_item(et_arena_t *arena, const et_event_row_t *event)
{
    cJSON              *object;
    et_sentry_where_t   nowhere;

    memset(&nowhere, 0, sizeof(nowhere));

    object = cJSON_CreateObject();

    et_sentry_event_ids(object, event);
    et_sentry_event_texts(object, arena, event, &nowhere);
    et_out_text(object, "event.type", et_sentry_type(event, NULL));
    et_out_item(object, "tags", et_sentry_event_tags(arena, event));
    et_out_item(object, "user", et_sentry_event_user(event, NULL));

    return object;
}


static void
et_sentry_event_ids(cJSON *object, const et_event_row_t *event)
{
    et_out_str(object, "id", event->id);
    et_out_str(object, "eventID", event->id);
    et_out_digits(object, "groupID", et_issue_id(event->project,
                                                 event->fingerprint));
    et_out_digits(object, "projectID", event->project);
    et_out_time(object, "dateCreated", event->timestamp);
    et_out_time(object, "dateReceived", event->received);
}


static void
et_sentry_event_texts(cJSON *object, et_arena_t *arena,
    const et_event_row_t *event, const et_sentry_where_t *place)
{
    cJSON       *metadata;
    et_slice_t   title;

    title = et_sentry_title(arena, event->type, event->value, event->message);

    et_out_str(object, "title", title);
    et_out_str(object, "message", event->message);
    et_out_str(object, "platform", event->platform);
    et_out_str(object, "culprit", event->culprit);
    et_sentry_or_null(object, "location", place->filename);
    et_out_null(object, "crashFile");

    metadata = et_out_object(object, "metadata");

    if (event->type.len != 0) {
        et_out_str(metadata, "type", event->type);
        et_out_str(metadata, "value", event->value);

    } else {
        et_out_str(metadata, "title", title);
    }

    if (place->filename.len != 0) {
        et_out_str(metadata, "filename", place->filename);
    }

    if (place->function.len != 0) {
        et_out_str(metadata, "function", place->function);
    }
}


et_slice_t
et_sentry_title(et_arena_t *arena, et_slice_t type, et_slice_t value,
    et_slice_t message)
{
    et_text_t    text;
    et_slice_t   line;
    const char  *end;

    line = value.len != 0 ? value : message;

    end = line.len == 0 ? NULL : memchr(line.data, '\n', line.len);

    if (end != NULL) {
        line.len = (size_t) (end - line.data);
    }

    line.len = et_utf8_prefix(line.data, line.len, ET_SENTRY_TITLE);

    if (type.len == 0) {
        return line.len != 0 ? line : et_slice("<unlabeled event>", 17);
    }

    if (line.len == 0) {
        return type;
    }

    et_text_init(&text, arena);
    et_text_add(&text, type);
    et_text_str(&text, ": ");
    et_text_add(&text, line);

    line = et_text_slice(&text);

    return line.data != NULL ? line : type;
}


/* A browser's report has a message alone, so a list calls it "default". */

static const char *
et_sentry_type(const et_event_row_t *event, const cJSON *payload)
{
    if (event->type.len != 0) {
        return "error";
    }

    return et_json_get(payload, "csp") != NULL ? "csp" : "default";
}


static cJSON *
et_sentry_event_user(const et_event_row_t *event, cJSON *payload)
{
    cJSON  *user, *from, *data;

    from = et_json_get(payload, "user");

    if (!cJSON_IsObject(from)) {
        from = NULL;
    }

    if (event->user_id.len == 0 && event->user_email.len == 0
        && event->user_name.len == 0 && event->user_ip.len == 0
        && (from == NULL || from->child == NULL))
    {
        return cJSON_CreateNull();
    }

    user = cJSON_CreateObject();

    et_sentry_user_member(user, "id", event->user_id, from);
    et_sentry_user_member(user, "email", event->user_email, from);
    et_sentry_user_member(user, "username", event->user_name, from);
    et_sentry_user_member(user, "ip_address", event->user_ip, from);

    et_sentry_move(user, "name", from, "name");
    et_sentry_move(user, "geo", from, "geo");

    data = et_json_get(from, "data");

    if (cJSON_IsObject(data)) {
        et_sentry_move(user, "data", from, "data");

    } else if (from != NULL) {

        /* all else that a program says about a user */

        et_out_item(user, "data", cJSON_DetachItemViaPointer(payload, from));

    } else {
        et_out_null(user, "data");
    }

    return user;
}


/* The column says what counts: an address may be the client's. */

static void
et_sentry_user_member(cJSON *user, const char *name, et_slice_t value,
    cJSON *from)
{
    et_sentry_or_null(user, name, value);

    if (from != NULL) {
        cJSON_DeleteItemFromObjectCaseSensitive(from, name);
    }
}


/* By their names; what has a column is a tag, too, as it is in a search. */

static cJSON *
et_sentry_event_tags(et_arena_t *arena, const et_event_row_t *event)
{
    size_t            i, n, own;
    cJSON            *array, *object;
    et_value_t        map;
    et_sentry_tag_t  *tags;

    const et_sentry_tag_t  columns[] = {
        { et_slice_str("level"), event->level },
        { et_slice_str("environment"), event->environment },
        { et_slice_str("release"), event->release },
        { et_slice_str("dist"), event->dist },
        { et_slice_str("logger"), event->logger },
        { et_slice_str("transaction"), event->transaction },
        { et_slice_str("server_name"), event->server_name },
        { et_slice_str("user"), et_sentry_user_tag(arena, event) }
    };

    array = cJSON_CreateArray();
    map = event->tags;

    tags = et_arena_alloc(arena, (map.n + ET_SENTRY_TAGS)
                                 * sizeof(et_sentry_tag_t));
    if (tags == NULL) {
        return NULL;
    }

    for (own = 0; own < map.n; own++) {
        tags[own].key = et_value_str(&map);
        tags[own].value = et_value_str(&map);
    }

    n = own;

    for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (columns[i].value.len != 0) {
            tags[n++] = columns[i];
        }
    }

    qsort(tags, n, sizeof(et_sentry_tag_t), et_sentry_tag_cmp);

    for (i = 0; i < n; i++) {
        if (i > 0 && et_slice_eq(tags[i].key, tags[i - 1].key)) {
            continue;
        }

        object = cJSON_CreateObject();

        et_out_str(object, "key", tags[i].key);
        et_out_str(object, "value", tags[i].value);

        cJSON_AddItemToArray(array, object);
    }

    return array;
}


static int
et_sentry_tag_cmp(const void *one, const void *other)
{
    int                     rc;
    const et_sentry_tag_t  *a, *b;

    a = one;
    b = other;

    rc = memcmp(a->key.data, b->key.data,
                a->key.len < b->key.len ? a->key.len : b->key.len);

    if (rc != 0) {
        return rc;
    }

    return a->key.len < b->key.len ? -1 : a->key.len > b->key.len;
}


/* "id:7", as Sentry names whom it happened to; "" where that is not known. */

static et_slice_t
et_sentry_user_tag(et_arena_t *arena, const et_event_row_t *event)
{
    size_t      i;
    et_text_t   text;
    et_slice_t  s;

    const et_sentry_tag_t  names[] = {
        { et_slice_str("id:"), event->user_id },
        { et_slice_str("username:"), event->user_name },
        { et_slice_str("email:"), event->user_email },
        { et_slice_str("ip:"), event->user_ip }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].value.len != 0) {
            et_text_init(&text, arena);
            et_text_add(&text, names[i].key);
            et_text_add(&text, names[i].value);

            s = et_text_slice(&text);

            return s.data != NULL ? s : et_slice("", 0);
        }
    }

    return et_slice("", 0);
}


/* Each says of which type it is: its name, where it was sent without. */

static cJSON *
et_sentry_contexts(cJSON *payload)
{
    cJSON  *contexts, *context;

    contexts = et_sentry_object(payload, "contexts");

    for (context = contexts == NULL ? NULL : contexts->child;
         context != NULL;
         context = context->next)
    {
        if (cJSON_IsObject(context)
            && et_json_get(context, "type") == NULL)
        {
            et_out_item(context, "type",
                        cJSON_CreateStringReference(context->string));
        }
    }

    return contexts;
}


/* The member, or an empty object. */

static cJSON *
et_sentry_object(cJSON *payload, const char *member)
{
    cJSON  *item;

    item = et_json_get(payload, member);

    return cJSON_IsObject(item) ? cJSON_DetachItemViaPointer(payload, item)
                                : cJSON_CreateObject();
}


/* What was cut or dropped when the event came, as "field: what". */

static cJSON *
et_sentry_notes(const et_event_row_t *event)
{
    size_t       i;
    cJSON       *array, *object, *data;
    et_value_t   notes;
    et_slice_t   note;
    const char  *colon;

    array = cJSON_CreateArray();
    notes = event->notes;

    for (i = 0; i < event->notes.n; i++) {
        note = et_value_str(&notes);
        colon = memchr(note.data, ':', note.len);

        object = cJSON_CreateObject();

        et_out_text(object, "type", "invalid_data");
        et_out_str(object, "message", note);

        data = et_out_object(object, "data");

        if (colon != NULL) {
            et_out_str(data, "name",
                       et_slice(note.data, (size_t) (colon - note.data)));
        }

        cJSON_AddItemToArray(array, object);
    }

    return array;
}


static cJSON *
et_sentry_sdk(const et_event_row_t *event)
{
    cJSON  *sdk;

    if (event->sdk_name.len == 0) {
        return cJSON_CreateNull();
    }

    sdk = cJSON_CreateObject();

    et_out_str(sdk, "name", event->sdk_name);
    et_out_str(sdk, "version", event->sdk_version);

    return sdk;
}


static void
et_sentry_or_null(cJSON *object, const char *name, et_slice_t value)
{
    if (value.len == 0) {
        et_out_null(object, name);

    } else {
        et_out_str(object, name, value);
    }
}
