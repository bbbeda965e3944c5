/*
 * A search's word as a condition.
 *
 * Each pattern is compared by itself, as a constant.  In a function over all of
 * them it is none: then it is looked up for each row, and where a field has few
 * different values, these are not compared once each but row by row.
 */

#include "et_search_sql.h"


static int et_search_ascii(et_slice_t text);


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


void
et_search_sql_text(et_sql_t *query, const char *field,
    const et_search_t *search)
{
    if (search->text_wildcard) {
        et_sql_add(query, field);
        et_sql_add(query, " ILIKE concat('%', {text:String}, '%')");
        return;
    }

    et_sql_add(query, et_search_ascii(search->text)
                      ? "positionCaseInsensitive("
                      : "positionCaseInsensitiveUTF8(");
    et_sql_add(query, field);
    et_sql_add(query, ", {text:String}) > 0");
}


void
et_search_sql_text_value(et_sql_t *query, const et_search_t *search)
{
    et_slice_t  like;

    if (!search->text_wildcard) {
        et_sql_str(query, "text", search->text);
        return;
    }

    like = et_search_like(query->sql.arena, search->text);
    query->args.failed |= like.data == NULL;

    et_sql_str(query, "text", like);
}


/* Letters of ASCII alone are compared in a third less time. */

static int
et_search_ascii(et_slice_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if ((unsigned char) text.data[i] >= 0x80) {
            return 0;
        }
    }

    return 1;
}
