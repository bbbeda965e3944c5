/*
 * Pages by offset, as Sentry's clients turn them: the cursor "0:100:0" is the
 * page behind the first hundred.  For lists that have no key to go on from:
 * groups and counts.
 */

#ifndef ET_OFFSET_H
#define ET_OFFSET_H

#include "et_call.h"


/* a page further back than this is nobody's */
#define ET_OFFSET_MAX  100000


/*
 * The parameters per_page, or limit, and cursor.  1, or 0 where the call is
 * answered 400.  limit keeps its value where none is given.
 */
int et_call_offset(et_call_t *call, uint64_t max, uint64_t *limit,
    uint64_t *offset);

/* The header Link, of the page before and the page behind. */
void et_call_link_offset(et_call_t *call, uint64_t limit, uint64_t offset,
    int more);


#endif /* ET_OFFSET_H */
