/*
 * UTF-8 as RFC 3629 defines it: ASCII is checked 32 bytes at a time, what is
 * not ASCII one character at a time.
 */

#include "et_json.h"


#define ET_UTF8_HIGH_BITS  0x8080808080808080ull


static size_t et_utf8_char(const unsigned char *p, const unsigned char *end);


int
et_utf8_valid(const char *text, size_t len)
{
    size_t                n;
    uint64_t              w[4];
    const unsigned char  *p, *end;

    if (len == 0) {
        return 1;
    }

    p = (const unsigned char *) text;
    end = p + len;

    while (p < end) {

        while ((size_t) (end - p) >= sizeof(w)) {
            memcpy(w, p, sizeof(w));

            if (((w[0] | w[1] | w[2] | w[3]) & ET_UTF8_HIGH_BITS) != 0) {
                break;
            }

            p += sizeof(w);
        }

        while (p < end && *p < 0x80) {
            p++;
        }

        /* what is not ASCII seldom comes alone */

        while (p < end && *p >= 0x80) {
            n = et_utf8_char(p, end);
            if (n == 0) {
                return 0;
            }

            p += n;
        }
    }

    return 1;
}


/* The bytes of the character of more than one byte at p, 0: malformed.
 * The ranges of the second byte are those of RFC 3629, section 4. */

static size_t
et_utf8_char(const unsigned char *p, const unsigned char *end)
{
    size_t         n, i;
    unsigned char  low, high;

    low = 0x80;
    high = 0xbf;

    if (*p >= 0xc2 && *p <= 0xdf) {
        n = 2;

    } else if (*p >= 0xe0 && *p <= 0xef) {
        n = 3;

        if (*p == 0xe0) {
            low = 0xa0;         /* not overlong */

        } else if (*p == 0xed) {
            high = 0x9f;        /* no surrogate */
        }

    } else if (*p >= 0xf0 && *p <= 0xf4) {
        n = 4;

        if (*p == 0xf0) {
            low = 0x90;         /* not overlong */

        } else if (*p == 0xf4) {
            high = 0x8f;        /* not above U+10FFFF */
        }

    } else {
        return 0;
    }

    if ((size_t) (end - p) < n || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


size_t
et_utf8_prefix(const char *text, size_t len, size_t max)
{
    size_t  n;

    if (len <= max) {
        return len;
    }

    n = max;

    while (n > 0 && (text[n] & 0xc0) == 0x80) {
        if (max - n == 3) {
            return max;         /* no character is that long */
        }

        n--;
    }

    return n;
}
