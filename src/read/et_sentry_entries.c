/*
 * An event's entries.
 */

#include "et_frame.h"
#include "et_json.h"
#include "et_out.h"
#include "et_params.h"
#include "et_sentry_entries.h"
#include "et_time.h"


/* a member of the payload, and its key in the API */
typedef struct {
    const char  *key;
    const char  *member;
} et_sentry_key_t;

typedef cJSON *(*et_sentry_entry_pt)(et_arena_t *arena, cJSON *item);

typedef struct {
    const char          *member;
    const char          *type;
    et_sentry_entry_pt   entry;
} et_sentry_entry_t;


static void et_sentry_entry(cJSON *entries, const char *type, cJSON *data);
static cJSON *et_sentry_message(cJSON *payload, et_slice_t message);
static cJSON *et_sentry_exception(et_arena_t *arena, cJSON *item);
static cJSON *et_sentry_thread(et_arena_t *arena, cJSON *item);
static cJSON *et_sentry_breadcrumbs(et_arena_t *arena, cJSON *item);
static cJSON *et_sentry_request(et_arena_t *arena, cJSON *item);
static cJSON *et_sentry_template(et_arena_t *arena, cJSON *item);
static cJSON *et_sentry_as_it_is(et_arena_t *arena, cJSON *item);
static cJSON *et_sentry_stacktrace(et_arena_t *arena, cJSON *item);
static void et_sentry_traces(cJSON *to, cJSON *from);
static cJSON *et_sentry_frame(cJSON *item);
static cJSON *et_sentry_context(cJSON *frame);
static int et_sentry_system_frames(const cJSON *frames);

static const cJSON *et_sentry_newest(const cJSON *item);
static cJSON *et_sentry_first(cJSON *item);
static cJSON *et_sentry_next(cJSON *item);
static void et_sentry_keys(cJSON *to, cJSON *from,
    const et_sentry_key_t *keys);
static void et_sentry_or(cJSON *object, const char *name, const char *text);
static cJSON *et_sentry_pairs(et_arena_t *arena, cJSON *item,
    char separator);
static void et_sentry_pair(cJSON *pairs, cJSON *name, cJSON *value);


static const et_sentry_entry_t  et_sentry_known[] = {
    { "exception", "exception", et_sentry_exception },
    { "stacktrace", "stacktrace", et_sentry_stacktrace },
    { "threads", "threads", et_sentry_thread },
    { "template", "template", et_sentry_template },
    { "breadcrumbs", "breadcrumbs", et_sentry_breadcrumbs },
    { "request", "request", et_sentry_request },
    { "csp", "csp", et_sentry_as_it_is },
    { "debug_meta", "debugmeta", et_sentry_as_it_is }
};

static const et_sentry_key_t  et_sentry_frame_keys[] = {
    { "filename", "filename" },
    { "absPath", "abs_path" },
    { "module", "module" },
    { "package", "package" },
    { "platform", "platform" },
    { "instructionAddr", "instruction_addr" },
    { "symbolAddr", "symbol_addr" },
    { "function", "function" },
    { "rawFunction", "raw_function" },
    { "symbol", "symbol" },
    { "trust", "trust" },
    { "errors", "errors" },
    { "lock", "lock" },
    { "vars", "vars" },
    { "sourceLink", "source_link" },
    { NULL, NULL }
};

static const et_sentry_key_t  et_sentry_exception_keys[] = {
    { "type", "type" },
    { "value", "value" },
    { "module", "module" },
    { "mechanism", "mechanism" },
    { "threadId", "thread_id" },
    { NULL, NULL }
};

static const et_sentry_key_t  et_sentry_thread_keys[] = {
    { "id", "id" },
    { "name", "name" },
    { "current", "current" },
    { "crashed", "crashed" },
    { "state", "state" },
    { "heldLocks", "held_locks" },
    { NULL, NULL }
};

