/*
 * Events as they were kept.
 */

#include <stdio.h>

#include "et_event.h"
#include "et_events.h"
#include "et_events_sql.h"


/* rows; a list whose page is not filled by so many ends there */
#define ET_EVENTS_WINDOW      100000

/* of the rows that a page needs, and of an error's time */
#define ET_EVENTS_GUESS_ROWS  4
#define ET_EVENTS_GUESS_PART  256

/* microseconds that events are kept at least */
#define ET_EVENTS_KEPT        (INT64_C(90) * 86400 * ET_SECOND)


static void et_events_begin(et_call_t *call, et_events_filter_t *filter);
static void et_events_ask_span(et_call_t *call,
    const et_events_filter_t *filter);
static int et_events_read_span(et_call_t *call, et_events_filter_t *filter);
static void et_events_guess(et_call_t *call, et_events_filter_t *filter);
static int64_t et_events_width(const et_events_filter_t *filter);
static int et_events_ended(const et_events_filter_t *filter);
static void et_events_end(const et_events_filter_t *filter,
    et_events_t *list);
static void et_events_period(et_events_filter_t *filter);
static void et_events_ask_times(et_call_t *call, et_events_filter_t *filter);
static int et_events_read_times(et_call_t *call, et_events_filter_t *filter);
static void et_events_ask_page(et_call_t *call,
    const et_events_filter_t *filter);
static void et_events_select(et_sql_t *query,
    const et_events_filter_t *filter);
static void et_events_where(et_call_t *call, et_sql_t *query,
    const et_events_filter_t *filter);
static int et_events_ascending(const et_events_filter_t *filter);
static int et_events_read_rows(et_call_t *call, et_slice_t answer,
    uint64_t limit, int wide, et_events_t *list);
static void et_events_read_row(et_value_t *row, int wide,
    et_event_row_t *event);
static void et_events_reverse(et_events_t *list);
static void et_events_cursor(et_cursor_t *cursor, const et_event_row_t *event,
    int back);
static void et_events_key(et_sql_t *query, int64_t key, uint64_t high,
    uint64_t low);
static uint64_t et_events_hex(et_slice_t text);


/*
 * A page is read from a stretch of time that should have some times the events
 * it needs, if they came evenly.  Where it does not have enough, the times of
 * the events themselves say where the page is.
 */

et_call_rc_t
et_events_step(et_call_t *call, et_events_filter_t *filter, et_events_t *list)
{
    switch (filter->phase) {

    case ET_EVENTS_BEGIN:
        et_events_begin(call, filter);
        return ET_CALL_ASK;

    case ET_EVENTS_SPAN:
        if (!et_events_read_span(call, filter)) {
            return ET_CALL_ANSWERED;
        }

        et_events_guess(call, filter);
        return ET_CALL_ASK;

    case ET_EVENTS_TIMES:
        if (!et_events_read_times(call, filter)) {
            return ET_CALL_ANSWERED;
        }

        et_events_ask_page(call, filter);
        filter->phase = ET_EVENTS_PAGE;
        return ET_CALL_ASK;

    default:
        break;
    }

    if (!et_events_read_rows(call, call->answers[0], filter->limit,
                             filter->wide, list))
    {
        return ET_CALL_ANSWERED;
    }

    if (!list->more && !et_events_ended(filter)) {

        /* so many rows have no body, or the same time */

        if (filter->phase == ET_EVENTS_PAGE) {
            filter->window *= 16;
        }

        et_events_ask_times(call, filter);
        return ET_CALL_ASK;
    }

    et_events_end(filter, list);

    return ET_CALL_READ;
}


