/*
 * Base64 undone, in place: a store event of a megabyte needs no second
 * buffer.
 */

#include "et_base64.h"


#define ET_BASE64_BLANK  (-1)
#define ET_BASE64_PAD    (-2)
#define ET_BASE64_BAD    (-3)


static int et_base64_value(char c);


int
et_base64_decode(char *out, et_slice_t text, size_t *len)
{
    int        value;
    size_t     i, n;
    uint32_t   bits;
    unsigned   have, padding;

    n = 0;
    bits = 0;
    have = 0;
    padding = 0;

    for (i = 0; i < text.len; i++) {
        value = et_base64_value(text.data[i]);

        if (value == ET_BASE64_BLANK) {
            continue;
        }

        if (value == ET_BASE64_PAD) {
            padding++;
            continue;
        }

        if (value == ET_BASE64_BAD || padding != 0) {
            return 0;
        }

        bits = bits << 6 | (uint32_t) value;
        have += 6;

        if (have >= 8) {
            have -= 8;

            if (out != NULL) {
                out[n] = (char) (bits >> have & 0xff);
            }

            n++;
        }
    }

    *len = n;

    /* one character left is no byte; padding fills a group of four */

    return have != 6 && padding <= have / 2;
}


static int
et_base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    switch (c) {

    case '+':
    case '-':
        return 62;

    case '/':
    case '_':
        return 63;

    case '=':
        return ET_BASE64_PAD;

    case ' ':
    case '\t':
    case '\r':
    case '\n':
        return ET_BASE64_BLANK;

    default:
        return ET_BASE64_BAD;
    }
}
