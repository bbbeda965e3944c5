/*
 * A search's word as a condition: that a field has one of its values, or is
 * like one of its patterns.
 */

#ifndef ET_SEARCH_SQL_H
#define ET_SEARCH_SQL_H

#include "et_search.h"
#include "et_sql.h"


/*
 * Adds the condition of the i-th word.  field is constant SQL of a string; each
 * "%u" in it is replaced by i.  The word is neither negated nor a comparison
 * here: its caller says so.
 */
void et_search_sql(et_sql_t *query, const char *field, const et_term_t *term,
    unsigned i);

/* Its values: the parameter "v%u" of i. */
void et_search_sql_values(et_sql_t *query, const et_term_t *term, unsigned i);

/* The condition of the search's text, that it is in a field: as above, but
 * without numbers.  The search has one. */
void et_search_sql_text(et_sql_t *query, const char *field,
    const et_search_t *search);

/* It: the parameter "text". */
void et_search_sql_text_value(et_sql_t *query, const et_search_t *search);


#endif /* ET_SEARCH_SQL_H */