static void
et_events_begin(et_call_t *call, et_events_filter_t *filter)
{
    if (filter->found != NULL || filter->whole_project) {
        filter->window = ET_EVENTS_WINDOW;
        filter->phase = ET_EVENTS_PAGE;

        et_events_period(filter);
        et_events_ask_page(call, filter);
        return;
    }

    /* one more says whether there is another page; and the event that the
     * cursor is of */

    filter->window = filter->limit + 1 + !!filter->cursor.given;

    if (filter->span.n == 0) {
        filter->phase = ET_EVENTS_SPAN;
        et_events_ask_span(call, filter);

    } else {
        et_events_guess(call, filter);
    }
}


static void
et_events_ask_span(et_call_t *call, const et_events_filter_t *filter)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_EVENTS_SPAN_COLUMNS);

    et_sql_add(query, ET_SQL_EVENTS_SPAN);
    et_sql_u64(query, "project", filter->project);
    et_sql_u64(query, "fingerprint", filter->fingerprint);
}


static int
et_events_read_span(et_call_t *call, et_events_filter_t *filter)
{
    et_result_t  result;

    et_result_open(&result, ET_SQL_EVENTS_SPAN_COLUMNS, call->answers[0]);

    if (!et_result_next(&result)) {
        et_call_unreadable(call);
        return 0;
    }

    filter->span.first_seen = result.row[0].i;
    filter->span.last_seen = result.row[1].i;
    filter->span.n = result.row[2].u;

    return 1;
}


/*
 * Some times the rows; and a small part of the time at least, as much of it is
 * needed where an error is seldom now that was frequent.  Not where that could
 * be very many rows: they are all looked at.
 */

static void
et_events_guess(et_call_t *call, et_events_filter_t *filter)
{
    int64_t  width, start;

    filter->phase = ET_EVENTS_GUESS;

    width = et_events_width(filter);
    filter->all = width < 0;

    et_events_period(filter);

    if (width < 0) {
        et_events_ask_page(call, filter);
        return;
    }

    if (et_events_ascending(filter)) {

        start = filter->cursor.given ? filter->from : filter->span.first_seen;

        /* an error may be older than its oldest event that is kept */

        if (start < call->now - ET_EVENTS_KEPT) {
            start = call->now - ET_EVENTS_KEPT;
        }

        filter->to = start < ET_EVENTS_END - width ? start + width
                                                   : ET_EVENTS_END;
        filter->all = filter->to >= filter->span.last_seen;

    } else {
        start = filter->cursor.given ? filter->to : filter->span.last_seen;
        filter->from = start - width;
        filter->all = filter->from <= filter->span.first_seen;
    }

    /* what came since, and what its clock has elsewhere, is asked for, too */

    if (filter->all) {
        et_events_period(filter);
    }

    et_events_ask_page(call, filter);
}


/* Microseconds; -1: of so few events all are looked at. */

static int64_t
et_events_width(const et_events_filter_t *filter)
{
    double            span, width, part;
    const et_span_t  *seen;

    seen = &filter->span;

    if (seen->n <= filter->window * ET_EVENTS_GUESS_ROWS
        || seen->last_seen <= seen->first_seen)
    {
        return -1;
    }

    span = (double) (seen->last_seen - seen->first_seen);
    width = span * (double) (filter->window * ET_EVENTS_GUESS_ROWS)
            / (double) seen->n;
    part = span / ET_EVENTS_GUESS_PART;

    return (int64_t) (width < part && seen->n <= ET_EVENTS_WINDOW ? part
                                                                  : width);
}


/* Whether what is not on the page is nowhere: a page of times is all there is
 * where the times were fewer than the window. */

static int
et_events_ended(const et_events_filter_t *filter)
{
    return filter->phase == ET_EVENTS_GUESS
           ? filter->all
           : filter->seen < filter->window
             || filter->window >= ET_EVENTS_WINDOW;
}


static void
et_events_end(const et_events_filter_t *filter, et_events_t *list)
{
    unsigned  more;

    if (filter->cursor.back) {
        et_events_reverse(list);

        more = list->more;
        list->more = 1;
        list->before = more;

    } else {
        list->before = filter->cursor.given;
    }
}


