/*
 * Which web pages may send: allowed origins (RFC 6454), as Sentry's projects
 * have them.
 *
 *     *                        any
 *     https://a.example        this host by this scheme, on any port
 *     a.example                by any scheme
 *     a.example:443            on this port alone, which may be that of the
 *                              page's scheme
 *     *.a.example              this host and any below it
 *     [::1]:3000, localhost
 *     null                     a page without an origin: a file, a sandbox
 *
 * Promise: a comparison allocates nothing and takes time in proportion to the
 * list and the header.
 */

#ifndef ET_ORIGIN_H
#define ET_ORIGIN_H

#include "et_arena.h"


typedef struct {
    et_slice_t  scheme;        /* len 0: any */
    et_slice_t  host;          /* len 0: any */
    unsigned    port;          /* 0: any */
    unsigned    below;         /* unsigned  below:1; hosts below it, too */
} et_origin_t;

typedef struct {
    et_origin_t  *items;
    size_t        n;
} et_origins_t;


/*
 * Reads a list separated by commas and adds it; the texts are copied to the
 * arena.  1; 0 where a word is no origin, which *bad is then, or where memory
 * is short: bad->data is NULL then.
 */
int et_origins_add(et_arena_t *arena, et_origins_t *origins, et_slice_t list,
    et_slice_t *bad);

/* 1 where the value of Origin, or of Referer, is of the list. */
int et_origins_match(const et_origins_t *origins, et_slice_t value);


#endif /* ET_ORIGIN_H */
