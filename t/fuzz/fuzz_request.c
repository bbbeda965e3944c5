/*
 * What a request says besides its body: key, version and client in headers
 * and query, DSN, path, numbers, ids, times.  Input: what to read it as, a
 * byte, then the text.
 */

#include <stdlib.h>

#include "et_fuzz.h"


static void et_fuzz_auth(et_slice_t text, et_reason_t (*read)(et_slice_t,
    et_auth_t *));
static void et_fuzz_dsn(et_slice_t text);
static void et_fuzz_route(et_slice_t text);
static void et_fuzz_id(et_slice_t text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char       *copy;
    et_slice_t  text;

    if (size < 1) {
        return 0;
    }

    copy = et_fuzz_copy(data + 1, size - 1);
    text = et_slice(copy, size - 1);

    switch (*data % 5) {
    case 0:
        et_fuzz_auth(text, et_auth_header);
        break;

    case 1:
        et_fuzz_auth(text, et_auth_query);
        break;

    case 2:
        et_fuzz_dsn(text);
        break;

    case 3:
        et_fuzz_route(text);
        break;

    default:
        et_fuzz_id(text);
    }

    free(copy);

    return 0;
}


static void
et_fuzz_auth(et_slice_t text, et_reason_t (*read)(et_slice_t, et_auth_t *))
{
    et_auth_t    auth, again;
    et_reason_t  reason;

    memset(&auth, 0, sizeof(auth));

    reason = read(text, &auth);

    et_fuzz_within(auth.key, text);
    et_fuzz_within(auth.client, text);

    if (reason != ET_OK) {
        et_fuzz_check(reason == ET_BAD_KEY || reason == ET_BAD_VERSION
                      || reason == ET_KEY_CONFLICT);
        return;
    }

    et_fuzz_check(auth.key.len == 0 || et_key_valid(auth.key));
    et_fuzz_check(auth.key.len <= ET_KEY_MAX);

    /* the same once more agrees with itself; a key that was there stays */

    again = auth;
    et_fuzz_check(read(text, &again) == ET_OK);
    et_fuzz_check(et_slice_eq(again.key, auth.key));

    again.key = et_slice_str("another_key_than_any_in_the_text");
    reason = read(text, &again);
    et_fuzz_check(auth.key.len == 0 || et_slice_eq(auth.key, again.key)
                  ? reason == ET_OK : reason == ET_KEY_CONFLICT);
}


static void
et_fuzz_dsn(et_slice_t text)
{
    et_dsn_t  dsn;

    if (et_dsn_parse(text, &dsn)) {
        et_fuzz_within(dsn.key, text);
        et_fuzz_check(et_key_valid(dsn.key));
    }
}


/* A prefix and repeated slashes change nothing about a path that is ours. */

static void
et_fuzz_route(et_slice_t text)
{
    char         *longer;
    et_route_t    route, other;
    et_reason_t   reason;

    reason = et_route_parse(text, &route);

    et_fuzz_check(reason == ET_OK || reason == ET_NOT_FOUND
                  || reason == ET_BAD_PROJECT);

    if (reason != ET_OK) {
        return;
    }

    et_fuzz_check(route.endpoint != ET_ENDPOINT_NONE);
    et_fuzz_check(route.endpoint < ET_ENDPOINT_COUNT);

    longer = malloc(text.len + 5);
    memcpy(longer, "/a//", 4);
    memcpy(longer + 4, text.data, text.len);
    longer[text.len + 4] = '/';

    et_fuzz_check(et_route_parse(et_slice(longer, text.len + 5), &other)
                  == ET_OK);
    et_fuzz_check(other.endpoint == route.endpoint
                  && other.project == route.project);

    free(longer);
}


static void
et_fuzz_id(et_slice_t text)
{
    char           printed[32];
    uint64_t       number;
    unsigned char  id[ET_EVENT_ID_LEN], again[ET_EVENT_ID_LEN];

    (void) et_parse_u64(text, &number);

    if (et_event_id_parse(text, id)) {
        et_event_id_print(id, printed);
        et_fuzz_check(et_event_id_parse(et_slice(printed, 32), again));
        et_fuzz_check(memcmp(id, again, ET_EVENT_ID_LEN) == 0);
    }
}
