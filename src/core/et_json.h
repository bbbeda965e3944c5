/*
 * JSON on the arena: cJSON parses, the arena holds the tree.
 *
 * cJSON's allocation hooks are process-wide.  They are set on entry and set
 * back to malloc() and free() on return, so that another user of cJSON in
 * the process meets its defaults.  A tree is never freed by itself: it goes
 * with the arena.
 *
 * Promise: text that is not UTF-8 (RFC 3629), is no JSON (RFC 8259) or is
 * nested deeper than ET_JSON_MAX_DEPTH is refused, and the reason says which.
 */

#ifndef ET_JSON_H
#define ET_JSON_H

#include <cjson/cJSON.h>

#include "et_arena.h"
#include "et_reason.h"


/* cJSON's own CJSON_NESTING_LIMIT is 1000; real events stay under 30 */
#define ET_JSON_MAX_DEPTH  200


/*
 * Parses the whole text (trailing white space allowed, anything else is
 * ET_BAD_JSON).  The text is mutable: an escape \u0000, which would end a
 * cJSON string early, is replaced in place by \ufffd.  On ET_OK *root is the
 * tree.  ET_BAD_UTF8, ET_BAD_JSON, ET_JSON_TOO_DEEP, ET_JSON_TOO_COMPLEX
 * (the arena's limit), ET_NO_MEMORY.
 */
et_reason_t et_json_parse(et_arena_t *arena, char *text, size_t len,
    cJSON **root);

/*
 * Between the two, whatever cJSON allocates lies on the arena, so that a tree
 * can be made or added to, and printed; et_json_parse() may be called
 * meanwhile.  NULL from cJSON is the arena's end: its state says which.
 * et_json_alloc() is memory there, for a string that a tree refers to.
 */
void et_json_begin(et_arena_t *arena);
void et_json_end(void);
void *et_json_alloc(size_t size);

/*
 * Reads the escape at p, which is a backslash inside of a string that ends
 * at end; an escape that is none stands for its second character, half of a
 * surrogate pair for U+FFFD.  Writes at most 4 bytes of UTF-8 to out, never
 * more than *used, the bytes read; returns how many.
 */
size_t et_json_unescape(const char *p, const char *end, char *out,
    size_t *used);

/* Why an allocation has failed: ET_JSON_TOO_COMPLEX is the arena's limit. */
static inline et_reason_t
et_json_no_room(const et_arena_t *arena)
{
    return arena->state == ET_ARENA_LIMIT ? ET_JSON_TOO_COMPLEX
                                          : ET_NO_MEMORY;
}


/* 1 where the bytes are well-formed UTF-8: no overlong forms, no
 * surrogates, nothing above U+10FFFF. */
int et_utf8_valid(const char *text, size_t len);

/* The longest prefix of at most max bytes that does not cut a character. */
size_t et_utf8_prefix(const char *text, size_t len, size_t max);

/* An object's member, NULL where there is none or obj is no object (NULL
 * included). */
cJSON *et_json_get(const cJSON *obj, const char *name);

/* A string's bytes, data NULL where item is no string (NULL included). */
et_slice_t et_json_str(const cJSON *item);

/*
 * A scalar as text: a string as it is; a number as JSON prints it (integers
 * without a fraction, on the arena); true and false.  data NULL for null,
 * objects, arrays, NULL and when the arena is exhausted.
 */
et_slice_t et_json_text(et_arena_t *arena, const cJSON *item);


#endif /* ET_JSON_H */
