/*
 * A search's words as conditions of a page's query.
 */

#ifndef ET_ERRORS_SEARCH_H
#define ET_ERRORS_SEARCH_H

#include "et_call.h"
#include "et_search.h"


/* Which columns the conditions need. */
int et_errors_search_needs_last(const et_search_t *search);
int et_errors_search_needs_first(const et_search_t *search);

/* Those of the WHERE over the table errors, and of the HAVING behind it. */
void et_errors_search_where(et_call_t *call, et_sql_t *query,
    const et_search_t *search);
void et_errors_search_having(et_call_t *call, et_sql_t *query,
    const et_search_t *search);

/*
 * Whether the values of its words can be asked for, "lastSeen:-24h" say: NULL,
 * or what is wrong.
 */
const char *et_errors_search_check(et_call_t *call,
    const et_search_t *search);


#endif /* ET_ERRORS_SEARCH_H */