static const et_sentry_key_t  et_sentry_breadcrumb_keys[] = {
    { "type", "type" },
    { "level", "level" },
    { "message", "message" },
    { "category", "category" },
    { "data", "data" },
    { "event_id", "event_id" },
    { NULL, NULL }
};

static const et_sentry_key_t  et_sentry_request_keys[] = {
    { "apiTarget", "api_target" },
    { "method", "method" },
    { "url", "url" },
    { "fragment", "fragment" },
    { "data", "data" },
    { "env", "env" },
    { "inferredContentType", "inferred_content_type" },
    { NULL, NULL }
};


cJSON *
et_sentry_entries(et_arena_t *arena, cJSON *payload, et_slice_t message)
{
    size_t   i;
    cJSON   *entries, *item;

    entries = cJSON_CreateArray();

    et_sentry_entry(entries, "message", et_sentry_message(payload, message));

    for (i = 0; i < sizeof(et_sentry_known) / sizeof(et_sentry_known[0]); i++)
    {
        item = et_json_get(payload, et_sentry_known[i].member);

        if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
            item = cJSON_DetachItemViaPointer(payload, item);

            et_sentry_entry(entries, et_sentry_known[i].type,
                            et_sentry_known[i].entry(arena, item));
        }
    }

    return entries;
}


static void
et_sentry_entry(cJSON *entries, const char *type, cJSON *data)
{
    cJSON  *entry;

    if (data == NULL) {
        return;
    }

    entry = cJSON_CreateObject();

    et_out_text(entry, "type", type);
    et_out_item(entry, "data", data);

    cJSON_AddItemToArray(entries, entry);
}


static cJSON *
et_sentry_message(cJSON *payload, et_slice_t message)
{
    cJSON  *item, *data;

    item = et_json_get(payload, "logentry");

    if (!cJSON_IsObject(item)) {
        item = et_json_get(payload, "message");
    }

    if (message.len == 0) {
        return NULL;
    }

    data = cJSON_CreateObject();

    et_out_str(data, "formatted", message);

    if (cJSON_IsObject(item)) {
        et_sentry_move(data, "message", item, "message");
        et_sentry_move(data, "params", item, "params");
    }

    return data;
}


static cJSON *
et_sentry_exception(et_arena_t *arena, cJSON *item)
{
    int     system;
    cJSON  *data, *values, *value;

    (void) arena;

    data = cJSON_CreateObject();
    values = et_out_array(data, "values");
    system = 0;

    for (item = et_sentry_first(item); item != NULL;
         item = et_sentry_next(item))
    {
        value = cJSON_CreateObject();

        system |= et_sentry_system_frames(
                      et_json_get(et_json_get(item, "stacktrace"), "frames"));

        et_sentry_keys(value, item, et_sentry_exception_keys);
        et_sentry_traces(value, item);

        cJSON_AddItemToArray(values, value);
    }

    et_out_null(data, "excOmitted");
    et_out_bool(data, "hasSystemFrames", system);

    return data;
}


static cJSON *
et_sentry_thread(et_arena_t *arena, cJSON *item)
{
    cJSON  *data, *values, *value;

    (void) arena;

    data = cJSON_CreateObject();
    values = et_out_array(data, "values");

    for (item = et_sentry_first(item); item != NULL;
         item = et_sentry_next(item))
    {
        value = cJSON_CreateObject();

        et_sentry_keys(value, item, et_sentry_thread_keys);
        et_sentry_traces(value, item);

        cJSON_AddItemToArray(values, value);
    }

    return data;
}