/* The times that the page is of, as far as they are known before. */

static void
et_events_period(et_events_filter_t *filter)
{
    const et_cursor_t  *cursor;

    filter->from = filter->found != NULL ? filter->found->from : 0;
    filter->to = filter->found != NULL ? filter->found->to : ET_EVENTS_END;

    cursor = &filter->cursor;

    if (!cursor->given) {
        return;
    }

    if (!et_events_ascending(filter) && cursor->key < filter->to) {
        filter->to = cursor->key;
    }

    if (et_events_ascending(filter) && cursor->key > filter->from) {
        filter->from = cursor->key;
    }
}


static void
et_events_ask_times(et_call_t *call, et_events_filter_t *filter)
{
    int        ascending;
    et_sql_t  *query;

    filter->phase = ET_EVENTS_TIMES;

    ascending = et_events_ascending(filter);

    query = et_call_query(call, ET_SQL_EVENT_TIMES_COLUMNS);

    et_sql_u64(query, "project", filter->project);
    et_sql_u64(query, "window", filter->window);

    et_sql_add(query, ET_SQL_EVENT_TIMES);

    if (filter->cursor.given) {
        et_sql_add(query, ascending ? ET_SQL_TIMES_FROM : ET_SQL_TIMES_TO);
        et_sql_i64(query, "key", filter->cursor.key);
    }

    et_sql_add(query, ascending ? ET_SQL_TIMES_ASC : ET_SQL_TIMES_DESC);
    et_sql_u64(query, "fingerprint", filter->fingerprint);
}


static int
et_events_read_times(et_call_t *call, et_events_filter_t *filter)
{
    et_result_t  result;

    et_result_open(&result, ET_SQL_EVENT_TIMES_COLUMNS, call->answers[0]);

    if (!et_result_next(&result)) {
        et_call_unreadable(call);
        return 0;
    }

    filter->seen = result.row[0].u;
    filter->from = result.row[1].i;
    filter->to = result.row[2].i;

    return 1;
}


static void
et_events_ask_page(et_call_t *call, const et_events_filter_t *filter)
{
    int          ascending, cut;
    et_sql_t    *query;
    const char  *order;

    ascending = et_events_ascending(filter);
    order = ascending ? ET_SQL_EVENTS_FIRST : ET_SQL_EVENTS_LAST;
    cut = !filter->no_payload && !filter->one_payload;

    query = et_call_query(call, filter->wide ? ET_SQL_EVENT_WIDE_COLUMNS
                                             : ET_SQL_EVENT_COLUMNS);

    et_events_select(query, filter);

    if (filter->whole_project && cut) {
        et_sql_add(query, ET_SQL_EVENTS_OF_KEYS);
        et_events_where(call, query, filter);
        et_sql_add(query, order);
        et_sql_add(query, ET_SQL_EVENTS_END);

    } else {
        et_events_where(call, query, filter);
    }

    et_sql_add(query, order);

    if (filter->one_payload) {
        et_sql_add(query, ET_SQL_EVENTS_END);

    } else if (cut) {
        et_sql_add(query, ascending ? ET_SQL_EVENTS_CUT_ASC
                                    : ET_SQL_EVENTS_CUT_DESC);
        et_sql_u64(query, "bytes", ET_EVENTS_PAGE_BYTES);
    }

    et_sql_u64(query, "project", filter->project);
    et_sql_i64(query, "from", filter->from);
    et_sql_i64(query, "to", filter->to);
    et_sql_u64(query, "limit", filter->limit + 1);
}


