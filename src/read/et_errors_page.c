/*
 * A page of a list of errors: which they are, in which order.
 */

#include "et_errors_internal.h"
#include "et_errors_search.h"
#include "et_errors_sql.h"


/* rows for each place of the page; a larger one has none: of all candidates is
 * read what is shown */
#define ET_ERRORS_CANDIDATES      3
#define ET_ERRORS_CANDIDATES_MAX  250


static int et_errors_of_candidates(const et_errors_filter_t *filter);
static int et_errors_guesses(const et_errors_filter_t *filter);
static uint64_t et_errors_rows(const et_errors_filter_t *filter);
static void et_errors_ask_key(et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_ask_errors(et_call_t *call, et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_ask_from(et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_ask_near(et_sql_t *query,
    const et_errors_filter_t *filter);
static int et_errors_of_state(const et_errors_filter_t *filter);
static int et_errors_of_decided(const et_errors_filter_t *filter);
static void et_errors_ask_state(et_sql_t *query,
    const et_errors_filter_t *filter);
static int et_errors_of_asof(const et_errors_filter_t *filter);
static void et_errors_ask_joins(et_sql_t *query,
    const et_errors_filter_t *filter);
static void et_errors_ask_order(et_sql_t *query,
    const et_errors_filter_t *filter);
static int et_errors_choose(const et_errors_filter_t *filter,
    et_errors_t *list);
static void et_errors_read_row(const et_value_t *row, et_error_t *error);


/*
 * Planning a join costs more than a page without one, so what is decided about
 * the projects' errors, and whether any has changed since the first page, is
 * asked before.  Candidates are not joined with decisions.
 */

unsigned
et_errors_ask_needs(et_call_t *call, et_errors_filter_t *filter)
{
    et_sql_t  *query;

    filter->asking_decided = filter->search.status != ET_STATUS_ANY
                             && !et_errors_of_candidates(filter)
                             && !filter->know_decided;
    filter->asking_changed = filter->cursor.given
                             && et_errors_of_asof(filter)
                             && !filter->know_changed;

    if (filter->asking_decided) {
        query = et_call_query(call, ET_SQL_NEEDS_COLUMNS);

        et_sql_add(query, ET_SQL_NEEDS);
        et_sql_u64s(query, "projects", filter->projects, filter->nprojects);
    }

    if (filter->asking_changed) {
        query = et_call_query(call, ET_SQL_CHANGED_COLUMNS);

        et_sql_add(query, ET_SQL_CHANGED);
        et_sql_u64s(query, "projects", filter->projects, filter->nprojects);
        et_sql_i64(query, "asof", filter->cursor.asof);
    }

    return filter->asking_decided + filter->asking_changed;
}


int
et_errors_read_needs(et_call_t *call, const et_slice_t *answers,
    et_errors_filter_t *filter)
{
    et_result_t  result;

    if (filter->asking_decided) {
        et_result_open(&result, ET_SQL_NEEDS_COLUMNS, *answers++);

        if (!et_result_next(&result)) {
            et_call_unreadable(call);
            return 0;
        }

        filter->decided = result.row[0].u;
        filter->released = result.row[1].u;
        filter->by_users = result.row[2].u;
        filter->know_decided = 1;
    }

    if (filter->asking_changed) {
        et_result_open(&result, ET_SQL_CHANGED_COLUMNS, *answers);

        if (!et_result_next(&result)) {
            et_call_unreadable(call);
            return 0;
        }

        filter->changed = result.row[0].u;
        filter->know_changed = 1;
    }

    return 1;
}


void
et_errors_ask_page(et_call_t *call, const et_errors_filter_t *filter)
{
    et_sql_t  *query;

    query = et_call_query(call, ET_SQL_PAGE_COLUMNS);

    et_sql_add(query, ET_SQL_PAGE);
    et_sql_add(query, et_errors_of_candidates(filter)
                      ? ET_SQL_PAGE_CANDIDATES : ET_SQL_PAGE_SURE);
    et_sql_add(query, et_errors_of_bounds(filter) ? ET_SQL_PAGE_BOUNDS
                                                  : ET_SQL_PAGE_KEYS);
    et_sql_add(query, ET_SQL_PAGE_FROM);
    et_errors_ask_key(query, filter);
    et_errors_ask_errors(call, query, filter);
    et_errors_ask_joins(query, filter);
    et_errors_ask_state(query, filter);
    et_errors_ask_order(query, filter);

    et_sql_u64s(query, "projects", filter->projects, filter->nprojects);
}


/*
 * Whether the page is asked for with more errors than it has place for, of
 * which those that nobody has decided about are certainly unresolved.  Mostly
 * this does; where it does not, the page is asked for as a whole, which costs
 * twice as much.
 */

static int
et_errors_of_candidates(const et_errors_filter_t *filter)
{
    return filter->search.status != ET_STATUS_ANY
           && !et_errors_of_decided(filter) && et_errors_guesses(filter);
}


int
et_errors_of_bounds(const et_errors_filter_t *filter)
{
    return filter->sort == ET_SORT_USERS && et_errors_guesses(filter);
}


static int
et_errors_guesses(const et_errors_filter_t *filter)
{
    return !filter->whole && !filter->bare
           && filter->limit <= ET_ERRORS_CANDIDATES_MAX;
}


/* How many rows are asked for; one more than the page has says whether there is
 * another. */

static uint64_t
et_errors_rows(const et_errors_filter_t *filter)
{
    return (filter->limit + 1) * (et_errors_of_candidates(filter)
                                  || et_errors_of_bounds(filter)
                                  ? ET_ERRORS_CANDIDATES : 1);
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
        et_sql_add(query, filter->changed ? ET_SQL_KEY_N_ASOF
                                            : ET_SQL_KEY_N);
        break;

    default:
        et_sql_add(query, !et_errors_of_bounds(filter) ? ET_SQL_KEY_USERS
                          : filter->cursor.back ? ET_SQL_KEY_LOW
                                                : ET_SQL_KEY_HIGH);
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
        et_sql_add(query, et_errors_of_bounds(filter) ? ET_SQL_ERRORS_BOUNDS
                                                      : ET_SQL_ERRORS_USERS);
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

    et_errors_ask_from(query, filter);

    if (filter->nenvironments != 0) {
        et_errors_search_in(query, filter, 0);
        et_errors_search_tags(query, filter, ET_SQL_BY_TAG);
        et_sql_add(query, ET_SQL_BY_TAG_ENVIRONMENTS);
        et_sql_strs(query, "environments", filter->environments,
                      filter->nenvironments);
    }

    if (search->status != ET_STATUS_ANY && et_errors_of_decided(filter)) {
        if (filter->decided == 0) {
            et_sql_add(query, ET_SQL_ERRORS_NONE);

        } else {
            et_errors_search_in(query, filter, 0);
            et_sql_add(query, ET_SQL_DECIDED);
            et_sql_add(query, ")");
        }
    }

    et_errors_search_where(call, query, filter);

    if (filter->nearest != 0) {
        et_errors_ask_near(query, filter);
    }

    if (filter->since != 0) {
        et_sql_add(query, ET_SQL_ERRORS_SINCE);
        et_sql_i64(query, "since", filter->since);
    }

    if (filter->until != 0) {
        et_sql_add(query, ET_SQL_ERRORS_UNTIL);
        et_sql_i64(query, "until", filter->until);
    }

    et_sql_add(query, ET_SQL_ERRORS_END);
}


static void
et_errors_ask_from(et_sql_t *query, const et_errors_filter_t *filter)
{
    et_sql_add(query, ET_SQL_ERRORS_FROM);
    et_sql_of_projects(query, filter->all);
}


static void
et_errors_ask_near(et_sql_t *query, const et_errors_filter_t *filter)
{
    et_sql_add(query, ET_SQL_ERRORS_NEAR);
    et_errors_ask_from(query, filter);
    et_sql_add(query, filter->cursor.back ? ET_SQL_ERRORS_NEAR_LOW
                                          : ET_SQL_ERRORS_NEAR_HIGH);
    et_sql_add(query, ")");
    et_sql_i64(query, "nearest", filter->nearest);
}


/*
 * Whether the list is of errors of a state, and what was decided has to be
 * joined to tell: what is unresolved is neither resolved nor ignored.  Of
 * candidates nothing was asked, and decided is 0.
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


/* Whether keys are those of when the first page was read. */

static int
et_errors_of_asof(const et_errors_filter_t *filter)
{
    return filter->sort == ET_SORT_LAST_SEEN
           || filter->sort == ET_SORT_FREQUENCY;
}


static void
et_errors_ask_joins(et_sql_t *query, const et_errors_filter_t *filter)
{
    if (et_errors_of_state(filter)) {
        et_sql_add(query, ET_SQL_JOIN_DECISIONS);
    }

    if (filter->changed != 0 && et_errors_of_asof(filter)) {
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
        if (et_errors_of_bounds(filter)) {
            et_sql_add(query, cursor->back ? ET_SQL_PAGE_MAY_BE_BEFORE
                                           : ET_SQL_PAGE_MAY_BE_BEHIND);

        } else {
            et_sql_add(query, cursor->back ? ET_SQL_PAGE_BEFORE
                                           : ET_SQL_PAGE_BEHIND);
        }

        et_sql_i64(query, "key", cursor->key);
        et_sql_u64(query, "id0", cursor->id[0]);
        et_sql_u64(query, "id1", cursor->id[1]);
    }

    et_sql_add(query, cursor->back ? ET_SQL_PAGE_ASC : ET_SQL_PAGE_DESC);

    et_sql_u64(query, "limit", et_errors_rows(filter));
}


int
et_errors_read_page(et_call_t *call, et_slice_t answer,
    const et_errors_filter_t *filter, et_errors_t *list)
{
    size_t       max;
    et_result_t  result;

    memset(list, 0, sizeof(et_errors_t));

    max = et_errors_rows(filter);

    list->items = et_arena_zalloc(call->arena, max * sizeof(et_error_t));
    if (list->items == NULL) {
        et_call_no_memory(call);
        return 0;
    }

    list->asof = filter->cursor.given ? filter->cursor.asof : 0;
    list->buckets = filter->buckets;

    et_result_open(&result, ET_SQL_PAGE_COLUMNS, answer);

    while (list->n < max && et_result_next(&result)) {

        if (list->asof == 0) {
            list->asof = result.row[3].i;
        }

        et_errors_read_row(result.row, &list->items[list->n++]);
    }

    if (result.bad) {
        et_call_unreadable(call);
        return 0;
    }

    list->full = list->n == max;

    if (et_errors_of_bounds(filter)) {
        return et_errors_choose_near(call, filter, list);
    }

    return et_errors_of_candidates(filter) && !et_errors_choose(filter, list)
           ? -1 : 1;
}


/*
 * Takes from the first candidates those that fill a page, the one behind it
 * included: 0 where it can't be said that these are the first of all.
 */

static int
et_errors_choose(const et_errors_filter_t *filter, et_errors_t *list)
{
    size_t  i, sure;

    for (sure = 0, i = 0; i < list->n && sure <= filter->limit; i++) {
        sure += !list->items[i].candidate;
    }

    list->n = i;

    return sure > filter->limit || !list->full;
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
    error->known = row[7].i >= 0;
    error->users = error->known ? row[7].u : 0;
    error->candidate = row[8].u != 0;
    error->low = row[9].i;
    error->high = row[10].i;
}
