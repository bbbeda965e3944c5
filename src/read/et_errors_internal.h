/*
 * The parts of et_errors_step(): what a page's query needs, the page, and what
 * is shown of its errors.
 */

#ifndef ET_ERRORS_INTERNAL_H
#define ET_ERRORS_INTERNAL_H

#include "et_errors.h"


/* Adds queries to the step: how many. */
unsigned et_errors_ask_needs(et_call_t *call, et_errors_filter_t *filter);

/* 1, or 0 where the call is answered. */
int et_errors_read_needs(et_call_t *call, const et_slice_t *answers,
    et_errors_filter_t *filter);

/* Adds the page's query to the step. */
void et_errors_ask_page(et_call_t *call, const et_errors_filter_t *filter);

/*
 * Reads it: 1; 0 where the call is answered; -1 where there were too few
 * candidates to be sure of the page, and it is to be asked for as a whole.
 * Behind the last error of the page is the one that says that there are more,
 * and among them are candidates, of which it is seen later who stays.
 */
int et_errors_read_page(et_call_t *call, et_slice_t answer,
    const et_errors_filter_t *filter, et_errors_t *list);

/* Whether the page is of errors whose users are known within bounds, which
 * et_errors_choose_near() and et_errors_settle_near() are for. */
int et_errors_of_bounds(const et_errors_filter_t *filter);

/* Leaves of the page's rows those that can be on it: 1, or 0 where the call is
 * answered. */
int et_errors_choose_near(et_call_t *call, const et_errors_filter_t *filter,
    et_errors_t *list);

/* When their users have been counted, and only those are left that have the
 * state: leaves the page and what is behind it, in their order.  0 where errors
 * that were not counted may be among them; filter->nearest is then the key of
 * the first behind the page, or 0 where there were not as many. */
int et_errors_settle_near(et_errors_filter_t *filter, et_errors_t *list);

/* Adds up to three queries to the step, buckets' where they are asked. */
void et_errors_ask_shown(et_call_t *call, const et_errors_t *list);

/* 1; 0 where the call is answered; -1 where something more is asked, and this
 * is to be called again at the next step. */
int et_errors_read_shown(et_call_t *call, const et_slice_t *answers,
    et_errors_t *list);


#endif /* ET_ERRORS_INTERNAL_H */
