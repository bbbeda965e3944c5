/*
 * Parameters that lists and charts have in common: a period, what may be
 * repeated, and a search.
 */

#ifndef ET_LISTS_H
#define ET_LISTS_H

#include "et_call.h"


/*
 * start and end, each left as it is where it is missing: microseconds.  1, or 0
 * where the call is answered 400.
 */
int et_call_between(et_call_t *call, int64_t *start, int64_t *end);

/*
 * start and end, or statsPeriod (24h): microseconds, and from is before to.
 * 1, or 0 where the call is answered 400.
 */
int et_call_times(et_call_t *call, int64_t *from, int64_t *to);

/* All values of a parameter that are not empty, on the arena.  1; 0: no
 * memory. */
int et_call_texts(et_call_t *call, const char *name,
    const et_slice_t **values, size_t *n);

/* What et_search_parse() and checks of its words say: 1 where that is nothing;
 * else 0, and the call is answered 400, or 503 where there was no memory. */
int et_call_searched(et_call_t *call, const char *error);


#endif /* ET_LISTS_H */
