/*
 * A query, or a body of application/x-www-form-urlencoded: name=value pairs,
 * separated by '&', in which '%' and two hex digits stand for a byte.
 */

#ifndef ET_QUERY_H
#define ET_QUERY_H

#include "et_slice.h"


/*
 * Cuts the next pair off: 1, or 0 at the end.  A pair without '=' has an
 * empty value.  Nothing is unescaped.
 */
int et_query_next(et_slice_t *args, et_slice_t *name, et_slice_t *value);

/* The value of the first pair of that name: 1, or 0 where there is none. */
int et_query_find(et_slice_t args, const char *name, et_slice_t *value);

/* Whether et_query_unescape() would change the text. */
int et_query_is_escaped(et_slice_t text);

/*
 * Unescapes into out, which takes as many bytes as the text has, and may be
 * its own memory; returns what is there then.  A '%' without two hex digits
 * stands for itself.  blank: what a '+' stands for, ' ' in a form.
 */
et_slice_t et_query_unescape(et_slice_t text, char blank, char *out);


#endif /* ET_QUERY_H */
