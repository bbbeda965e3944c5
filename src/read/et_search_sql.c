/*
 * A search's word as a condition.
 *
 * Each pattern is compared by itself, as a constant.  In a function over all of
 * them it is none: then it is looked up for each row, and where a field has few
 * different values, these are not compared once each but row by row.
 */

#include "et_search_sql.h"


void
et_search_sql(et_sql_t *query, const char *field, const et_term_t *term,
    unsigned i)
{
    unsigned  k;

    if (!term->wildcard) {
        et_sql_add_n(query, field, i);
        et_sql_add_n(query, " IN {v%u:Array(String)}", i);
        return;
    }

    for (k = 0; k < term->nvalues; k++) {
        et_sql_add(query, k == 0 ? "(" : " OR ");
        et_sql_add_n(query, field, i);
        et_sql_add_n(query, " ILIKE {v%u:Array(String)}", i);
        et_sql_add_n(query, "[%u]", k + 1);
    }

    et_sql_add(query, ")");
}


void
et_search_sql_values(et_sql_t *query, const et_term_t *term, unsigned i)
{
    size_t       k;
    et_slice_t   likes[ET_SEARCH_VALUES];
    const char  *name;

    name = et_sql_name(query, "v%u", i);

    if (!term->wildcard) {
        et_sql_strs(query, name, term->values, term->nvalues);
        return;
    }

    for (k = 0; k < term->nvalues; k++) {
        likes[k] = et_search_like(query->sql.arena, term->values[k]);
        query->args.failed |= likes[k].data == NULL;
    }

    et_sql_strs(query, name, likes, term->nvalues);
}
