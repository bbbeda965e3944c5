/*
 * A page of a list of errors: which they are, in which order.
 */

#include "et_errors.h"
#include "et_errors_search.h"
#include "et_errors_sql.h"


/* projects that are looked for among those that have decisions */
#define ET_ERRORS_FEW  64


static void et_errors_ask_key(et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_ask_errors(et_call_t *call, et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_ask_period(et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_ask_many(et_sql_t *query,
    const et_errors_filter_t *filter);
static int et_errors_of_state(const et_errors_filter_t *filter);
static int et_errors_of_decided(const et_errors_filter_t *filter);
static void et_errors_ask_state(et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_ask_joins(et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_ask_order(et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_read_row(const et_value_t *row, et_error_t *error);
static void et_errors_reverse(et_errors_t *list);
static void et_errors_cursors(const et_errors_t *list, et_cursor_t *next,
    et_cursor_t *previous);
static int et_errors_unreadable(et_call_t *call);


void
et_errors_ask_decided(et_call_t *call, const uint64_t *projects,
    size_t nprojects)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_NEEDS_COLUMNS);

    et_sql_add(query, ET_SQL_NEEDS);

    if (projects != NULL) {
        et_sql_add(query, ET_SQL_NEEDS_OF);
        et_sql_u64s(query, "projects", projects, nprojects);
    }

    et_sql_add(query, ET_SQL_NEEDS_END);
}


int
et_errors_read_decided(et_call_t *call, et_slice_t answer,
    et_errors_filter_t *filter)
{
    size_t       i;
    et_result_t  result;

    et_result_open(&result, ET_SQL_NEEDS_COLUMNS, answer);

    while (et_result_next(&result)) {

        /* of many it need not be exact: one too many only costs time */

        for (i = 0; i < filter->nprojects && i < ET_ERRORS_FEW; i++) {
            if (filter->projects[i] == result.row[0].u) {
                break;
            }
        }

        if (i < filter->nprojects) {
            filter->decided += result.row[1].u;
            filter->released += result.row[2].u;
            filter->by_users += result.row[3].u;
        }
    }

    return result.bad ? et_errors_unreadable(call) : 1;
}


void
et_errors_ask_changed(et_call_t *call, const et_errors_filter_t *filter)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_CHANGED_COLUMNS);

    et_sql_add(query, ET_SQL_CHANGED);
    et_sql_u64s(query, "projects", filter->projects, filter->nprojects);
    et_sql_i64(query, "asof", filter->cursor.asof);
}


int
et_errors_read_changed(et_call_t *call, et_slice_t answer,
    et_errors_filter_t *filter)
{
    et_result_t  result;

    et_result_open(&result, ET_SQL_CHANGED_COLUMNS, answer);

    if (!et_result_next(&result)) {
        return et_errors_unreadable(call);
    }

    filter->changed = result.row[0].u;

    return 1;
}


void
et_errors_ask_needs(et_call_t *call, const et_errors_filter_t *filter)
{
    et_errors_ask_decided(call, filter->projects, filter->nprojects);

    if (filter->cursor.given) {
        et_errors_ask_changed(call, filter);
    }
}


int
et_errors_read_needs(et_call_t *call, const et_slice_t *answers,
    et_errors_filter_t *filter)
{
    return et_errors_read_decided(call, answers[0], filter)
           && (!filter->cursor.given
               || et_errors_read_changed(call, answers[1], filter));
}


void
et_errors_ask_page(et_call_t *call, const et_errors_filter_t *filter)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_PAGE_COLUMNS);

    et_sql_add(query, ET_SQL_PAGE);
    et_errors_ask_key(query, filter);
    et_errors_ask_errors(call, query, filter);
    et_errors_ask_joins(query, filter);
    et_errors_ask_state(query, filter);
    et_errors_ask_order(query, filter);

    et_sql_u64s(query, "projects", filter->projects, filter->nprojects);
}


static void
et_errors_ask_key(et_sql_t *query, const et_errors_filter_t *filter)
{
    switch (filter->sort) {

    case ET_SORT_LAST_SEEN:
        et_sql_add(query, filter->changed ? ET_SQL_KEY_LAST_ASOF
                                            : ET_SQL_KEY_LAST);
        break;

    case ET_SORT_FIRST_SEEN:
        et_sql_add(query, ET_SQL_KEY_FIRST);
        break;

    case ET_SORT_FREQUENCY:
        if (filter->count_to != 0) {
            et_sql_add(query, ET_SQL_KEY_COUNT);
            break;
        }

        et_sql_add(query, filter->changed ? ET_SQL_KEY_N_ASOF
                                            : ET_SQL_KEY_N);
        break;

    default:
        et_sql_add(query, ET_SQL_KEY_USERS);
        break;
    }
}


/* The errors that the list may have, before their state is known. */

