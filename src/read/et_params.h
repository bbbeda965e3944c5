/*
 * A request's query string, decoded.
 *
 * Promise: what comes out is UTF-8 without a NUL, or the whole query is
 * refused; so no operation meets anything else.  '+' is a blank and a name
 * may end in "[]", as forms and Rails have it.
 */

#ifndef ET_PARAMS_H
#define ET_PARAMS_H

#include "et_arena.h"


/* far more than any client sends; a bulk request names a hundred ids */
#define ET_PARAMS_MAX  256


typedef struct {
    et_slice_t  name;
    et_slice_t  value;
} et_param_t;

typedef struct {
    et_param_t  *items;
    size_t       n;
} et_params_t;


/* NULL, or what is wrong with the query; "" where the arena is exhausted. */
const char *et_params_parse(et_arena_t *arena, et_slice_t query,
    et_params_t *params);

/* The first of the name; data NULL where there is none. */
et_slice_t et_params_get(const et_params_t *params, const char *name);

/*
 * The next of the name, from *i (0 at first) on: 1, or 0 where there is none.
 */
int et_params_next(const et_params_t *params, const char *name, size_t *i,
    et_slice_t *value);

/* Percent-decoded, followed by a NUL that does not count; blank is what a '+'
 * stands for.  data NULL where the arena is exhausted. */
et_slice_t et_url_decode(et_arena_t *arena, et_slice_t s, char blank);


#endif /* ET_PARAMS_H */
