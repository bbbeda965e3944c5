/*
 * A text that grows on an arena: by doubling, and what it leaves behind goes
 * with the arena.
 */

#include <stdio.h>

#include "et_text.h"


#define ET_TEXT_FIRST  256     /* bytes */


static int et_text_room(et_text_t *text, size_t len);


void
et_text_init(et_text_t *text, et_arena_t *arena)
{
    memset(text, 0, sizeof(et_text_t));

    text->arena = arena;
}


void
et_text_add(et_text_t *text, et_slice_t s)
{
    if (s.len != 0 && et_text_room(text, s.len)) {
        memcpy(text->data + text->len, s.data, s.len);
        text->len += s.len;
    }
}


void
et_text_str(et_text_t *text, const char *s)
{
    et_text_add(text, et_slice_str(s));
}


void
et_text_char(et_text_t *text, char c)
{
    et_text_add(text, et_slice(&c, 1));
}


void
et_text_u64(et_text_t *text, uint64_t n)
{
    int   len;
    char  buf[24];

    len = snprintf(buf, sizeof(buf), "%llu", (unsigned long long) n);

    et_text_add(text, et_slice(buf, (size_t) len));
}


void
et_text_i64(et_text_t *text, int64_t n)
{
    int   len;
    char  buf[24];

    len = snprintf(buf, sizeof(buf), "%lld", (long long) n);

    et_text_add(text, et_slice(buf, (size_t) len));
}


void
et_text_url(et_text_t *text, et_slice_t s)
{
    char           *p;
    size_t          i;
    unsigned char   c;

    static const char  hex[] = "0123456789ABCDEF";

    if (s.len == 0 || s.len > SIZE_MAX / 3 || !et_text_room(text, 3 * s.len)) {
        text->failed |= s.len > SIZE_MAX / 3;
        return;
    }

    p = text->data + text->len;

    for (i = 0; i < s.len; i++) {
        c = (unsigned char) s.data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'
            || c == '~')
        {
            *p++ = (char) c;
            continue;
        }

        *p++ = '%';
        *p++ = hex[c >> 4];
        *p++ = hex[c & 15];
    }

    text->len = (size_t) (p - text->data);
}


et_slice_t
et_text_slice(et_text_t *text)
{
    if (!et_text_room(text, 1)) {
        return et_slice(NULL, 0);
    }

    text->data[text->len] = '\0';

    return et_slice(text->data, text->len);
}


static int
et_text_room(et_text_t *text, size_t len)
{
    char    *data;
    size_t   size;

    if (text->failed) {
        return 0;
    }

    if (len <= text->size - text->len) {
        return 1;
    }

    size = text->size == 0 ? ET_TEXT_FIRST : 2 * text->size;

    while (size - text->len < len) {
        if (size > SIZE_MAX / 4) {
            text->failed = 1;
            return 0;
        }

        size *= 2;
    }

    data = et_arena_alloc(text->arena, size);

    if (data == NULL) {
        text->failed = 1;
        return 0;
    }

    if (text->len != 0) {
        memcpy(data, text->data, text->len);
    }

    text->data = data;
    text->size = size;

    return 1;
}
