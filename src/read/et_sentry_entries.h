/*
 * What happened, as Sentry's web API shows it: an event's exceptions, stack
 * traces, breadcrumbs, request, message and threads are "entries", with keys
 * of the API's own ("absPath" of what an SDK sends as "abs_path").
 *
 * Values are moved out of the payload's tree into the answer's, not copied:
 * what was shown is gone from the payload afterwards.
 *
 * Promise: whatever the payload holds, each entry has the shape that its
 * readers expect; a value of another type is shown as it is, and what is not
 * there is null.
 */

#ifndef ET_SENTRY_ENTRIES_H
#define ET_SENTRY_ENTRIES_H

#include <cjson/cJSON.h>

#include "et_arena.h"


/* Where it happened: of the newest exception, the innermost frame that is the
 * application's own, else the innermost. */
typedef struct {
    et_slice_t  filename;      /* data NULL: not known */
    et_slice_t  function;
} et_sentry_where_t;


/* To be asked before the entries, which take the frames away. */
void et_sentry_where(const cJSON *payload, et_sentry_where_t *place);

/*
 * The array; message is the event's, as it was kept.  NULL where an
 * allocation has failed, which et_call_json() tells.
 */
cJSON *et_sentry_entries(et_arena_t *arena, cJSON *payload,
    et_slice_t message);

/* Moves a member to another object, under a name that is constant; null where
 * there is none. */
void et_sentry_move(cJSON *to, const char *name, cJSON *from,
    const char *member);


#endif /* ET_SENTRY_ENTRIES_H */