static cJSON *
et_sentry_breadcrumbs(et_arena_t *arena, cJSON *item)
{
    cJSON       *data, *values, *value, *time;
    int64_t      us;
    et_slice_t   text;

    data = cJSON_CreateObject();
    values = et_out_array(data, "values");

    for (item = et_sentry_first(item); item != NULL;
         item = et_sentry_next(item))
    {
        value = cJSON_CreateObject();
        time = et_json_get(item, "timestamp");
        text = et_json_str(time);
        us = 0;

        if (cJSON_IsNumber(time)) {
            (void) et_time_from_seconds(time->valuedouble, &us);

        } else if (text.data != NULL) {
            (void) et_time_parse(text, &us);
        }

        et_out_time(value, "timestamp", us);
        et_sentry_keys(value, item, et_sentry_breadcrumb_keys);
        et_sentry_or(value, "type", "default");
        et_sentry_or(value, "level", "info");

        cJSON_AddItemToArray(values, value);
    }

    (void) arena;

    return data;
}


static cJSON *
et_sentry_request(et_arena_t *arena, cJSON *item)
{
    cJSON  *data;

    data = cJSON_CreateObject();

    et_out_item(data, "query",
                et_sentry_pairs(arena, et_json_get(item, "query_string"),
                                '&'));
    et_out_item(data, "headers",
                et_sentry_pairs(arena, et_json_get(item, "headers"), '\0'));
    et_out_item(data, "cookies",
                et_sentry_pairs(arena, et_json_get(item, "cookies"), ';'));

    et_sentry_keys(data, item, et_sentry_request_keys);

    return data;
}


static cJSON *
et_sentry_template(et_arena_t *arena, cJSON *item)
{
    cJSON  *data, *context;

    (void) arena;

    context = et_sentry_context(item);
    data = cJSON_CreateObject();

    et_sentry_move(data, "lineNo", item, "lineno");
    et_sentry_move(data, "filename", item, "filename");
    et_sentry_move(data, "absPath", item, "abs_path");
    et_out_item(data, "context", context);

    return data;
}


static cJSON *
et_sentry_as_it_is(et_arena_t *arena, cJSON *item)
{
    (void) arena;

    return item;
}


/* stacktrace and raw_stacktrace */

static void
et_sentry_traces(cJSON *to, cJSON *from)
{
    size_t   i;
    cJSON   *trace;

    static const et_sentry_key_t  keys[] = {
        { "stacktrace", "stacktrace" },
        { "rawStacktrace", "raw_stacktrace" }
    };

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        trace = et_json_get(from, keys[i].member);

        if (cJSON_IsObject(trace)) {
            et_out_item(to, keys[i].key, et_sentry_stacktrace(NULL, trace));

        } else {
            et_out_null(to, keys[i].key);
        }
    }
}


static cJSON *
et_sentry_stacktrace(et_arena_t *arena, cJSON *item)
{
    cJSON  *data, *frames, *frame;

    (void) arena;

    data = cJSON_CreateObject();

    et_out_bool(data, "hasSystemFrames",
                et_sentry_system_frames(et_json_get(item, "frames")));

    frames = et_out_array(data, "frames");
    frame = et_json_get(item, "frames");

    if (cJSON_IsArray(frame)) {
        for (frame = et_sentry_first(frame); frame != NULL;
             frame = et_sentry_next(frame))
        {
            cJSON_AddItemToArray(frames, et_sentry_frame(frame));
        }
    }

    et_sentry_move(data, "framesOmitted", item, "frames_omitted");
    et_sentry_move(data, "registers", item, "registers");

    return data;
}


static cJSON *
et_sentry_frame(cJSON *item)
{
    cJSON       *frame, *context;
    et_slice_t   filename;

    frame = cJSON_CreateObject();

    /* as Relay does, and readers expect: a frame has a filename, which is the
     * path where it was not sent */

    filename = et_json_str(et_json_get(item, "filename"));

    if (filename.len == 0) {
        filename = et_json_str(et_json_get(item, "abs_path"));

        if (filename.len != 0) {
            cJSON_DeleteItemFromObjectCaseSensitive(item, "filename");
            et_out_str(item, "filename", filename);
        }
    }

    context = et_sentry_context(item);

    et_out_bool(frame, "inApp", et_frame_in_app(item));
    et_sentry_keys(frame, item, et_sentry_frame_keys);
    et_sentry_move(frame, "lineNo", item, "lineno");
    et_sentry_move(frame, "colNo", item, "colno");
    et_out_item(frame, "context", context);

    return frame;
}


