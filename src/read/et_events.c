/*
 * Events as they were kept.
 */

#include <stdio.h>

#include "et_events.h"
#include "et_events_sql.h"


/* rows; a page that is not filled by then ends early */
#define ET_EVENTS_WINDOW  100000


static void et_events_ask_times(et_call_t *call,
    const et_events_filter_t *filter);
static void et_events_ask_page(et_call_t *call,
    const et_events_filter_t *filter);
static int et_events_ascending(const et_events_filter_t *filter);
static int et_events_read_rows(et_call_t *call, et_slice_t answer,
    uint64_t limit, et_events_t *list);
static void et_events_reverse(et_events_t *list);
static void et_events_cursor(et_cursor_t *cursor, const et_event_row_t *event,
    int back);
static uint64_t et_events_hex(et_slice_t text);


/*
 * The window is as large as the page; where so many rows of it have no body, or
 * the same time, that it does not say what is behind the page, it gets larger.
 */

et_events_rc_t
et_events_step(et_call_t *call, et_events_filter_t *filter, et_events_t *list)
{
    unsigned     more;
    et_result_t  result;

    if (filter->window == 0) {
        /* one more says whether there is another page; and the event that the
         * cursor is of */

        filter->window = filter->limit + 1 + !!filter->cursor.given;

        et_events_ask_times(call, filter);

        return ET_EVENTS_ASK;
    }

    if (!filter->reading) {
        et_result_open(&result, ET_SQL_EVENT_TIMES_COLUMNS, call->answers[0]);

        if (!et_result_next(&result)) {
            et_call_unreadable(call);
            return ET_EVENTS_ANSWERED;
        }

        filter->seen = result.row[0].u;
        filter->from = result.row[1].i;
        filter->to = result.row[2].i;
        filter->reading = 1;

        et_events_ask_page(call, filter);

        return ET_EVENTS_ASK;
    }

    if (!et_events_read_rows(call, call->answers[0], filter->limit, list)) {
        return ET_EVENTS_ANSWERED;
    }

    if (!list->more && filter->seen == filter->window
        && filter->window < ET_EVENTS_WINDOW)
    {
        filter->window *= 16;
        filter->reading = 0;

        et_events_ask_times(call, filter);

        return ET_EVENTS_ASK;
    }

    if (filter->cursor.back) {
        et_events_reverse(list);

        more = list->more;
        list->more = 1;
        list->before = more;

    } else {
        list->before = filter->cursor.given;
    }

    return ET_EVENTS_READ;
}


static void
et_events_ask_times(et_call_t *call, const et_events_filter_t *filter)
{
    int        ascending;
    et_sql_t  *query;

    ascending = et_events_ascending(filter);

    query = et_call_query(call, ET_SQL_EVENT_TIMES_COLUMNS);

    et_sql_add(query, ET_SQL_EVENT_TIMES);

    if (filter->cursor.given) {
        et_sql_add(query, ascending ? ET_SQL_TIMES_FROM : ET_SQL_TIMES_TO);
        et_sql_i64(query, "key", filter->cursor.key);
    }

    et_sql_add(query, ascending ? ET_SQL_TIMES_ASC : ET_SQL_TIMES_DESC);

    et_sql_u64(query, "project", filter->project);
    et_sql_u64(query, "fingerprint", filter->fingerprint);
    et_sql_u64(query, "window", filter->window);
}


static void
et_events_ask_page(et_call_t *call, const et_events_filter_t *filter)
{
    int                 ascending;
    char                id[40];
    et_sql_t           *query;
    const et_cursor_t  *cursor;

    cursor = &filter->cursor;
    ascending = et_events_ascending(filter);

    query = et_call_query(call, ET_SQL_EVENT_COLUMNS);

    et_sql_add(query, ET_SQL_EVENTS);

    if (cursor->given) {
        et_sql_add(query, ascending ? ET_SQL_EVENTS_BEHIND
                                    : ET_SQL_EVENTS_BEFORE);
        et_sql_i64(query, "key", cursor->key);

        snprintf(id, sizeof(id), "%08x-%04x-%04x-%04x-%012llx",
                 (unsigned) (cursor->id[0] >> 32),
                 (unsigned) (cursor->id[0] >> 16) & 0xffff,
                 (unsigned) cursor->id[0] & 0xffff,
                 (unsigned) (cursor->id[1] >> 48),
                 (unsigned long long) cursor->id[1] & 0xffffffffffffULL);

        et_sql_str(query, "id", et_slice_str(id));
    }

    et_sql_add(query, ascending ? ET_SQL_EVENTS_ASC : ET_SQL_EVENTS_DESC);

    et_sql_u64(query, "project", filter->project);
    et_sql_u64(query, "fingerprint", filter->fingerprint);
    et_sql_i64(query, "from", filter->from);
    et_sql_i64(query, "to", filter->to);
    et_sql_u64(query, "limit", filter->limit + 1);
    et_sql_u64(query, "bytes", ET_EVENTS_PAGE);
}


