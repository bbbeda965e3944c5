/*
 * One event's JSON: read, grouped, filtered, made into rows; and once more, which has
 * to come out the same.  Input: a byte of choices, then the JSON.
 */

#include <stdlib.h>

#include "et_filter.h"
#include "et_fuzz.h"


static et_reason_t et_fuzz_parse(et_arena_t *arena, et_hasher_t *hasher,
    char *payload, size_t len, unsigned choices, et_event_t *event);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char         *payload, *again;
    uint64_t      hash;
    et_event_t    event;
    et_reason_t   reason;

    static int                ready;
    static const et_slice_t   globs[] = {
        ET_SLICE("*ValueError: *order*of*ann*"), ET_SLICE("1.?.*")
    };
    static const et_filter_t  filter = {
        (1u << ET_FILTER_NAMED) - 1, globs, 2, globs, 2, NULL, 0
    };
    static et_arena_t         arena;
    static et_hasher_t        hasher;

    if (size < 1) {
        return 0;
    }

    if (!ready) {
        et_arena_init(&arena, ET_ARENA_LIMIT_SIZE, ET_ARENA_KEEP);
        et_fuzz_check(et_hasher_init(&hasher));
        ready = 1;
    }

    payload = et_fuzz_copy(data + 1, size - 1);
    again = NULL;

    reason = et_fuzz_parse(&arena, &hasher, payload, size - 1, data[0],
                           &event);

    if (reason == ET_OK) {
        et_fuzz_record(&event);

        et_fuzz_check(et_filter(&filter, &event, et_slice_str("192.0.2.1"))
                      <= ET_FILTER_COUNT);

        /* what is kept as the event's JSON is JSON, and the same event */

        hash = event.grouping_hash;
        again = et_fuzz_copy(event.payload.data, event.payload.len);
        size = event.payload.len;

        et_fuzz_check(et_utf8_valid(again, size));
        et_fuzz_check(et_fuzz_parse(&arena, &hasher, again, size, data[0],
                                    &event) == ET_OK);
        et_fuzz_check(event.grouping_hash == hash);
    }

    et_fuzz_check(reason < ET_REASON_COUNT);
    et_fuzz_check(arena.size <= ET_ARENA_LIMIT_SIZE);

    free(payload);
    free(again);

    return 0;
}


static et_reason_t
et_fuzz_parse(et_arena_t *arena, et_hasher_t *hasher, char *payload,
    size_t len, unsigned choices, et_event_t *event)
{
    et_reason_t        reason;
    et_event_source_t  source;

    memset(event, 0, sizeof(et_event_t));
    memset(&source, 0, sizeof(source));

    source.received = ET_FUZZ_NOW;
    source.strict_id = choices & 1;
    source.drift = (choices & 8) ? -ET_MIN_DRIFT : 0;

    if (choices & 2) {
        source.client_ip = et_slice_str("2001:db8::1");
    }

    if (choices & 4) {
        source.sdk_name = et_slice_str("sentry.python");
        source.event_id = et_slice_str("0123456789abcdef0123456789abcdef");
    }

    et_arena_reset(arena);

    reason = et_event_parse(arena, payload, len, &source, event);

    return reason == ET_OK ? et_group(arena, hasher, event) : reason;
}
