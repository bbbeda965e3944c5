/*
 * Queries: slices of what came, until somebody needs one unescaped.
 */

#include "et_query.h"


static int et_query_hex(char c);


int
et_query_next(et_slice_t *args, et_slice_t *name, et_slice_t *value)
{
    size_t       len;
    const char  *p;

    if (args->len == 0) {
        return 0;
    }

    p = memchr(args->data, '&', args->len);
    len = (p == NULL) ? args->len : (size_t) (p - args->data);

    *name = et_slice(args->data, len);
    *value = et_slice(args->data + len, 0);

    args->data += len + (p != NULL);
    args->len -= len + (p != NULL);

    p = (len == 0) ? NULL : memchr(name->data, '=', len);

    if (p != NULL) {
        name->len = (size_t) (p - name->data);
        *value = et_slice(p + 1, len - name->len - 1);
    }

    return 1;
}


int
et_query_find(et_slice_t args, const char *name, et_slice_t *value)
{
    et_slice_t  found;

    while (et_query_next(&args, &found, value)) {
        if (et_slice_eq(found, et_slice_str(name))) {
            return 1;
        }
    }

    *value = et_slice(NULL, 0);

    return 0;
}


int
et_query_is_escaped(et_slice_t text)
{
    return text.len != 0
           && (memchr(text.data, '%', text.len) != NULL
               || memchr(text.data, '+', text.len) != NULL);
}


et_slice_t
et_query_unescape(et_slice_t text, char blank, char *out)
{
    int      high, low;
    char     c;
    size_t   i, n;

    n = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c == '+') {
            c = blank;

        } else if (c == '%' && text.len - i > 2) {
            high = et_query_hex(text.data[i + 1]);
            low = et_query_hex(text.data[i + 2]);

            if (high >= 0 && low >= 0) {
                c = (char) (high << 4 | low);
                i += 2;
            }
        }

        out[n++] = c;
    }

    return et_slice(out, n);
}


static int
et_query_hex(char c)
{
    c = et_lower(c);

    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}
