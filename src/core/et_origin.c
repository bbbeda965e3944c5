/*
 * A pattern and a header are cut by the same function into scheme, host and
 * port; a pattern may lack the first and the last.
 */

#include "et_origin.h"
#include "et_route.h"


#define ET_ORIGIN_PORT_MAX  65535


static int et_origin_cut(et_slice_t text, et_origin_t *origin,
    et_slice_t *path);
static int et_origin_cut_port(et_slice_t *host, unsigned *port);
static int et_origin_parse(et_slice_t text, et_origin_t *origin);
static int et_origin_word(et_slice_t text, const char *others);
static int et_origin_match(const et_origin_t *pattern,
    const et_origin_t *origin);
static unsigned et_origin_default_port(et_slice_t scheme);


int
et_origins_add(et_arena_t *arena, et_origins_t *origins, et_slice_t list,
    et_slice_t *bad)
{
    size_t        i, n, start;
    et_origin_t  *items, *item;

    n = 1;

    for (i = 0; i < list.len; i++) {
        n += list.data[i] == ',';
    }

    *bad = et_slice(NULL, 0);

    list = et_arena_copy(arena, list);
    items = et_arena_zalloc(arena, (origins->n + n) * sizeof(et_origin_t));

    if (list.data == NULL || items == NULL) {
        return 0;
    }

    if (origins->n != 0) {
        memcpy(items, origins->items, origins->n * sizeof(et_origin_t));
    }

    item = items + origins->n;
    start = 0;

    for (i = 0; i <= list.len; i++) {
        if (i < list.len && list.data[i] != ',') {
            continue;
        }

        if (!et_origin_parse(et_slice(list.data + start, i - start), item++)) {
            *bad = et_slice(list.data + start, i - start);
            return 0;
        }

        start = i + 1;
    }

    origins->items = items;
    origins->n += n;

    return 1;
}


static int
et_origin_parse(et_slice_t text, et_origin_t *origin)
{
    et_slice_t  path, host;

    if (!et_origin_cut(text, origin, &path)
        || path.len != 0
        || !et_origin_word(origin->scheme, "+-."))
    {
        return 0;
    }

    if (et_slice_eq(origin->host, et_slice_str("*"))) {
        origin->host.len = 0;
        return 1;
    }

    if (origin->host.len > 2 && memcmp(origin->host.data, "*.", 2) == 0) {
        origin->below = 1;
        origin->host.data += 2;
        origin->host.len -= 2;
    }

    host = origin->host;

    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
    {
        return et_origin_word(et_slice(host.data + 1, host.len - 2), ":.");
    }

    return host.len != 0 && et_origin_word(host, "-._");
}


/* Letters, digits and the characters given; an empty text, too. */

static int
et_origin_word(et_slice_t text, const char *others)
{
    char    c;
    size_t  i;

    for (i = 0; i < text.len; i++) {
        c = et_lower(text.data[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')
            && (c == '\0' || strchr(others, c) == NULL))
        {
            return 0;
        }
    }

    return 1;
}


/* [scheme://][user@]host[:port][path] */

static int
et_origin_cut(et_slice_t text, et_origin_t *origin, et_slice_t *path)
{
    size_t  i;

    memset(origin, 0, sizeof(et_origin_t));

    for (i = 0; i + 3 <= text.len; i++) {
        if (memcmp(text.data + i, "://", 3) == 0) {
            origin->scheme = et_slice(text.data, i);
            text = et_slice(text.data + i + 3, text.len - i - 3);

            if (i == 0) {
                return 0;
            }

            break;
        }
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '/' || text.data[i] == '?' || text.data[i] == '#'
            || text.data[i] == '\\')
        {
            break;
        }
    }

    *path = et_slice(text.data + i, text.len - i);
    text.len = i;

    /* what stands before the last one is a user, whatever it looks like */

    for (i = text.len; i > 0; i--) {
        if (text.data[i - 1] == '@') {
            text = et_slice(text.data + i, text.len - i);
            break;
        }
    }

    origin->host = text;

    return et_origin_cut_port(&origin->host, &origin->port);
}


static int
et_origin_cut_port(et_slice_t *host, unsigned *port)
{
    size_t    i;
    uint64_t  n;

    for (i = host->len; i > 0; i--) {
        if (host->data[i - 1] == ':' || host->data[i - 1] == ']') {
            break;
        }
    }

    if (i == 0 || host->data[i - 1] == ']') {
        return 1;
    }

    if (!et_parse_u64(et_slice(host->data + i, host->len - i), &n)
        || n == 0 || n > ET_ORIGIN_PORT_MAX)
    {
        return 0;
    }

    *port = (unsigned) n;
    host->len = i - 1;

    return 1;
}


int
et_origins_match(const et_origins_t *origins, et_slice_t value)
{
    int          whole;
    size_t       i;
    et_slice_t   path;
    et_origin_t  origin;

    whole = et_origin_cut(value, &origin, &path);

    if (origin.port == 0) {
        origin.port = et_origin_default_port(origin.scheme);
    }

    for (i = 0; i < origins->n; i++) {

        /* "*" is for what is no origin, too */

        if (origins->items[i].host.len == 0
            && origins->items[i].scheme.len == 0
            && origins->items[i].port == 0)
        {
            return 1;
        }

        if (whole && et_origin_match(&origins->items[i], &origin)) {
            return 1;
        }
    }

    return 0;
}


static int
et_origin_match(const et_origin_t *pattern, const et_origin_t *origin)
{
    et_slice_t  tail;

    if ((pattern->scheme.len != 0
         && !et_slice_eq_nocase(pattern->scheme, origin->scheme))
        || (pattern->port != 0 && pattern->port != origin->port))
    {
        return 0;
    }

    if (pattern->host.len == 0
        || et_slice_eq_nocase(pattern->host, origin->host))
    {
        return 1;
    }

    if (!pattern->below || origin->host.len <= pattern->host.len) {
        return 0;
    }

    tail = et_slice(origin->host.data + origin->host.len - pattern->host.len,
                    pattern->host.len);

    return tail.data[-1] == '.' && et_slice_eq_nocase(pattern->host, tail);
}


static unsigned
et_origin_default_port(et_slice_t scheme)
{
    if (et_slice_eq_nocase(scheme, et_slice_str("https"))) {
        return 443;
    }

    return et_slice_eq_nocase(scheme, et_slice_str("http")) ? 80 : 0;
}
