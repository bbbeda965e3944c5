/*
 * What was thrown, and where: exceptions, the stack trace, the threads.
 *
 * Promise: exceptions keep the order in which they were sent, of more than
 * ET_MAX_EXCEPTIONS the last ones; an entry that says nothing (null, no
 * object, no field of use) is none.
 */

#include "et_event_internal.h"


#define ET_VALUE_BUFFER  (2 * ET_MAX_VALUE)


/* Walks the objects in {"values": [...]}, in a list, or the one object. */

typedef struct {
    const cJSON  *next;
    unsigned      single:1;    /* next is no element of a list */
} et_event_list_t;


enum {
    ET_EXCEPTION_TYPE = 0,
    ET_EXCEPTION_VALUE,
    ET_EXCEPTION_MODULE,
    ET_EXCEPTION_MECHANISM,
    ET_EXCEPTION_STACKTRACE,
    ET_EXCEPTION_MAX
};


static void et_event_read_chain(et_arena_t *arena, et_event_t *event,
    const cJSON *exception);
static void et_event_list_init(et_event_list_t *list, const cJSON *item);
static const cJSON *et_event_list_next(et_event_list_t *list);
static int et_event_read_exception(et_arena_t *arena, et_event_t *event,
    const cJSON *item, et_exception_t *e);
static et_slice_t et_event_value(et_arena_t *arena, et_event_t *event,
    const cJSON *item);
static void et_event_split_value(et_exception_t *e);
static const cJSON *et_event_frames(const cJSON *stacktrace);
static const cJSON *et_event_thread_frames(const cJSON *threads);


static const et_event_name_t  et_exception_fields[] = {
    ET_EVENT_NAME("type", ET_EXCEPTION_TYPE),
    ET_EVENT_NAME("value", ET_EXCEPTION_VALUE),
    ET_EVENT_NAME("module", ET_EXCEPTION_MODULE),
    ET_EVENT_NAME("mechanism", ET_EXCEPTION_MECHANISM),
    ET_EVENT_NAME("stacktrace", ET_EXCEPTION_STACKTRACE),
};

_Static_assert(ET_EVENT_NAMES(et_exception_fields) == ET_EXCEPTION_MAX,
               "a name for each slot, a slot for each name");


void
et_event_read_exceptions(et_arena_t *arena, et_event_t *event,
    const cJSON *exception, const cJSON *stacktrace, const cJSON *threads)
{
    size_t                 i;
    const et_exception_t  *e;

    et_event_read_chain(arena, event, exception);

    event->type = et_slice("", 0);
    event->value = et_slice("", 0);

    if (event->nexceptions != 0) {
        e = &event->exceptions[event->nexceptions - 1];

        event->type = e->type;
        event->value = e->value;
    }

    for (i = 0; i < event->nexceptions; i++) {
        if (event->exceptions[i].frames != NULL) {
            return;
        }
    }

    /* the order of grouping: a single thread, then a stack trace */

    event->frames = et_event_thread_frames(threads);

    if (event->frames == NULL) {
        event->frames = et_event_frames(stacktrace);
    }
}


static void
et_event_read_chain(et_arena_t *arena, et_event_t *event,
    const cJSON *exception)
{
    size_t            n, size;
    const cJSON      *item;
    et_event_list_t   list;

    et_event_expect(arena, event, exception, "exception",
                    cJSON_Object | cJSON_Array);

    n = 0;
    et_event_list_init(&list, exception);

    while (et_event_list_next(&list) != NULL) {
        n++;
    }

    if (n == 0) {
        return;
    }

    size = (n < ET_MAX_EXCEPTIONS ? n : ET_MAX_EXCEPTIONS)
           * sizeof(et_exception_t);

    event->exceptions = et_arena_alloc(arena, size);
    if (event->exceptions == NULL) {
        return;
    }

    if (n > ET_MAX_EXCEPTIONS) {
        et_event_note(arena, event, "exception: the last %d of %zu kept",
                      ET_MAX_EXCEPTIONS, n);
    }

    et_event_list_init(&list, exception);

    for ( /* void */ ; n > 0; n--) {
        item = et_event_list_next(&list);

        if (n > ET_MAX_EXCEPTIONS) {
            continue;
        }

        if (et_event_read_exception(arena, event, item,
                                    &event->exceptions[event->nexceptions]))
        {
            event->nexceptions++;
        }
    }
}


static void
et_event_list_init(et_event_list_t *list, const cJSON *item)
{
    const cJSON  *values;

    values = et_json_get(item, "values");

    if (cJSON_IsArray(values) || cJSON_IsObject(values)) {
        item = values;
    }

    list->single = cJSON_IsObject(item) != 0;
    list->next = NULL;

    if (list->single) {
        list->next = item;

    } else if (cJSON_IsArray(item)) {
        list->next = item->child;
    }
}


