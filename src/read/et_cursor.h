/*
 * Cursors: where a page of a list ended, by the key it is sorted by.
 *
 * A list is read by key and not by offset, so a page costs the same wherever
 * it is, and rows that come meanwhile move nothing.  "asof" is ClickHouse's
 * time when the first page was read: later pages are of the list as it was
 * then.
 *
 * As text: direction, asof, key and the two numbers that tell equal keys
 * apart, all of characters that a URL has unencoded: "n-1700000000123456-..."
 */

#ifndef ET_CURSOR_H
#define ET_CURSOR_H

#include "et_call.h"


typedef struct {
    int       given;           /* 0: the first page */
    int       back;            /* the page before the row, not behind it */
    int64_t   asof;            /* microseconds */
    int64_t   key;
    uint64_t  id[2];
} et_cursor_t;


/* The parameter "cursor": 1, or 0 and 400. */
int et_call_cursor(et_call_t *call, et_cursor_t *cursor);

int et_cursor_parse(et_slice_t text, et_cursor_t *cursor);
void et_cursor_print(et_text_t *text, const et_cursor_t *cursor);

/*
 * The header Link, as GitLab reads it: next and previous, NULL where there is
 * no such page.  Other parameters of the request are kept; the cursor comes
 * first and the limit last, since what reads it takes all up to a "&".
 */
void et_call_link(et_call_t *call, const et_cursor_t *next,
    const et_cursor_t *previous, uint64_t limit);

/*
 * The parameter "cursor" as et_call_cursor(); one of the form "0:100:0", which
 * Sentry's clients begin with, is the first page.
 */
int et_call_cursor_sentry(et_call_t *call, et_cursor_t *cursor);

/*
 * The header Link, as Sentry's clients read it: always both pages, with
 * results="false" where there is none, and the attributes in this order.
 */
void et_call_link_sentry(et_call_t *call, const et_cursor_t *next,
    const et_cursor_t *previous);


#endif /* ET_CURSOR_H */
