/*
 * An event as Sentry's web API shows it: whole, made of its row and of the
 * payload as it was sent, and as an item of a list, of its row alone.
 */

#ifndef ET_SENTRY_EVENT_H
#define ET_SENTRY_EVENT_H

#include "et_events.h"


/* what is known of an event besides its row; data NULL: nothing, or none */
typedef struct {
    et_slice_t  next;          /* ids of the events of the same error */
    et_slice_t  previous;
} et_sentry_beside_t;


/*
 * NULL, or without a part of it, where an allocation has failed, which
 * et_call_json() tells.  beside NULL: of a list, where nobody has asked.
 */
cJSON *et_sentry_event(et_arena_t *arena, const et_event_row_t *event,
    const et_sentry_beside_t *beside);

cJSON *et_sentry_event_item(et_arena_t *arena, const et_event_row_t *event);

/* "type: value", the first line of it; of a message the message's.  On the
 * arena where it is put together. */
et_slice_t et_sentry_title(et_arena_t *arena, et_slice_t type,
    et_slice_t value, et_slice_t message);


#endif /* ET_SENTRY_EVENT_H */