/* [[line number, text], ...]: the lines before, of and behind the frame's. */

static cJSON *
et_sentry_context(cJSON *frame)
{
    int64_t   number;
    cJSON    *lines, *before, *line, *pair, *next;

    lines = cJSON_CreateArray();
    line = et_json_get(frame, "lineno");

    if (!cJSON_IsNumber(line) || line->valuedouble < 1
        || line->valuedouble > INT32_MAX)
    {
        return lines;
    }

    before = et_json_get(frame, "pre_context");
    number = (int64_t) line->valuedouble;

    if (cJSON_IsArray(before)) {
        number -= cJSON_GetArraySize(before);
        before = before->child;

    } else {
        before = NULL;
    }

    line = et_json_get(frame, "context_line");

    if (!cJSON_IsString(line)) {
        return lines;
    }

    for ( ;; ) {
        if (before != NULL) {
            next = before;
            before = before->next;

        } else if (line != NULL) {
            next = line;
            line = NULL;
            before = et_json_get(frame, "post_context");
            before = cJSON_IsArray(before) ? before->child : NULL;

        } else {
            return lines;
        }

        if (number > 0) {
            pair = cJSON_CreateArray();

            cJSON_AddItemToArray(pair, et_new_u64((uint64_t) number));
            cJSON_AddItemToArray(pair, cJSON_IsString(next)
                                       ? cJSON_CreateStringReference(
                                                            next->valuestring)
                                       : cJSON_CreateNull());
            cJSON_AddItemToArray(lines, pair);
        }

        number++;
    }
}


/* Whether some frames are the application's, and some are not. */

static int
et_sentry_system_frames(const cJSON *frames)
{
    unsigned      own, other;
    const cJSON  *frame;

    if (!cJSON_IsArray(frames)) {
        return 0;
    }

    own = 0;
    other = 0;

    for (frame = frames->child; frame != NULL; frame = frame->next) {
        if (et_frame_in_app(frame)) {
            own = 1;

        } else {
            other = 1;
        }
    }

    return own && other;
}


void
et_sentry_where(const cJSON *payload, et_sentry_where_t *place)
{
    const cJSON  *frame, *found;

    memset(place, 0, sizeof(et_sentry_where_t));

    frame = et_sentry_newest(et_json_get(payload, "exception"));
    frame = et_json_get(frame, "stacktrace");

    if (frame == NULL) {
        frame = et_json_get(payload, "stacktrace");
    }

    frame = et_json_get(frame, "frames");

    if (!cJSON_IsArray(frame)) {
        return;
    }

    found = NULL;

    for (frame = frame->child; frame != NULL; frame = frame->next) {
        if (found == NULL || et_frame_in_app(frame)
            || !et_frame_in_app(found))
        {
            found = frame;
        }
    }

    place->filename = et_json_str(et_json_get(found, "filename"));

    if (place->filename.data == NULL) {
        place->filename = et_json_str(et_json_get(found, "abs_path"));
    }

    place->function = et_json_str(et_json_get(found, "function"));
}


/* The last of a list, which is what was thrown last. */

static const cJSON *
et_sentry_newest(const cJSON *item)
{
    const cJSON  *last, *next;

    last = NULL;

    for (next = et_sentry_first((cJSON *) item); next != NULL;
         next = et_sentry_next((cJSON *) next))
    {
        last = next;
    }

    return last;
}


/* Walks the objects in {"values": [...]}, in a list, or the one object. */

static cJSON *
et_sentry_first(cJSON *item)
{
    cJSON  *values;

    values = et_json_get(item, "values");

    if (cJSON_IsArray(values) || cJSON_IsObject(values)) {
        item = values;
    }

    if (cJSON_IsObject(item)) {

        /* it has a name, and is no list's: none comes behind it */

        return item;
    }

    if (!cJSON_IsArray(item)) {
        return NULL;
    }

    item = item->child;

    return item == NULL || cJSON_IsObject(item) ? item
                                                : et_sentry_next(item);
}


