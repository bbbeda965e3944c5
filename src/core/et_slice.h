/*
 * A slice: bytes that somebody else owns.
 *
 * Nothing in the core copies a value that a pointer can name.  A slice is
 * not terminated by NUL, may hold any byte, and lives as long as what it
 * points into: the request's body or the request's arena.
 */

#ifndef ET_SLICE_H
#define ET_SLICE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>


typedef struct {
    const char  *data;
    size_t       len;
} et_slice_t;


#define ET_SLICE(literal)  { (literal), sizeof(literal) - 1 }


static inline et_slice_t
et_slice(const char *data, size_t len)
{
    et_slice_t  s;

    s.data = data;
    s.len = len;

    return s;
}


static inline et_slice_t
et_slice_str(const char *text)
{
    return et_slice(text, text == NULL ? 0 : strlen(text));
}


static inline int
et_slice_eq(et_slice_t a, et_slice_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


static inline char
et_lower(char c)
{
    return (c >= 'A' && c <= 'Z') ? (char) (c | 0x20) : c;
}


/* ASCII only, as header names and keywords are */

static inline int
et_slice_eq_nocase(et_slice_t a, et_slice_t b)
{
    size_t  i;

    if (a.len != b.len) {
        return 0;
    }

    for (i = 0; i < a.len; i++) {
        if (et_lower(a.data[i]) != et_lower(b.data[i])) {
            return 0;
        }
    }

    return 1;
}


#endif /* ET_SLICE_H */
