/*
 * What the read API shows of what clients sent: an event's payload as
 * Sentry's API has it, and what a request says of a release.  Whatever the
 * JSON holds, the answer is JSON.  Input: the JSON.
 */

#include <stdlib.h>

#include "et_fuzz.h"
#include "et_json.h"
#include "et_release_json.h"
#include "et_sentry_event.h"


/* as the module's, bytes */
#define ET_FUZZ_ARENA  (64 * 1024 * 1024)


static void et_fuzz_event(et_arena_t *arena, char *text, size_t len);
static void et_fuzz_release(et_arena_t *arena, char *text, size_t len);
static void et_fuzz_json(et_arena_t *arena, const cJSON *root);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char               *text;

    static int          ready;
    static et_arena_t   arena;

    if (!ready) {
        et_arena_init(&arena, ET_FUZZ_ARENA, ET_ARENA_KEEP);
        ready = 1;
    }

    text = et_fuzz_copy(data, size);

    et_fuzz_event(&arena, text, size);
    et_arena_reset(&arena);

    et_fuzz_release(&arena, text, size);
    et_arena_reset(&arena);

    free(text);

    return 0;
}


static void
et_fuzz_event(et_arena_t *arena, char *text, size_t len)
{
    cJSON               *root;
    et_slice_t           some, none;
    et_event_row_t       row;
    et_sentry_beside_t   beside;

    memset(&row, 0, sizeof(row));

    none = et_slice("", 0);
    some = et_slice(text, len < 200 ? len : 200);

    /* columns, too, may hold any bytes */

    row.id = row.level = row.platform = row.environment = some;
    row.type = len % 2 == 0 ? some : none;
    row.value = row.message = row.culprit = row.release = some;
    row.logger = row.dist = row.transaction = row.server_name = some;
    row.trace_id = row.user_id = row.user_email = row.user_name = some;
    row.user_ip = row.sdk_name = row.sdk_version = some;
    row.payload = et_slice(text, len);

    beside.next = some;
    beside.previous = none;

    et_json_begin(arena);

    root = et_sentry_event(arena, &row, &beside);
    et_fuzz_json(arena, root);

    root = et_sentry_event_item(arena, &row);
    et_fuzz_json(arena, root);

    et_json_end();
}


static void
et_fuzz_release(et_arena_t *arena, char *text, size_t len)
{
    cJSON             *body;
    et_call_t          call;
    et_slice_t         copy;
    et_deploy_t        deploy;
    et_release_put_t   put;

    memset(&call, 0, sizeof(call));
    call.arena = arena;
    call.now = ET_FUZZ_NOW;

    copy = et_arena_copy(arena, et_slice(text, len));

    et_json_begin(arena);

    if (copy.data != NULL
        && et_json_parse(arena, (char *) copy.data, len, &body) == ET_OK)
    {
        if (et_release_parse(&call, body, &put) && put.commits.data != NULL) {
            et_fuzz_json(arena, et_commits_json(&call, put.commits));
            et_fuzz_json(arena, et_commits_json(&call, put.last_commit));
        }

        if (et_deploy_parse(&call, body, &deploy)) {
            et_fuzz_json(arena, et_deploy_json(&deploy));
        }
    }

    /* what is kept is not what is read, and is read whatever it is */

    et_fuzz_json(arena, et_commits_json(&call, et_slice(text, len)));

    et_json_end();
}


static void
et_fuzz_json(et_arena_t *arena, const cJSON *root)
{
    char   *text;
    cJSON  *again;

    text = cJSON_PrintUnformatted(root);

    if (arena->state != ET_ARENA_FINE) {
        return;
    }

    et_fuzz_check(text != NULL);
    et_fuzz_check(et_json_parse(arena, text, strlen(text), &again) == ET_OK
                  || arena->state != ET_ARENA_FINE);
}