static cJSON *
et_sentry_next(cJSON *item)
{
    if (item->string != NULL) {
        return NULL;
    }

    do {
        item = item->next;
    } while (item != NULL && !cJSON_IsObject(item));

    return item;
}


static void
et_sentry_keys(cJSON *to, cJSON *from, const et_sentry_key_t *keys)
{
    for ( /* void */ ; keys->key != NULL; keys++) {
        et_sentry_move(to, keys->key, from, keys->member);
    }
}


void
et_sentry_move(cJSON *to, const char *name, cJSON *from, const char *member)
{
    cJSON  *item;

    item = et_json_get(from, member);

    if (item == NULL) {
        et_out_null(to, name);
        return;
    }

    et_out_item(to, name, cJSON_DetachItemViaPointer(from, item));
}


static void
et_sentry_or(cJSON *object, const char *name, const char *text)
{
    cJSON  *item;

    item = et_json_get(object, name);

    if (cJSON_IsNull(item)) {
        item->type = cJSON_String | cJSON_IsReference
                     | (item->type & cJSON_StringIsConst);
        item->valuestring = (char *) text;
    }
}


/*
 * [[name, value], ...] of an object, of such a list, or of a text:
 * "a=1&b=2", "a=1; b=2".  Empty where it is none of these.
 */

static cJSON *
et_sentry_pairs(et_arena_t *arena, cJSON *item, char separator)
{
    char         blank;
    cJSON       *pairs, *next;
    et_slice_t   text, name, value;
    const char  *end;

    pairs = cJSON_CreateArray();

    if (cJSON_IsArray(item)) {
        for (next = item->child; next != NULL; next = next->next) {
            if (cJSON_IsArray(next) && cJSON_GetArraySize(next) == 2) {
                et_sentry_pair(pairs, next->child, next->child->next);
            }
        }

        return pairs;
    }

    if (cJSON_IsObject(item)) {
        for (next = item->child; next != NULL; next = next->next) {
            et_sentry_pair(pairs, cJSON_CreateStringReference(next->string),
                           next);
        }

        return pairs;
    }

    text = et_json_str(item);

    if (text.data == NULL || separator == '\0') {
        return pairs;
    }

    blank = separator == '&' ? ' ' : '+';

    if (text.len != 0 && text.data[0] == '?' && separator == '&') {
        text = et_slice(text.data + 1, text.len - 1);
    }

    while (text.len != 0) {
        end = memchr(text.data, separator, text.len);
        name = et_slice(text.data, end == NULL ? text.len
                                               : (size_t) (end - text.data));

        text = end == NULL ? et_slice("", 0)
                           : et_slice(end + 1, text.len - name.len - 1);

        while (name.len != 0 && name.data[0] == ' ') {
            name = et_slice(name.data + 1, name.len - 1);
        }

        if (name.len == 0) {
            continue;
        }

        end = memchr(name.data, '=', name.len);
        value = et_slice("", 0);

        if (end != NULL) {
            value = et_slice(end + 1,
                             name.len - (size_t) (end + 1 - name.data));
            name.len = (size_t) (end - name.data);
        }

        et_sentry_pair(pairs, et_new_str(et_url_decode(arena, name, blank)),
                       et_new_str(et_url_decode(arena, value, blank)));
    }

    return pairs;
}


/* Values belong to another tree, which this one refers to. */

static void
et_sentry_pair(cJSON *pairs, cJSON *name, cJSON *value)
{
    cJSON  *pair;

    if (name == NULL || value == NULL) {
        return;
    }

    pair = cJSON_CreateArray();

    cJSON_AddItemReferenceToArray(pair, name);
    cJSON_AddItemReferenceToArray(pair, value);
    cJSON_AddItemToArray(pairs, pair);
}
