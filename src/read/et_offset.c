/*
 * Pages by offset.
 */

#include "et_offset.h"
#include "et_route.h"


static int et_offset_parse(et_slice_t text, uint64_t *offset);
static void et_offset_link(et_call_t *call, et_text_t *text, const char *rel,
    uint64_t offset, int back, int results);


int
et_call_offset(et_call_t *call, uint64_t max, uint64_t *limit,
    uint64_t *offset)
{
    et_slice_t  text;

    *offset = 0;

    if (!et_call_number(call, "limit", 1, max, limit)
        || !et_call_number(call, "per_page", 1, max, limit))
    {
        return 0;
    }

    text = et_params_get(&call->params, "cursor");

    if (text.len != 0 && !et_offset_parse(text, offset)) {
        et_call_fail(call, 400, "cursor has to be one of the header Link");
        return 0;
    }

    return 1;
}


/* "0:100:0", or "0:100:1" of a page before. */

static int
et_offset_parse(et_slice_t text, uint64_t *offset)
{
    uint64_t     back;
    const char  *colon;

    if (text.len < 5 || text.data[0] != '0' || text.data[1] != ':') {
        return 0;
    }

    text = et_slice(text.data + 2, text.len - 2);

    colon = memchr(text.data, ':', text.len);

    return colon != NULL
           && et_parse_u64(et_slice(text.data, (size_t) (colon - text.data)),
                           offset)
           && *offset <= ET_OFFSET_MAX
           && et_parse_u64(et_slice(colon + 1, (size_t) (text.data + text.len
                                                         - colon - 1)), &back)
           && back <= 1;
}


void
et_call_link_offset(et_call_t *call, uint64_t limit, uint64_t offset,
    int more)
{
    et_text_t  text;

    et_text_init(&text, call->arena);

    et_offset_link(call, &text, "previous", offset > limit ? offset - limit
                                                           : 0,
                   1, offset != 0);
    et_text_str(&text, ", ");
    et_offset_link(call, &text, "next", offset + limit, 0,
                   more && offset + limit <= ET_OFFSET_MAX);

    call->link = et_text_slice(&text);
    call->failed |= call->link.data == NULL;
}


/* The attributes in the order that clients read them by. */

static void
et_offset_link(et_call_t *call, et_text_t *text, const char *rel,
    uint64_t offset, int back, int results)
{
    size_t       i;
    et_param_t  *param;

    et_text_char(text, '<');
    et_text_add(text, call->url);
    et_text_char(text, '?');

    for (i = 0; i < call->params.n; i++) {
        param = &call->params.items[i];

        if (et_slice_eq(param->name, et_slice("cursor", 6))) {
            continue;
        }

        et_text_url(text, param->name);
        et_text_char(text, '=');
        et_text_url(text, param->value);
        et_text_char(text, '&');
    }

    et_text_str(text, "cursor=0:");
    et_text_u64(text, offset);
    et_text_str(text, back ? ":1>; rel=\"" : ":0>; rel=\"");
    et_text_str(text, rel);
    et_text_str(text, results ? "\"; results=\"true\"; cursor=\"0:"
                              : "\"; results=\"false\"; cursor=\"0:");
    et_text_u64(text, offset);
    et_text_str(text, back ? ":1\"" : ":0\"");
}
