/*
 * Strings without their escapes (RFC 8259, section 7), and where their bytes
 * come from.
 */

#include "et_scrub_internal.h"


et_slice_t
et_scrub_decode(et_arena_t *arena, const char *text,
    const et_scrub_bits_t *bits, size_t from, size_t to, uint32_t *map)
{
    char                   *out;
    size_t                  i, n, pos, len, stop, base, used;
    uint64_t                stops;
    const et_scrub_bits_t  *block;

    out = et_arena_alloc(arena, to - from + 1);
    if (out == NULL) {
        return et_slice(NULL, 0);
    }

    pos = from;
    len = 0;

    et_scrub_seek(bits, from);

    for ( ;; ) {
        do {
            et_scrub_next(stop);
        } while (stop < pos);

        n = (stop < to ? stop : to) - pos;

        memcpy(out + len, text + pos, n);

        for (i = 0; map != NULL && i < n; i++) {
            map[len + i] = (uint32_t) (pos + i);
        }

        len += n;
        pos += n;

        if (pos >= to) {
            break;
        }

        n = et_json_unescape(text + pos, text + to, out + len, &used);

        for (i = 0; map != NULL && i < n; i++) {
            map[len + i] = (uint32_t) pos;
        }

        len += n;
        pos += used;

        if (pos >= to) {
            break;
        }
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
        || et_scrub_decode(s->arena, s->raw, s->raw_bits, s->raw_start,
                           s->raw_end, map).data == NULL)
    {
        return 0;
    }

    s->map = map;

    return 1;
}
