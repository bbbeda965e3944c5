/*
 * Repairs of JSON, in place.
 */

#include "et_json_repair.h"
#include "et_slice.h"


static size_t et_json_repair_word(char *p, const char *end);


/*
 * Escapes are found from left to right, each skipped as a whole, so that the
 * second backslash of a pair is never taken for the start of another.
 */

void
et_json_repair_escapes(char *text, size_t len)
{
    int    code, low;
    char  *p, *end;

    p = text;
    end = text + len;

    while (p < end) {
        p = memchr(p, '\\', end - p);
        if (p == NULL || end - p < 6) {
            return;
        }

        if (p[1] != 'u') {
            p += 2;
            continue;
        }

        code = et_json_hex4(p + 2, end);

        if (code == -1) {

            /* cJSON would read four other characters as a NUL: make it an
             * escape that it refuses */

            p[1] = 'x';
            p += 2;
            continue;
        }

        if (code >= 0xd800 && code <= 0xdbff) {
            low = (end - p >= 12 && p[6] == '\\' && p[7] == 'u')
                  ? et_json_hex4(p + 8, end) : -1;

            if (low >= 0xdc00 && low <= 0xdfff) {
                p += 12;
                continue;
            }
        }

        if (code == 0 || (code >= 0xd800 && code <= 0xdfff)) {
            memcpy(p, "\\ufffd", 6);
        }

        p += 6;
    }
}


int
et_json_hex4(const char *p, const char *end)
{
    int   i, code;
    char  c;

    if (end - p < 4) {
        return -1;
    }

    code = 0;

    for (i = 0; i < 4; i++) {
        c = et_lower(p[i]);

        if (c >= '0' && c <= '9') {
            code = code * 16 + (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            code = code * 16 + (c - 'a' + 10);

        } else {
            return -1;
        }
    }

    return code;
}


int
et_json_repair_words(char *text, size_t len)
{
    int     quoted, changed;
    char   *p, *end;
    size_t  n;

    quoted = 0;
    changed = 0;
    end = text + len;

    for (p = text; p < end; p++) {

        if (*p == '"') {
            quoted = !quoted;
            continue;
        }

        if (quoted) {
            if (*p == '\\' && end - p > 1) {
                p++;
            }

            continue;
        }

        n = et_json_repair_word(p, end);

        if (n != 0) {
            changed = 1;
            p += n - 1;
        }
    }

    return changed;
}


/* The length of the word at p where it was one that is replaced, else 0. */

static size_t
et_json_repair_word(char *p, const char *end)
{
    size_t  i, n;

    static const struct {
        et_slice_t   word;
        const char  *value;     /* of the same length */
    } words[] = {
        { ET_SLICE("NaN"), "\"\" " },
        { ET_SLICE("Infinity"), "null    " },
        { ET_SLICE("-Infinity"), "null     " },
    };

    if (*p != 'N' && *p != 'I' && *p != '-') {
        return 0;
    }

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        n = words[i].word.len;

        if ((size_t) (end - p) >= n && memcmp(p, words[i].word.data, n) == 0) {
            memcpy(p, words[i].value, n);
            return n;
        }
    }

    return 0;
}
