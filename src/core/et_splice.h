/*
 * Splices: a text with some of its ranges replaced.
 *
 * An event's JSON is passed on as it was sent; where a part of it has to go
 * (what is secret, what is too long), the ranges are noted while the text is
 * read, and the new text is written once, at the end.  A text without a
 * splice is not copied.
 *
 * Promise: linear in the text and the splices; the only memory is the
 * arena's, and a text that comes out has every splice in it.
 */

#ifndef ET_SPLICE_H
#define ET_SPLICE_H

#include "et_arena.h"


typedef struct {
    size_t        from;
    size_t        to;
    et_slice_t    with;
} et_splice_t;

typedef struct {
    et_arena_t   *arena;
    char         *text;
    size_t        len;
    size_t        end;         /* of the last splice, in the text */
    size_t        grown;       /* bytes that the replacements have */
    size_t        gone;        /* bytes that they replace */
    et_splice_t  *splices;
    size_t        n;
    size_t        room;
} et_splices_t;


/* No memory is allocated before the first et_splice(). */
void et_splices_init(et_splices_t *splices, et_arena_t *arena, char *text,
    size_t len);

/*
 * with stands in place of the bytes from (included) to to (excluded); both
 * may be the same.  The replacement is not copied before et_splices_apply().
 * 1; 0 where the range begins before the last one ended, or is none, which
 * changes nothing, or where the arena is exhausted.
 */
int et_splice(et_splices_t *splices, size_t from, size_t to,
    et_slice_t with);

/* Only the first n splices stay: those noted later are taken back. */
void et_splices_keep(et_splices_t *splices, size_t n);

/*
 * The text that results, on the arena, and its length: the text itself where
 * there is no splice.  NULL where the arena is exhausted.
 */
char *et_splices_apply(const et_splices_t *splices, size_t *len);


#endif /* ET_SPLICE_H */
