/*
 * A search's words as conditions of a page's query.
 */

#ifndef ET_ERRORS_SEARCH_H
#define ET_ERRORS_SEARCH_H

#include "et_errors.h"


/* Which columns the conditions need. */
int et_errors_search_needs_last(const et_search_t *search);
int et_errors_search_needs_first(const et_search_t *search);

void et_errors_search_where(et_call_t *call, et_sql_t *query,
    const et_errors_filter_t *filter);

/* Begins a condition of any: that an error is among those of a query that
 * follows, with its ")", or negated that it is not. */
void et_errors_search_in(et_sql_t *query, const et_errors_filter_t *filter,
    int negated);

/* Begins the query of those that have a tag, of ET_SQL_BY_TAG or ET_SQL_TAGS,
 * before the conditions of key and value. */
void et_errors_search_tags(et_sql_t *query, const et_errors_filter_t *filter,
    const char *tags);

/*
 * Whether the values of its words can be asked for, "lastSeen:-24h" say: NULL,
 * or what is wrong.
 */
const char *et_errors_search_check(et_call_t *call,
    const et_search_t *search);


#endif /* ET_ERRORS_SEARCH_H */
