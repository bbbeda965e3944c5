/*
 * What a request says besides its body: key, version and client in headers
 * and query, DSN, path, numbers, ids, times.  Input: what to read it as, a
 * byte, then the text.
 */

#include <stdlib.h>

#include "et_base64.h"
#include "et_fuzz.h"
#include "et_query.h"


typedef et_reason_t (*et_fuzz_auth_pt)(et_slice_t text, char *scratch,
    et_auth_t *auth);


static void et_fuzz_auth(et_slice_t text, et_fuzz_auth_pt read);
static et_reason_t et_fuzz_header(et_slice_t text, char *scratch,
    et_auth_t *auth);
static void et_fuzz_auth_again(et_slice_t text, et_fuzz_auth_pt read,
    et_auth_t auth);
static void et_fuzz_either(et_slice_t inner, et_slice_t a, et_slice_t b);
static void et_fuzz_query(et_slice_t text);
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

    switch (*data % 7) {
    case 0:
        et_fuzz_auth(text, et_fuzz_header);
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

    case 4:
        et_fuzz_auth(text, et_auth_basic);
        break;

    case 5:
        et_fuzz_query(text);
        break;

    default:
        et_fuzz_id(text);
    }

    free(copy);

    return 0;
}


static void
et_fuzz_auth(et_slice_t text, et_fuzz_auth_pt read)
{
    char         *scratch;
    et_auth_t     auth;
    et_reason_t   reason;

    scratch = malloc(text.len + (text.len == 0));

    memset(&auth, 0, sizeof(auth));

    reason = read(text, scratch, &auth);

    et_fuzz_either(auth.key, text, et_slice(scratch, text.len));
    et_fuzz_either(auth.client, text, et_slice(scratch, text.len));

    if (reason == ET_OK) {
        et_fuzz_auth_again(text, read, auth);

    } else {
        et_fuzz_check(reason == ET_BAD_KEY || reason == ET_BAD_VERSION
                      || reason == ET_KEY_CONFLICT);
    }

    free(scratch);
}


/* That a text lies in one of two. */

static void
et_fuzz_either(et_slice_t inner, et_slice_t a, et_slice_t b)
{
    if (inner.len != 0 && inner.data >= a.data
        && inner.data < a.data + a.len)
    {
        et_fuzz_within(inner, a);

    } else {
        et_fuzz_within(inner, b);
    }
}


static void
et_fuzz_auth_again(et_slice_t text, et_fuzz_auth_pt read, et_auth_t auth)
{
    char         *scratch;
    et_auth_t     again;
    et_reason_t   reason;

    scratch = malloc(text.len + (text.len == 0));

    et_fuzz_check(auth.key.len == 0 || et_key_valid(auth.key));
    et_fuzz_check(auth.key.len <= ET_KEY_MAX);

    /* the same once more agrees with itself; a key that was there stays */

    again = auth;
    et_fuzz_check(read(text, scratch, &again) == ET_OK);
    et_fuzz_check(et_slice_eq(again.key, auth.key));

    again.key = et_slice_str("another_key_than_any_in_the_text");
    reason = read(text, scratch, &again);
    et_fuzz_check(auth.key.len == 0 || et_slice_eq(auth.key, again.key)
                  ? reason == ET_OK : reason == ET_KEY_CONFLICT);

    free(scratch);
}


static et_reason_t
et_fuzz_header(et_slice_t text, char *scratch, et_auth_t *auth)
{
    (void) scratch;

    return et_auth_header(text, auth);
}


/* Pairs lie in the query; unescaping and decoding never make more of it. */

static void
et_fuzz_query(et_slice_t text)
{
    char        *out;
    size_t       len;
    et_slice_t   args, name, value;

    out = malloc(text.len + (text.len == 0));
    args = text;

    while (et_query_next(&args, &name, &value)) {
        et_fuzz_within(name, text);
        et_fuzz_within(value, text);
        et_fuzz_check(et_query_unescape(value, ' ', out).len <= value.len);
    }

    if (et_base64_decode(out, text, &len)) {
        et_fuzz_check(len * 4 <= text.len * 3);
    }

    free(out);
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