static void
et_events_select(et_sql_t *query, const et_events_filter_t *filter)
{
    const char  *wide;

    wide = filter->wide ? ET_SQL_EVENT_WIDE : "";

    if (filter->no_payload) {
        et_sql_add(query, ET_SQL_EVENTS_BARE);

        /* a search may be for what the list does not show */

        et_sql_add(query, filter->wide && filter->found == NULL
                          ? ET_SQL_EVENT_BRIEF : wide);
        return;
    }

    et_sql_add(query, filter->one_payload ? ET_SQL_EVENTS_ONE
                                          : ET_SQL_EVENTS_CUT);
    et_sql_add(query, wide);
    et_sql_add(query, filter->one_payload ? ET_SQL_EVENTS_ONE_FROM
                                          : ET_SQL_EVENTS_CUT_FROM);
    et_sql_add(query, wide);
}


/* Which events are on the page, and the next: of a project in the order of
 * their times, of an error in that of the errors. */

static void
et_events_where(et_call_t *call, et_sql_t *query,
    const et_events_filter_t *filter)
{
    const et_cursor_t  *cursor;

    if (filter->whole_project) {
        et_sql_add(query, ET_SQL_EVENTS_BY_TIME ET_SQL_EVENTS_WHERE
                          ET_SQL_EVENTS_LISTED);

    } else {
        et_sql_add(query, ET_SQL_EVENTS_BY_ERROR ET_SQL_EVENTS_WHERE
                          ET_SQL_EVENTS_LISTED ET_SQL_EVENTS_ERROR);
        et_sql_u64(query, "fingerprint", filter->fingerprint);
    }

    if (filter->found != NULL) {
        et_discover_where(call, query, filter->found);
    }

    cursor = &filter->cursor;

    if (cursor->given) {
        et_sql_add(query, et_events_ascending(filter) ? ET_SQL_EVENTS_BEHIND
                                                      : ET_SQL_EVENTS_BEFORE);
        et_events_key(query, cursor->key, cursor->id[0], cursor->id[1]);
    }
}


static void
et_events_key(et_sql_t *query, int64_t key, uint64_t high, uint64_t low)
{
    char  id[40];

    snprintf(id, sizeof(id), "%08x-%04x-%04x-%04x-%012llx",
             (unsigned) (high >> 32), (unsigned) (high >> 16) & 0xffff,
             (unsigned) high & 0xffff, (unsigned) (low >> 48),
             (unsigned long long) low & 0xffffffffffffULL);

    et_sql_i64(query, "key", key);
    et_sql_str(query, "id", et_slice_str(id));
}


static int
et_events_ascending(const et_events_filter_t *filter)
{
    return !!filter->oldest_first ^ !!filter->cursor.back;
}


