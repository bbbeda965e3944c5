/*
 * One escape of a JSON string (RFC 8259, section 7), as it is meant.
 */

#include "et_json.h"
#include "et_json_repair.h"


static int et_json_escape_code(const char *p, const char *end);
static size_t et_json_escape_utf8(unsigned long code, char *out);


size_t
et_json_unescape(const char *p, const char *end, char *out, size_t *used)
{
    int          code, low;
    const char  *c;

    static const char  names[] = "bfnrt";
    static const char  values[] = "\b\f\n\r\t";

    if (end - p < 2) {
        *out = *p;
        *used = 1;
        return 1;
    }

    *used = 2;

    if (p[1] != 'u') {
        c = memchr(names, p[1], sizeof(names) - 1);
        *out = c == NULL ? p[1] : values[c - names];
        return 1;
    }

    code = et_json_escape_code(p, end);

    if (code < 0) {
        *out = 'u';
        return 1;
    }

    *used = 6;

    if (code >= 0xd800 && code <= 0xdfff) {
        low = et_json_escape_code(p + 6, end);

        if (code <= 0xdbff && low >= 0xdc00 && low <= 0xdfff) {
            *used = 12;

            return et_json_escape_utf8(0x10000
                                       + ((unsigned long) (code - 0xd800)
                                          << 10)
                                       + (unsigned long) (low - 0xdc00),
                                       out);
        }

        code = 0xfffd;
    }

    return et_json_escape_utf8((unsigned long) code, out);
}


/* The number of the escape \uXXXX at p, -1 where there is none. */

static int
et_json_escape_code(const char *p, const char *end)
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return -1;
    }

    return et_json_hex4(p + 2, end);
}


static size_t
et_json_escape_utf8(unsigned long code, char *out)
{
    size_t  i, n;

    if (code < 0x80) {
        *out = (char) code;
        return 1;
    }

    n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (i = n - 1; i > 0; i--) {
        out[i] = (char) (0x80 | (code & 0x3f));
        code >>= 6;
    }

    out[0] = (char) ((0xf00 >> n & 0xff) | code);

    return n;
}
