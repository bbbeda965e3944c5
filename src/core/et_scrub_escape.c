/*
 * Strings without their escapes (RFC 8259, section 7), and where their bytes
 * come from.
 */

#include "et_scrub_internal.h"


et_slice_t
et_scrub_decode(et_arena_t *arena, const char *text, size_t from, size_t to,
    uint32_t *map)
{
    char        *out;
    size_t       i, n, len, used;
    const char  *p, *q, *end;

    out = et_arena_alloc(arena, to - from + 1);
    if (out == NULL) {
        return et_slice(NULL, 0);
    }

    p = text + from;
    end = text + to;
    len = 0;

    while (p < end) {
        q = memchr(p, '\\', end - p);
        n = (q == NULL ? end : q) - p;

        memcpy(out + len, p, n);

        for (i = 0; map != NULL && i < n; i++) {
            map[len + i] = (uint32_t) (p + i - text);
        }

        len += n;
        p += n;

        if (p == end) {
            break;
        }

        n = et_json_unescape(p, end, out + len, &used);

        for (i = 0; map != NULL && i < n; i++) {
            map[len + i] = (uint32_t) (p - text);
        }

        len += n;
        p += used;
    }

    if (map != NULL) {
        map[len] = (uint32_t) to;
    }

    return et_slice(out, len);
}


/* Only of strings in which something is found. */

int
et_scrub_map(et_scrub_string_t *s)
{
    uint32_t  *map;

    map = et_arena_alloc(s->arena, (s->raw_end - s->raw_start + 1)
                                   * sizeof(uint32_t));

    if (map == NULL
        || et_scrub_decode(s->arena, s->raw, s->raw_start, s->raw_end,
                           map).data == NULL)
    {
        return 0;
    }

    s->map = map;

    return 1;
}
