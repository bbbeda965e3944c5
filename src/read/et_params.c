/*
 * A request's query string, decoded (RFC 3986, section 3.4, and the forms of
 * HTML: application/x-www-form-urlencoded).
 */

#include "et_json.h"
#include "et_params.h"
#include "et_query.h"


static int et_params_text(et_slice_t s);


const char *
et_params_parse(et_arena_t *arena, et_slice_t query, et_params_t *params)
{
    size_t       i, n;
    et_slice_t   name, value;
    et_param_t  *item;

    params->items = NULL;
    params->n = 0;

    for (n = 1, i = 0; i < query.len; i++) {
        n += query.data[i] == '&';
    }

    if (n > ET_PARAMS_MAX) {
        return "the query has too many parameters";
    }

    params->items = et_arena_alloc(arena, n * sizeof(et_param_t));
    if (params->items == NULL) {
        return "";
    }

    while (et_query_next(&query, &name, &value)) {
        item = &params->items[params->n++];

        item->name = et_url_decode(arena, name, ' ');
        item->value = et_url_decode(arena, value, ' ');

        if (item->name.data == NULL || item->value.data == NULL) {
            return "";
        }

        if (!et_params_text(item->name) || !et_params_text(item->value)) {
            return "the query has a parameter that is not UTF-8 text";
        }

        if (item->name.len > 2
            && memcmp(item->name.data + item->name.len - 2, "[]", 2) == 0)
        {
            item->name.len -= 2;
        }
    }

    return NULL;
}


et_slice_t
et_params_get(const et_params_t *params, const char *name)
{
    size_t      i;
    et_slice_t  value;

    i = 0;

    return et_params_next(params, name, &i, &value) ? value
                                                    : et_slice(NULL, 0);
}


int
et_params_next(const et_params_t *params, const char *name, size_t *i,
    et_slice_t *value)
{
    et_param_t  *item;

    while (*i < params->n) {
        item = &params->items[(*i)++];

        if (et_slice_eq(item->name, et_slice_str(name))) {
            *value = item->value;
            return 1;
        }
    }

    return 0;
}


et_slice_t
et_url_decode(et_arena_t *arena, et_slice_t s, char blank)
{
    char  *out;

    out = et_arena_alloc(arena, s.len + 1);
    if (out == NULL) {
        return et_slice(NULL, 0);
    }

    s = et_query_unescape(s, blank, out);

    out[s.len] = '\0';

    return s;
}


static int
et_params_text(et_slice_t s)
{
    return memchr(s.data, '\0', s.len) == NULL && et_utf8_valid(s.data, s.len);
}