static void
et_errors_ask_errors(et_call_t *call, et_sql_t *query,
    const et_errors_filter_t *filter)
{
    const et_search_t  *search;

    search = &filter->search;

    et_sql_add(query, ET_SQL_ERRORS);

    if (filter->sort == ET_SORT_USERS) {
        et_sql_add(query, ET_SQL_ERRORS_USERS);
    }

    if (search->text.len != 0) {
        et_sql_add(query, ET_SQL_ERRORS_TEXTS);
    }

    if (et_errors_search_needs_last(search)) {
        et_sql_add(query, ET_SQL_ERRORS_LAST);
    }

    if (et_errors_search_needs_first(search)) {
        et_sql_add(query, ET_SQL_ERRORS_FIRST);
    }

    et_sql_add(query, ET_SQL_ERRORS_FROM);

    if (filter->nfingerprints != 0) {
        et_sql_add(query, ET_SQL_ERRORS_THESE);
        et_sql_u64s(query, "fingerprints", filter->fingerprints,
                      filter->nfingerprints);
    }

    if (filter->nenvironments != 0) {
        et_sql_add(query, ET_SQL_ENVIRONMENTS);
        et_sql_strs(query, "environments", filter->environments,
                      filter->nenvironments);
    }

    if (search->status != ET_STATUS_ANY && et_errors_of_decided(filter)) {
        if (filter->decided == 0) {
            et_sql_add(query, ET_SQL_ERRORS_NONE);

        } else {
            et_sql_add(query, ET_SQL_IN);
            et_sql_add(query, ET_SQL_DECIDED);
            et_sql_add(query, ")");
        }
    }

    et_errors_search_where(call, query, search);

    if (filter->sort == ET_SORT_USERS) {
        et_errors_ask_many(query, filter);
    }

    et_errors_ask_period(query, filter);

    if (filter->since != 0) {
        et_sql_i64(query, "since", filter->since);
    }

    if (filter->until != 0) {
        et_sql_i64(query, "until", filter->until);
    }

    et_errors_search_having(call, query, search);

    et_sql_add(query, ET_SQL_ERRORS_END);
}


static void
et_errors_ask_period(et_sql_t *query, const et_errors_filter_t *filter)
{
    et_sql_add(query, ET_SQL_ERRORS_GROUP);

    if (filter->since != 0) {
        et_sql_add(query, ET_SQL_ERRORS_SINCE);
    }

    if (filter->until != 0) {
        et_sql_add(query, ET_SQL_ERRORS_UNTIL);
    }
}


/*
 * Of a list with other conditions the most frequent errors need not be: they
 * would have to be repeated, and leave few errors as it is.
 */

static void
et_errors_ask_many(et_sql_t *query, const et_errors_filter_t *filter)
{
    const et_search_t  *search;

    search = &filter->search;

    if (search->nterms != 0 || search->text.len != 0
        || filter->nenvironments != 0 || filter->nfingerprints != 0
        || filter->cursor.back
        || (search->status != ET_STATUS_ANY && et_errors_of_decided(filter)))
    {
        return;
    }

    et_sql_add(query, ET_SQL_ERRORS_MANY);

    if (et_errors_of_state(filter)) {
        et_sql_add(query, ET_SQL_NOT_IN);
        et_sql_add(query, ET_SQL_DECIDED);
        et_sql_add(query, ")");
    }

    et_errors_ask_period(query, filter);

    if (filter->cursor.given) {
        et_sql_add(query, ET_SQL_ERRORS_MANY_BEHIND);
    }

    et_sql_add(query, ET_SQL_ERRORS_MANY_END);
}


/*
 * Whether the list is of errors of a state, and what was decided has to be
 * joined to tell: what is unresolved is neither resolved nor ignored.
 */

static int
et_errors_of_state(const et_errors_filter_t *filter)
{
    return filter->search.status != ET_STATUS_ANY && filter->decided != 0;
}


/* Whether such an error has to have been decided about. */

static int
et_errors_of_decided(const et_errors_filter_t *filter)
{
    return (filter->search.status != ET_STATUS_UNRESOLVED)
           ^ filter->search.not_status;
}


static void
et_errors_ask_state(et_sql_t *query, const et_errors_filter_t *filter)
{
    et_status_t  status;

    if (!et_errors_of_state(filter)) {
        return;
    }

    status = filter->search.status;

    et_sql_add(query, et_errors_of_decided(filter) ? ET_SQL_STATE_IN
                                                   : ET_SQL_STATE_NOT_IN);

    if (status != ET_STATUS_IGNORED) {
        et_sql_add(query, ET_SQL_STATE_RESOLVED);

        if (filter->released != 0) {
            et_sql_add(query, ET_SQL_STATE_RELEASED);
        }

        et_sql_add(query, "))");
    }

    if (status != ET_STATUS_RESOLVED) {
        et_sql_add(query, ET_SQL_STATE_IGNORED);

        if (filter->by_users != 0) {
            et_sql_add(query, ET_SQL_STATE_USERS);
        }

        et_sql_add(query, "))");
    }

    et_sql_add(query, ")");
}