static const cJSON *
et_event_list_next(et_event_list_t *list)
{
    const cJSON  *item;

    while (list->next != NULL) {
        item = list->next;
        list->next = list->single ? NULL : item->next;

        if (cJSON_IsObject(item)) {
            return item;
        }
    }

    return NULL;
}


/* 1, or 0 where the object says nothing of an exception. */

static int
et_event_read_exception(et_arena_t *arena, et_event_t *event,
    const cJSON *item, et_exception_t *e)
{
    const cJSON  *synthetic;
    const cJSON  *field[ET_EXCEPTION_MAX];

    et_event_pick(item, et_exception_fields,
                  ET_EVENT_NAMES(et_exception_fields), field);

    e->type = et_event_read_text(arena, event, field[ET_EXCEPTION_TYPE],
                                 "exception.type", ET_MAX_TYPE);
    e->value = et_event_value(arena, event, field[ET_EXCEPTION_VALUE]);
    e->module = et_event_read_text(arena, event, field[ET_EXCEPTION_MODULE],
                                   "exception.module", ET_MAX_TYPE);

    if (e->type.len == 0 && e->value.len != 0) {
        et_event_split_value(e);
    }

    synthetic = et_json_get(field[ET_EXCEPTION_MECHANISM], "synthetic");
    e->synthetic = cJSON_IsTrue(synthetic) != 0;

    e->frames = et_event_frames(field[ET_EXCEPTION_STACKTRACE]);

    return e->type.len != 0 || e->value.len != 0 || e->module.len != 0
           || e->frames != NULL;
}


/* A value that is no text is its JSON: a program can throw anything. */

static et_slice_t
et_event_value(et_arena_t *arena, et_event_t *event, const cJSON *item)
{
    char        *out;
    et_slice_t   text;

    if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
        out = et_arena_alloc(arena, ET_VALUE_BUFFER);
        if (out == NULL) {
            return et_slice("", 0);
        }

        if (cJSON_PrintPreallocated((cJSON *) item, out, ET_VALUE_BUFFER, 0)) {
            text = et_slice_str(out);

            return et_event_read_cut(arena, event, text, "exception.value",
                                     ET_MAX_VALUE);
        }
    }

    return et_event_read_scalar(arena, event, item, "exception.value",
                                ET_MAX_VALUE);
}


/* "ValueError: unauthorized" without a type has one, and where it has not,
 * the value stays. */

static void
et_event_split_value(et_exception_t *e)
{
    char         c;
    size_t       i;
    const char  *p;

    p = e->value.data;

    for (i = 0; i < e->value.len && i <= ET_MAX_TYPE; i++) {
        c = et_lower(p[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
            break;
        }
    }

    if (i == 0 || i > ET_MAX_TYPE || i == e->value.len || p[i] != ':'
        || memchr(p, '\n', e->value.len) != NULL
        || (i + 1 < e->value.len && p[i + 1] == '/'))
    {
        return;
    }

    e->type = et_slice(p, i);

    for (i++; i < e->value.len && p[i] == ' '; i++) { /* void */ }

    e->value = et_slice(p + i, e->value.len - i);
}


/* The frames of a stack trace; NULL where there is not one. */

static const cJSON *
et_event_frames(const cJSON *stacktrace)
{
    const cJSON  *frames;

    frames = et_json_get(stacktrace, "frames");

    if (!cJSON_IsArray(frames) || frames->child == NULL) {
        return NULL;
    }

    return frames;
}


/* The frames of the thread that crashed, else of the current, else of the
 * only one. */

static const cJSON *
et_event_thread_frames(const cJSON *threads)
{
    size_t            n;
    const cJSON      *thread, *chosen, *current;
    et_event_list_t   list;

    n = 0;
    chosen = NULL;
    current = NULL;

    et_event_list_init(&list, threads);

    for ( ;; ) {
        thread = et_event_list_next(&list);
        if (thread == NULL) {
            break;
        }

        if (cJSON_IsTrue(et_json_get(thread, "crashed"))) {
            return et_event_frames(et_json_get(thread, "stacktrace"));
        }

        if (current == NULL && cJSON_IsTrue(et_json_get(thread, "current"))) {
            current = thread;
        }

        chosen = thread;
        n++;
    }

    if (current != NULL) {
        chosen = current;

    } else if (n != 1) {
        return NULL;
    }

    return et_event_frames(et_json_get(chosen, "stacktrace"));
}