static int
et_events_ascending(const et_events_filter_t *filter)
{
    return !!filter->oldest_first ^ !!filter->cursor.back;
}


static int
et_events_read_rows(et_call_t *call, et_slice_t answer, uint64_t limit,
    et_events_t *list)
{
    uint64_t         found;
    et_value_t      *row;
    et_result_t      result;
    et_event_row_t  *event;

    memset(list, 0, sizeof(et_events_t));

    list->items = et_arena_zalloc(call->arena,
                                  (limit + 1) * sizeof(et_event_row_t));
    if (list->items == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    et_result_open(&result, ET_SQL_EVENT_COLUMNS, answer);

    row = result.row;
    found = 0;

    while (list->n < limit && et_result_next(&result)) {

        event = &list->items[list->n++];

        event->project = row[0].u;
        event->fingerprint = row[1].u;
        event->id = row[2].s;
        event->timestamp = row[3].i;
        event->received = row[4].i;
        event->level = row[5].s;
        event->platform = row[6].s;
        event->type = row[7].s;
        event->value = row[8].s;
        event->message = row[9].s;
        event->culprit = row[10].s;
        event->environment = row[11].s;
        event->release = row[12].s;
        event->payload = row[13].s;

        found = row[14].u;

        if (event->id.len == 32) {
            event->id_high = et_events_hex(et_slice(event->id.data, 16));
            event->id_low = et_events_hex(et_slice(event->id.data + 16, 16));
        }
    }

    if (result.bad) {
        et_call_unreadable(call);
        return 0;
    }

    /* there is another, or the page was cut by its size */

    list->more = found > list->n;

    return 1;
}


static void
et_events_reverse(et_events_t *list)
{
    size_t          i;
    et_event_row_t  swap;

    for (i = 0; i < list->n / 2; i++) {
        swap = list->items[i];
        list->items[i] = list->items[list->n - 1 - i];
        list->items[list->n - 1 - i] = swap;
    }
}


void
et_events_link(et_call_t *call, const et_events_filter_t *filter,
    const et_events_t *list)
{
    et_cursor_t  next, previous;

    if (list->n == 0) {
        return;
    }

    et_events_cursor(&next, &list->items[list->n - 1], 0);
    et_events_cursor(&previous, &list->items[0], 1);

    et_call_link(call, list->more ? &next : NULL,
                 list->before ? &previous : NULL, filter->limit);
}


static void
et_events_cursor(et_cursor_t *cursor, const et_event_row_t *event, int back)
{
    cursor->back = back;
    cursor->asof = 0;
    cursor->key = event->timestamp;
    cursor->id[0] = event->id_high;
    cursor->id[1] = event->id_low;
}


void
et_messages_ask(et_call_t *call, uint64_t project, uint64_t limit)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_EVENT_COLUMNS);

    et_sql_add(query, ET_SQL_MESSAGES);
    et_sql_u64(query, "project", project);
    et_sql_u64(query, "limit", limit);
}


int
et_messages_read(et_call_t *call, et_slice_t answer, uint64_t limit,
    et_events_t *list)
{
    return et_events_read_rows(call, answer, limit, list);
}


static uint64_t
et_events_hex(et_slice_t text)
{
    char      c;
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < text.len; i++) {
        c = et_lower(text.data[i]);
        n = n << 4 | (uint64_t) (c <= '9' ? c - '0' : c - 'a' + 10);
    }

    return n;
}
