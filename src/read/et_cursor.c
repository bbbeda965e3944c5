/*
 * Cursors.
 */

#include "et_cursor.h"
#include "et_route.h"


static void et_cursor_link(et_call_t *call, et_text_t *text,
    const et_cursor_t *cursor, uint64_t limit, const char *rel);
static void et_cursor_link_sentry(et_call_t *call, et_text_t *text,
    const et_cursor_t *cursor, const char *none, const char *rel);


int
et_call_cursor(et_call_t *call, et_cursor_t *cursor)
{
    et_slice_t  text;

    memset(cursor, 0, sizeof(et_cursor_t));

    text = et_params_get(&call->params, "cursor");

    if (text.len == 0) {
        return 1;
    }

    if (!et_cursor_parse(text, cursor)) {
        et_call_fail(call, 400, "cursor has to be one of a Link header");
        return 0;
    }

    return 1;
}


int
et_cursor_parse(et_slice_t text, et_cursor_t *cursor)
{
    size_t      i, n;
    uint64_t    fields[4];
    et_slice_t  field;

    if (text.len < 2 || text.data[1] != '-'
        || (text.data[0] != 'n' && text.data[0] != 'p'))
    {
        return 0;
    }

    n = 0;
    field = et_slice(text.data + 2, 0);

    for (i = 2; i <= text.len; i++) {

        if (i < text.len && text.data[i] != '-') {
            field.len++;
            continue;
        }

        if (n == 4 || !et_parse_u64(field, &fields[n++])) {
            return 0;
        }

        field = et_slice(text.data + i + 1, 0);
    }

    if (n != 4 || fields[0] > INT64_MAX || fields[1] > INT64_MAX) {
        return 0;
    }

    cursor->given = 1;
    cursor->back = text.data[0] == 'p';
    cursor->asof = (int64_t) fields[0];
    cursor->key = (int64_t) fields[1];
    cursor->id[0] = fields[2];
    cursor->id[1] = fields[3];

    return 1;
}


void
et_cursor_print(et_text_t *text, const et_cursor_t *cursor)
{
    et_text_str(text, cursor->back ? "p-" : "n-");
    et_text_i64(text, cursor->asof);
    et_text_char(text, '-');
    et_text_i64(text, cursor->key);
    et_text_char(text, '-');
    et_text_u64(text, cursor->id[0]);
    et_text_char(text, '-');
    et_text_u64(text, cursor->id[1]);
}


void
et_call_link(et_call_t *call, const et_cursor_t *next,
    const et_cursor_t *previous, uint64_t limit)
{
    et_text_t  text;

    et_text_init(&text, call->arena);

    if (next != NULL) {
        et_cursor_link(call, &text, next, limit, "next");
    }

    if (previous != NULL) {
        if (next != NULL) {
            et_text_str(&text, ", ");
        }

        et_cursor_link(call, &text, previous, limit, "prev");
    }

    call->link = et_text_slice(&text);

    if (call->link.data == NULL) {
        call->failed = 1;
    }
}


static void
et_cursor_link(et_call_t *call, et_text_t *text, const et_cursor_t *cursor,
    uint64_t limit, const char *rel)
{
    size_t       i;
    et_param_t  *item;

    et_text_char(text, '<');
    et_text_add(text, call->url);
    et_text_str(text, "?cursor=");
    et_cursor_print(text, cursor);

    for (i = 0; i < call->params.n; i++) {
        item = &call->params.items[i];

        if (et_slice_eq(item->name, et_slice("cursor", 6))
            || et_slice_eq(item->name, et_slice("limit", 5)))
        {
            continue;
        }

        et_text_char(text, '&');
        et_text_url(text, item->name);
        et_text_char(text, '=');
        et_text_url(text, item->value);
    }

    et_text_str(text, "&limit=");
    et_text_u64(text, limit);
    et_text_str(text, ">; rel=\"");
    et_text_str(text, rel);
    et_text_char(text, '"');
}


int
et_call_cursor_sentry(et_call_t *call, et_cursor_t *cursor)
{
    size_t      i, colons;
    et_slice_t  text;

    memset(cursor, 0, sizeof(et_cursor_t));

    text = et_params_get(&call->params, "cursor");

    for (colons = 0, i = 0; i < text.len; i++) {

        if (text.data[i] == ':') {
            colons++;

        } else if (text.data[i] < '0' || text.data[i] > '9') {
            break;
        }
    }

    return i == text.len && colons == 2 ? 1 : et_call_cursor(call, cursor);
}


void
et_call_link_sentry(et_call_t *call, const et_cursor_t *next,
    const et_cursor_t *previous)
{
    et_text_t  text;

    et_text_init(&text, call->arena);

    et_cursor_link_sentry(call, &text, previous, "0:0:1", "previous");
    et_text_str(&text, ", ");
    et_cursor_link_sentry(call, &text, next, "0:0:0", "next");

    call->link = et_text_slice(&text);

    if (call->link.data == NULL) {
        call->failed = 1;
    }
}


static void
et_cursor_link_sentry(et_call_t *call, et_text_t *text,
    const et_cursor_t *cursor, const char *none, const char *rel)
{
    size_t       i;
    et_param_t  *item;

    et_text_char(text, '<');
    et_text_add(text, call->url);
    et_text_char(text, '?');

    for (i = 0; i < call->params.n; i++) {
        item = &call->params.items[i];

        if (et_slice_eq(item->name, et_slice("cursor", 6))) {
            continue;
        }

        et_text_url(text, item->name);
        et_text_char(text, '=');
        et_text_url(text, item->value);
        et_text_char(text, '&');
    }

    et_text_str(text, "cursor=");

    if (cursor == NULL) {
        et_text_str(text, none);

    } else {
        et_cursor_print(text, cursor);
    }

    et_text_str(text, ">; rel=\"");
    et_text_str(text, rel);
    et_text_str(text, cursor == NULL ? "\"; results=\"false\"; cursor=\""
                                     : "\"; results=\"true\"; cursor=\"");

    if (cursor == NULL) {
        et_text_str(text, none);

    } else {
        et_cursor_print(text, cursor);
    }

    et_text_char(text, '"');
}
