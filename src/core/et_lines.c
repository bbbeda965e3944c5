/*
 * The lines of a file that people write, and their words.
 */

#include "et_lines.h"


et_slice_t
et_lines(et_slice_t text)
{
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        return et_slice(text.data + 3, text.len - 3);
    }

    return text;
}


int
et_lines_next(et_slice_t *text, et_slice_t *line)
{
    size_t       used;
    const char  *p;

    if (text->len == 0) {
        return 0;
    }

    *line = *text;
    used = text->len;

    p = memchr(text->data, '\n', text->len);

    if (p != NULL) {
        line->len = (size_t) (p - text->data);
        used = line->len + 1;
    }

    *text = et_slice(text->data + used, text->len - used);

    if (line->len != 0 && line->data[line->len - 1] == '\r') {
        line->len--;
    }

    p = line->len == 0 ? NULL : memchr(line->data, '#', line->len);

    if (p != NULL) {
        line->len = (size_t) (p - line->data);
    }

    return 1;
}


et_slice_t
et_lines_word(et_slice_t *text, const char *ends)
{
    size_t       start, end;
    const char  *p;

    p = text->data;

    for (start = 0; start < text->len; start++) {
        if (p[start] == '\0' || strchr(ends, p[start]) == NULL) {
            break;
        }
    }

    for (end = start; end < text->len; end++) {
        if (p[end] != '\0' && strchr(ends, p[end]) != NULL) {
            break;
        }
    }

    *text = et_slice(p + end, text->len - end);

    return et_slice(p + start, end - start);
}
