/*
 * Lists of errors: their steps, who is on the page in the end, and the cursors
 * of the pages beside it.
 */

#include "et_errors_internal.h"


static et_call_rc_t et_errors_begin(et_call_t *call,
    et_errors_filter_t *filter);
static int et_errors_begin_shown(et_call_t *call, et_errors_filter_t *filter,
    et_errors_t *list);
static void et_errors_settle(const et_errors_filter_t *filter,
    et_errors_t *list);
static void et_errors_end(const et_errors_filter_t *filter,
    et_errors_t *list);
static void et_errors_reverse(et_errors_t *list);
static void et_errors_cursors(const et_errors_t *list, et_cursor_t *next,
    et_cursor_t *previous);


et_call_rc_t
et_errors_step(et_call_t *call, const et_slice_t *answers,
    et_errors_filter_t *filter, et_errors_t *list)
{
    switch (filter->phase) {

    case ET_ERRORS_BEGIN:
        return et_errors_begin(call, filter);

    case ET_ERRORS_NEEDS:
        if (!et_errors_read_needs(call, answers, filter)) {
            return ET_CALL_ANSWERED;
        }

        return et_errors_begin(call, filter);

    case ET_ERRORS_PAGE:
        switch (et_errors_read_page(call, answers[0], filter, list)) {

        case -1:
            filter->whole = 1;
            return et_errors_begin(call, filter);

        case 0:
            return ET_CALL_ANSWERED;
        }

        return et_errors_begin_shown(call, filter, list) ? ET_CALL_ASK
                                                         : ET_CALL_READ;

    default:
        switch (et_errors_read_shown(call, answers, list)) {

        case -1:
            return ET_CALL_ASK;

        case 0:
            return ET_CALL_ANSWERED;
        }

        if (list->candidates || list->bounded) {
            et_errors_settle(filter, list);

            if (list->bounded && !et_errors_settle_near(filter, list)) {
                filter->whole = 1;
                return et_errors_begin(call, filter);
            }

            et_errors_end(filter, list);
        }

        return ET_CALL_READ;
    }
}


static et_call_rc_t
et_errors_begin(et_call_t *call, et_errors_filter_t *filter)
{
    if (et_errors_ask_needs(call, filter)) {
        filter->phase = ET_ERRORS_NEEDS;

    } else {
        filter->phase = ET_ERRORS_PAGE;
        et_errors_ask_page(call, filter);
    }

    return ET_CALL_ASK;
}


/* 1 where something is asked; 0: the list is what it will be. */

static int
et_errors_begin_shown(et_call_t *call, et_errors_filter_t *filter,
    et_errors_t *list)
{
    size_t  i;

    for (i = 0; i < list->n; i++) {
        list->candidates |= list->items[i].candidate;
    }

    list->status = filter->search.not_status ? ET_STATUS_ANY
                                             : filter->search.status;

    if (list->n == 0 || !(list->candidates || list->bounded)) {
        et_errors_end(filter, list);
    }

    if (list->n == 0 || filter->bare) {
        return 0;
    }

    list->decided = list->candidates || !filter->brief
                    || list->status == ET_STATUS_ANY;
    filter->phase = ET_ERRORS_SHOWN;

    et_errors_ask_shown(call, list);

    return 1;
}


/* Candidates stay where they are of the state that was asked for. */

static void
et_errors_settle(const et_errors_filter_t *filter, et_errors_t *list)
{
    size_t       i, n;
    et_error_t  *error;

    for (i = 0, n = 0; i < list->n; i++) {
        error = &list->items[i];

        if (!error->candidate
            || (error->status == filter->search.status)
               ^ filter->search.not_status)
        {
            list->items[n++] = *error;
        }
    }

    list->n = n;
}


/* The error that says that there is another page goes. */

static void
et_errors_end(const et_errors_filter_t *filter, et_errors_t *list)
{
    if (list->n > filter->limit) {
        list->n = filter->limit;
        list->more = 1;
    }

    if (filter->cursor.back) {
        et_errors_reverse(list);

        list->before = list->more;
        list->more = 1;

    } else {
        list->before = filter->cursor.given;
    }
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