static int
et_events_read_rows(et_call_t *call, et_slice_t answer, uint64_t limit,
    int wide, et_events_t *list)
{
    uint64_t     found;
    et_result_t  result;

    memset(list, 0, sizeof(et_events_t));

    list->items = et_arena_zalloc(call->arena,
                                  (limit + 1) * sizeof(et_event_row_t));
    if (list->items == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    et_result_open(&result, wide ? ET_SQL_EVENT_WIDE_COLUMNS
                                 : ET_SQL_EVENT_COLUMNS, answer);

    found = 0;

    while (list->n < limit && et_result_next(&result)) {
        et_events_read_row(result.row, wide, &list->items[list->n++]);

        found = result.row[14].u;
    }

    /* there is another, or the page was cut by its size */

    list->more = et_result_next(&result) || found > list->n;

    if (result.bad) {
        et_call_unreadable(call);
        return 0;
    }

    return 1;
}


static void
et_events_read_row(et_value_t *row, int wide, et_event_row_t *event)
{
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

    if (event->id.len == 32) {
        event->id_high = et_events_hex(et_slice(event->id.data, 16));
        event->id_low = et_events_hex(et_slice(event->id.data + 16, 16));
    }

    if (wide) {
        event->logger = row[15].s;
        event->dist = row[16].s;
        event->transaction = row[17].s;
        event->server_name = row[18].s;
        event->trace_id = row[19].s;
        event->user_id = row[20].s;
        event->user_email = row[21].s;
        event->user_name = row[22].s;
        event->user_ip = row[23].s;
        event->sdk_name = row[24].s;
        event->sdk_version = row[25].s;
        event->tags = row[26];
        event->notes = row[27];
    }
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


void
et_events_link_sentry(et_call_t *call, const et_events_t *list)
{
    et_cursor_t  next, previous;

    if (list->n == 0) {
        et_call_link_sentry(call, NULL, NULL);
        return;
    }

    et_events_cursor(&next, &list->items[list->n - 1], 0);
    et_events_cursor(&previous, &list->items[0], 1);

    et_call_link_sentry(call, list->more ? &next : NULL,
                        list->before ? &previous : NULL);
}


static void
et_events_cursor(et_cursor_t *cursor, const et_event_row_t *event, int back)
{
    memset(cursor, 0, sizeof(et_cursor_t));

    cursor->back = back;
    cursor->asof = 0;
    cursor->key = event->timestamp;
    cursor->id[0] = event->id_high;
    cursor->id[1] = event->id_low;
}


int
et_event_id_known(et_slice_t id)
{
    unsigned char  bytes[ET_EVENT_ID_LEN];

    return et_event_id_parse(id, bytes);
}


void
et_event_ask(et_call_t *call, et_slice_t id, const uint64_t *projects,
    size_t nprojects, uint64_t fingerprint)
{
    char            text[32];
    et_sql_t       *query;
    unsigned char   bytes[ET_EVENT_ID_LEN];

    memset(bytes, 0, sizeof(bytes));

    (void) et_event_id_parse(id, bytes);
    et_event_id_print(bytes, text);

    query = et_call_query(call, ET_SQL_EVENT_WIDE_COLUMNS);

    et_sql_add(query, ET_SQL_ONE_EVENT);

    if (fingerprint != 0) {
        et_sql_add(query, ET_SQL_ONE_EVENT_ERROR);
        et_sql_u64(query, "fingerprint", fingerprint);
    }

    et_sql_add(query, ET_SQL_ONE_EVENT_END);
    et_sql_u64s(query, "projects", projects, nprojects);
    et_sql_str(query, "id", et_slice(text, sizeof(text)));
}


int
et_event_read(et_call_t *call, et_slice_t answer, et_event_row_t *event)
{
    et_events_t  list;

    if (!et_events_read_rows(call, answer, 1, 1, &list)) {
        return 0;
    }

    if (list.n == 0) {
        et_call_fail(call, 404, "no such event");
        return 0;
    }

    *event = list.items[0];

    return 1;
}


void
et_event_ask_beside(et_call_t *call, const et_event_row_t *event)
{
    int        i;
    et_sql_t  *query;

    for (i = 0; i < 2; i++) {
        query = et_call_query(call, ET_SQL_BESIDE_COLUMNS);

        et_sql_add(query, i == 0 ? ET_SQL_BESIDE_NEXT
                                 : ET_SQL_BESIDE_PREVIOUS);
        et_sql_u64(query, "project", event->project);
        et_sql_u64(query, "fingerprint", event->fingerprint);
        et_events_key(query, event->timestamp, event->id_high,
                      event->id_low);
    }
}


int
et_event_read_beside(et_call_t *call, const et_slice_t *answers,
    et_slice_t *next, et_slice_t *previous)
{
    int          i;
    et_slice_t  *ids[2];
    et_result_t  result;

    ids[0] = next;
    ids[1] = previous;

    for (i = 0; i < 2; i++) {
        et_result_open(&result, ET_SQL_BESIDE_COLUMNS, answers[i]);

        *ids[i] = et_result_next(&result) ? result.row[0].s
                                          : et_slice(NULL, 0);

        if (result.bad) {
            et_call_unreadable(call);
            return 0;
        }
    }

    return 1;
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
    return et_events_read_rows(call, answer, limit, 0, list);
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
