/*
 * A text that grows on an arena.
 *
 * Promise: a failed allocation is remembered, further additions do nothing,
 * and et_text_slice() tells: so a writer asks once, at the end.
 */

#ifndef ET_TEXT_H
#define ET_TEXT_H

#include "et_arena.h"


typedef struct {
    et_arena_t  *arena;
    char        *data;
    size_t       len;
    size_t       size;
    int          failed;
} et_text_t;


void et_text_init(et_text_t *text, et_arena_t *arena);

void et_text_add(et_text_t *text, et_slice_t s);
void et_text_str(et_text_t *text, const char *s);
void et_text_char(et_text_t *text, char c);
void et_text_u64(et_text_t *text, uint64_t n);
void et_text_i64(et_text_t *text, int64_t n);

/* Percent-encoded (RFC 3986, section 2.1): all but the unreserved. */
void et_text_url(et_text_t *text, et_slice_t s);

/* What was written, followed by a NUL that does not count; data NULL where an
 * allocation has failed. */
et_slice_t et_text_slice(et_text_t *text);


#endif /* ET_TEXT_H */
