/*
 * The way in: a path, read from its end.
 */

#include "et_route.h"


#define ET_ENDPOINT_NAME(symbol, name)  name,

const char *const  et_endpoint_names[ET_ENDPOINT_COUNT] = {
    ET_ENDPOINTS(ET_ENDPOINT_NAME)
};


static et_slice_t et_route_last_segment(et_slice_t *path);
static et_endpoint_t et_route_endpoint(et_slice_t name);


et_reason_t
et_route_parse(et_slice_t path, et_route_t *route)
{
    et_slice_t     project, api;
    et_endpoint_t  endpoint;

    route->endpoint = ET_ENDPOINT_NONE;
    route->project = 0;

    if (path.len == 0) {
        return ET_NOT_FOUND;
    }

    endpoint = et_route_endpoint(et_route_last_segment(&path));
    project = et_route_last_segment(&path);
    api = et_route_last_segment(&path);

    if (endpoint == ET_ENDPOINT_NONE
        || !et_slice_eq(api, et_slice("api", 3))
        || path.len == 0)
    {
        return ET_NOT_FOUND;
    }

    route->endpoint = endpoint;

    if (!et_parse_u64(project, &route->project)) {
        return ET_BAD_PROJECT;
    }

    return ET_OK;
}


/* Cuts the last segment off, without the slashes behind it; the slash before
 * it stays in the path. */

static et_slice_t
et_route_last_segment(et_slice_t *path)
{
    size_t  start, end;

    end = path->len;

    while (end > 0 && path->data[end - 1] == '/') {
        end--;
    }

    start = end;

    while (start > 0 && path->data[start - 1] != '/') {
        start--;
    }

    path->len = start;

    return et_slice(path->data + start, end - start);
}


static et_endpoint_t
et_route_endpoint(et_slice_t name)
{
    int  i;

    for (i = ET_ENDPOINT_NONE + 1; i < ET_ENDPOINT_COUNT; i++) {
        if (et_slice_eq(name, et_slice_str(et_endpoint_names[i]))) {
            return (et_endpoint_t) i;
        }
    }

    return ET_ENDPOINT_NONE;
}


int
et_parse_u64(et_slice_t text, uint64_t *value)
{
    size_t    i;
    uint64_t  n, digit;

    n = 0;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }

        digit = (uint64_t) (text.data[i] - '0');

        if (n > (UINT64_MAX - digit) / 10) {
            return 0;
        }

        n = n * 10 + digit;
    }

    if (text.len == 0) {
        return 0;
    }

    *value = n;

    return 1;
}