static void
et_errors_ask_joins(et_sql_t *query, const et_errors_filter_t *filter)
{
    if (et_errors_of_state(filter)) {
        et_sql_add(query, ET_SQL_JOIN_DECISIONS);
    }

    if (filter->sort == ET_SORT_FREQUENCY && filter->count_to != 0) {
        et_sql_add(query, ET_SQL_JOIN_COUNT);
        et_sql_i64(query, "from", filter->count_from);
        et_sql_i64(query, "to", filter->count_to);
        return;
    }

    if (filter->changed != 0 && filter->sort <= ET_SORT_FREQUENCY
        && filter->sort != ET_SORT_FIRST_SEEN)
    {
        et_sql_add(query, ET_SQL_JOIN_CHANGES);
        et_sql_i64(query, "asof", filter->cursor.asof);

        if (filter->sort == ET_SORT_LAST_SEEN) {
            et_sql_add(query, ET_SQL_JOIN_BEFORE);
        }
    }
}


static void
et_errors_ask_order(et_sql_t *query, const et_errors_filter_t *filter)
{
    const et_cursor_t  *cursor;

    cursor = &filter->cursor;

    et_sql_add(query, ET_SQL_PAGE_END);

    if (cursor->given) {
        et_sql_add(query, cursor->back ? ET_SQL_PAGE_BEFORE
                                         : ET_SQL_PAGE_BEHIND);
        et_sql_i64(query, "key", cursor->key);
        et_sql_u64(query, "id0", cursor->id[0]);
        et_sql_u64(query, "id1", cursor->id[1]);
    }

    et_sql_add(query, cursor->back ? ET_SQL_PAGE_ASC : ET_SQL_PAGE_DESC);

    /* one more says whether there is another page */

    et_sql_u64(query, "limit", filter->limit + 1);
}


int
et_errors_read_page(et_call_t *call, et_slice_t answer,
    const et_errors_filter_t *filter, et_errors_t *list)
{
    size_t       max;
    et_result_t  result;

    memset(list, 0, sizeof(et_errors_t));

    max = filter->limit;

    list->items = et_arena_zalloc(call->arena,
                                  (max + 1) * sizeof(et_error_t));
    if (list->items == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    list->asof = filter->cursor.given ? filter->cursor.asof : 0;
    list->status = filter->search.not_status ? ET_STATUS_ANY
                                             : filter->search.status;
    list->decided = filter->decided != 0
                    && !(filter->brief && list->status != ET_STATUS_ANY);

    et_result_open(&result, ET_SQL_PAGE_COLUMNS, answer);

    while (et_result_next(&result)) {

        if (list->asof == 0) {
            list->asof = result.row[3].i;
        }

        if (list->n == max) {
            list->more = 1;
            break;
        }

        et_errors_read_row(result.row, &list->items[list->n++]);
    }

    if (result.bad) {
        return et_errors_unreadable(call);
    }

    if (filter->cursor.back) {
        et_errors_reverse(list);

        list->before = list->more;
        list->more = 1;

    } else {
        list->before = filter->cursor.given;
    }

    return 1;
}


static void
et_errors_read_row(const et_value_t *row, et_error_t *error)
{
    error->project = row[0].u;
    error->fingerprint = row[1].u;
    error->key = row[2].i;
    error->first_seen = row[4].i;
    error->last_seen = row[5].i;
    error->n = row[6].u;
}


static void
et_errors_reverse(et_errors_t *list)
{
    size_t      i;
    et_error_t  swap;

    for (i = 0; i < list->n / 2; i++) {
        swap = list->items[i];
        list->items[i] = list->items[list->n - 1 - i];
        list->items[list->n - 1 - i] = swap;
    }
}


void
et_errors_link(et_call_t *call, const et_errors_filter_t *filter,
    const et_errors_t *list)
{
    et_cursor_t  next, previous;

    if (list->n != 0) {
        et_errors_cursors(list, &next, &previous);
        et_call_link(call, list->more ? &next : NULL,
                     list->before ? &previous : NULL, filter->limit);
    }
}


void
et_errors_link_sentry(et_call_t *call, const et_errors_t *list)
{
    et_cursor_t  next, previous;

    if (list->n == 0) {
        et_call_link_sentry(call, NULL, NULL);
        return;
    }

    et_errors_cursors(list, &next, &previous);
    et_call_link_sentry(call, list->more ? &next : NULL,
                        list->before ? &previous : NULL);
}


static void
et_errors_cursors(const et_errors_t *list, et_cursor_t *next,
    et_cursor_t *previous)
{
    next->back = 0;
    next->asof = list->asof;
    next->key = list->items[list->n - 1].key;
    next->id[0] = list->items[list->n - 1].project;
    next->id[1] = list->items[list->n - 1].fingerprint;

    previous->back = 1;
    previous->asof = list->asof;
    previous->key = list->items[0].key;
    previous->id[0] = list->items[0].project;
    previous->id[1] = list->items[0].fingerprint;
}


static int
et_errors_unreadable(et_call_t *call)
{
    et_call_unreadable(call);

    return 0;
}
