/*
 * What the files of the event reader share: et_event.c reads the object and
 * its plain fields, et_event_exception.c what was thrown and where,
 * et_event_message.c the message, et_event_tags.c the tags, et_event_user.c
 * the user; et_event_text.c turns a field into text, and notes where it can't;
 * et_event_payload.c cuts the JSON that is kept.
 *
 * Promise of every reader: whatever the JSON holds, the fields it is for are
 * set, and a slice without a value is "" with a pointer that may be read.
 * An exhausted arena leaves a field empty and is told by arena->state alone,
 * which et_event_parse() looks at once, at the end.
 */

#ifndef ET_EVENT_INTERNAL_H
#define ET_EVENT_INTERNAL_H

#include "et_event.h"


/* a member's name, and the slot that its value goes to */
typedef struct {
    et_slice_t  name;
    unsigned    slot;
} et_event_name_t;

#define ET_EVENT_NAME(literal, slot)  { ET_SLICE(literal), slot }

#define ET_EVENT_NAMES(table)  (sizeof(table) / sizeof((table)[0]))


/*
 * One pass over an object's members: slots[slot] becomes the value of the
 * first member of that name that is not null, and NULL where there is none
 * or obj is no object (NULL included).  The names are sorted by length, then
 * by bytes; their slots are 0 to n - 1, each once.
 */
void et_event_pick(const cJSON *obj, const et_event_name_t *names, size_t n,
    const cJSON **slots);

/* A string or a number as text of at most max bytes, "" for anything else. */
et_slice_t et_event_text(et_arena_t *arena, const cJSON *item, size_t max);

/* The same of anything that et_json_text() can print, so also booleans. */
et_slice_t et_event_scalar(et_arena_t *arena, const cJSON *item, size_t max);

/* A text cut to max bytes, between characters; "" where it has no bytes. */
et_slice_t et_event_cut(et_slice_t text, size_t max);

/* The three of them with a note, under that name, where a value was cut or is
 * of another type. */
et_slice_t et_event_read_text(et_arena_t *arena, et_event_t *event,
    const cJSON *item, const char *name, size_t max);
et_slice_t et_event_read_scalar(et_arena_t *arena, et_event_t *event,
    const cJSON *item, const char *name, size_t max);
et_slice_t et_event_read_cut(et_arena_t *arena, et_event_t *event,
    et_slice_t text, const char *name, size_t max);

/* A note where the item, which may be NULL, is of none of these types. */
void et_event_expect(et_arena_t *arena, et_event_t *event, const cJSON *item,
    const char *name, int types);

/* A time in any of its forms.  1, or 0 where the item (or NULL) is none. */
int et_event_time(const cJSON *item, int64_t *us);

/* A timestamp in any of its forms, shifted by the drift; otherwise where it is
 * none, or then too far in the future or too old. */
int64_t et_event_timestamp(const cJSON *item, int64_t drift,
    int64_t received, int64_t otherwise);

/* A trace id as 32 lower-case hex digits, "" where it is none. */
et_slice_t et_event_trace_id(et_arena_t *arena, const cJSON *item);


/* Sets exceptions, type, value and frames; any of the three may be NULL. */
void et_event_read_exceptions(et_arena_t *arena, et_event_t *event,
    const cJSON *exception, const cJSON *stacktrace, const cJSON *threads);

/* Sets message and message_template, of logentry if that says anything. */
void et_event_read_message(et_arena_t *arena, et_event_t *event,
    const cJSON *logentry, const cJSON *message);

/* Sets tags; and environment, where it is empty and a tag has it. */
void et_event_read_tags(et_arena_t *arena, et_event_t *event,
    const cJSON *tags);

/*
 * Sets the user's fields and hash; event->platform is set already.  Whether
 * the address is the client's is said by the user, the request (REMOTE_ADDR)
 * and the SDK (settings.infer_ip).
 */
void et_event_read_user(et_arena_t *arena, et_event_t *event,
    const cJSON *user, const cJSON *request, const cJSON *sdk,
    et_slice_t client_ip);

/*
 * Sets payload: the text, where nothing in it has to change, else a new one
 * on the arena.  root is what cJSON has read of the text.
 */
void et_event_keep_payload(et_arena_t *arena, et_event_t *event,
    const cJSON *root, char *text, size_t len, int64_t drift);


#endif /* ET_EVENT_INTERNAL_H */
