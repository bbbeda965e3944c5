/*
 * The way in: a path, read from its end.
 */

#include "et_route.h"


/* the longest: api/{project}/events/{event_id}/attachments */
#define ET_ROUTE_SEGMENTS  5


#define ET_ENDPOINT_NAME(symbol, name, methods)     name,
#define ET_ENDPOINT_METHODS(symbol, name, methods)  methods,

const char *const  et_endpoint_names[ET_ENDPOINT_COUNT] = {
    ET_ENDPOINTS(ET_ENDPOINT_NAME)
};

const unsigned  et_endpoint_methods[ET_ENDPOINT_COUNT] = {
    ET_ENDPOINTS(ET_ENDPOINT_METHODS)
};


typedef struct {
    et_endpoint_t  endpoint;
    et_slice_t     segments[ET_ROUTE_SEGMENTS];  /* "" behind the last */
} et_route_pattern_t;


static int et_route_match(const et_route_pattern_t *pattern,
    const et_slice_t *segments, unsigned n, et_route_t *route);


/* What is in braces is any segment, and is told by its first letter. */

static const et_route_pattern_t  et_route_patterns[] = {
    { ET_ENDPOINT_ENVELOPE,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("envelope") } },
    { ET_ENDPOINT_STORE,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("store") } },
    { ET_ENDPOINT_STORE,
      { ET_SLICE("api"), ET_SLICE("store") } },
    { ET_ENDPOINT_SECURITY,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("security") } },
    { ET_ENDPOINT_SECURITY,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("csp-report") } },
    { ET_ENDPOINT_NEL,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("nel") } },
    { ET_ENDPOINT_MINIDUMP,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("minidump") } },
    { ET_ENDPOINT_UNREAL,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("unreal"),
        ET_SLICE("{key}") } },
    { ET_ENDPOINT_ATTACHMENTS,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("events"),
        ET_SLICE("{event_id}"), ET_SLICE("attachments") } },
    { ET_ENDPOINT_CRON,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("cron"),
        ET_SLICE("{slug}") } },
    { ET_ENDPOINT_CRON,
      { ET_SLICE("api"), ET_SLICE("{project}"), ET_SLICE("cron"),
        ET_SLICE("{slug}"), ET_SLICE("{key}") } },
    { ET_ENDPOINT_ERROR_PAGE,
      { ET_SLICE("api"), ET_SLICE("embed"), ET_SLICE("error-page") } },
    { ET_ENDPOINT_LIVE,
      { ET_SLICE("api"), ET_SLICE("relay"), ET_SLICE("healthcheck"),
        ET_SLICE("live") } },
    { ET_ENDPOINT_READY,
      { ET_SLICE("api"), ET_SLICE("relay"), ET_SLICE("healthcheck"),
        ET_SLICE("ready") } },
};


et_reason_t
et_route_parse(et_slice_t path, et_route_t *route)
{
    size_t         i;
    unsigned       n;
    et_slice_t     segments[ET_ROUTE_SEGMENTS];
    et_endpoint_t  bad;

    memset(route, 0, sizeof(et_route_t));

    if (path.len == 0) {
        return ET_NOT_FOUND;
    }

    /* the path's last segments, the last first, each with a slash before */

    for (n = 0; n < ET_ROUTE_SEGMENTS; n++) {
        segments[n] = et_path_last_segment(&path);

        if (path.len == 0) {
            break;
        }
    }

    bad = ET_ENDPOINT_NONE;

    for (i = 0; i < sizeof(et_route_patterns) / sizeof(et_route_patterns[0]);
         i++)
    {
        memset(route, 0, sizeof(et_route_t));

        if (!et_route_match(&et_route_patterns[i], segments, n, route)) {
            continue;
        }

        if (route->endpoint != ET_ENDPOINT_NONE) {
            return ET_OK;
        }

        bad = et_route_patterns[i].endpoint;
    }

    memset(route, 0, sizeof(et_route_t));

    route->endpoint = bad;

    return bad == ET_ENDPOINT_NONE ? ET_NOT_FOUND : ET_BAD_PROJECT;
}


/* Whether the path ends with the pattern; the endpoint is set if its project
 * is a number, too. */

static int
et_route_match(const et_route_pattern_t *pattern, const et_slice_t *segments,
    unsigned n, et_route_t *route)
{
    int         good;
    unsigned    i, last;
    et_slice_t  segment, expected;

    for (last = ET_ROUTE_SEGMENTS; pattern->segments[last - 1].len == 0;
         last--)
    {
        /* void */
    }

    if (last > n) {
        return 0;
    }

    good = 1;

    for (i = last; i > 0; i--) {
        expected = pattern->segments[i - 1];
        segment = segments[last - i];

        if (expected.data[0] != '{') {
            if (!et_slice_eq(segment, expected)) {
                return 0;
            }

            continue;
        }

        switch (expected.data[1]) {

        case 'p':
            route->has_project = 1;
            good = et_parse_u64(segment, &route->project);
            break;

        case 'k':
            route->key = segment;
            break;

        case 'e':
            route->event_id = segment;
            break;

        default: /* 's' */
            route->slug = segment;
        }
    }

    if (good) {
        route->endpoint = pattern->endpoint;
    }

    return 1;
}


et_slice_t
et_path_last_segment(et_slice_t *path)
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
