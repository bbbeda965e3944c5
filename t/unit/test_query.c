/*
 * Queries and base64: what clients escape and encode, undone.
 */

#include "et_base64.h"
#include "et_query.h"
#include "et_test.h"


/* Unescaped into memory of the text's own size, from such memory. */

static void
check_unescaped(const char *text, char blank, const char *expected)
{
    char        *copy, *out;
    size_t       len;
    et_slice_t   got;

    len = strlen(text);
    copy = et_copy(text, len);
    out = et_alloc(len);

    et_check_str(et_query_unescape(et_slice(copy, len), blank, out), expected);

    /* in place */

    got = et_query_unescape(et_slice(copy, len), blank, copy);
    et_check_str(got, expected);

    free(out);
    free(copy);
}


static void
check_decoded(const char *text, const char *expected)
{
    int      ok;
    char    *copy;
    size_t   len, n;

    len = strlen(text);
    copy = et_copy(text, len);

    ok = et_base64_decode(copy, et_slice(copy, len), &n);

    if (expected == NULL) {
        et_test_check(!ok, text, __FILE__, __LINE__);

    } else if (!ok) {
        et_test_check(0, text, __FILE__, __LINE__);

    } else {
        et_check_str(et_slice(copy, n), expected);
    }

    free(copy);
}


/* RFC 4648, section 4, by the book. */

static size_t
encode(const unsigned char *p, size_t len, const char *alphabet, char *out)
{
    size_t    i, n;
    unsigned  group;

    for (i = 0, n = 0; i < len; i += 3) {
        group = (unsigned) p[i] << 16;
        group |= (i + 1 < len) ? (unsigned) p[i + 1] << 8 : 0;
        group |= (i + 2 < len) ? (unsigned) p[i + 2] : 0;

        out[n++] = alphabet[group >> 18];
        out[n++] = alphabet[group >> 12 & 63];
        out[n++] = (i + 1 < len) ? alphabet[group >> 6 & 63] : '=';
        out[n++] = (i + 2 < len) ? alphabet[group & 63] : '=';
    }

    return n;
}


static void
test_base64(void)
{
    char           text[200], out[200];
    size_t         i, k, len, n;
    unsigned char  bytes[100];

    static const char *const  alphabets[] = {
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    };

    ET_TEST("the vectors of RFC 4648, with their padding and without") {
        check_decoded("", "");
        check_decoded("Zg==", "f");
        check_decoded("Zg", "f");
        check_decoded("Zm8=", "fo");
        check_decoded("Zm8", "fo");
        check_decoded("Zm9v", "foo");
        check_decoded("Zm9vYg==", "foob");
        check_decoded("Zm9vYmE=", "fooba");
        check_decoded("Zm9vYmFy", "foobar");
    }

    ET_TEST("blanks and newlines do not count") {
        check_decoded(" Zm9v\r\nYmFy\n", "foobar");
        check_decoded("Z\tg = =\n", "f");
    }

    ET_TEST("what is no base64 is none") {
        check_decoded("Z", NULL);
        check_decoded("Zm9vY", NULL);
        check_decoded("Zg===", NULL);
        check_decoded("Zm8==", NULL);
        check_decoded("Zm9v=", NULL);
        check_decoded("=", NULL);
        check_decoded("Zg==Zg==", NULL);
        check_decoded("Zm9v.", NULL);
        check_decoded("{\"a\":1}", NULL);
        check_decoded("Zm\xc3\xa4", NULL);
    }

    ET_TEST("every length of any bytes comes back, in both alphabets") {
        for (len = 0; len <= sizeof(bytes); len++) {
            for (i = 0; i < len; i++) {
                bytes[i] = (unsigned char) et_random();
            }

            for (k = 0; k < 2; k++) {
                n = encode(bytes, len, alphabets[k], text);

                et_check(et_base64_decode(out, et_slice(text, n), &n));
                et_check(n == len && memcmp(out, bytes, len) == 0);
            }
        }
    }
}


int
main(void)
{
    unsigned    i;
    et_slice_t  args, name, value;

    static const char *const  pairs[][2] = {
        { "a", "1" }, { "", "" }, { "b", "" }, { "", "2" }, { "c", "=3" },
        { "a", "4" }
    };

    ET_TEST("pairs come one after the other, empty ones, too") {
        args = et_slice_str("a=1&&b&=2&c==3&a=4&");

        for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
            et_check(et_query_next(&args, &name, &value));
            et_check_str(name, pairs[i][0]);
            et_check_str(value, pairs[i][1]);
        }

        et_check(!et_query_next(&args, &name, &value));

        args = et_slice(NULL, 0);
        et_check(!et_query_next(&args, &name, &value));
    }

    ET_TEST("the first pair of a name is found") {
        args = et_slice_str("ab=0&a=1&a=2");

        et_check(et_query_find(args, "a", &value));
        et_check_str(value, "1");
        et_check(!et_query_find(args, "b", &value));
        et_check_int(value.len, 0);
        et_check(!et_query_find(et_slice(NULL, 0), "b", &value));
    }

    ET_TEST("what is escaped is unescaped, and what only looks so stays") {
        check_unescaped("", ' ', "");
        check_unescaped("abc", ' ', "abc");
        check_unescaped("%41%62%2B%7b", ' ', "Ab+{");
        check_unescaped("a+b", ' ', "a b");
        check_unescaped("a+b", '+', "a+b");
        check_unescaped("%", ' ', "%");
        check_unescaped("%4", ' ', "%4");
        check_unescaped("%4g%g4%%41", ' ', "%4g%g4%A");
        check_unescaped("100%", ' ', "100%");
        check_unescaped("%C3%A4", ' ', "\xc3\xa4");
    }

    ET_TEST("an escaped text is told from one that is not") {
        et_check(et_query_is_escaped(et_slice_str("a%20")));
        et_check(et_query_is_escaped(et_slice_str("a+b")));
        et_check(!et_query_is_escaped(et_slice_str("a=b&c")));
        et_check(!et_query_is_escaped(et_slice(NULL, 0)));
    }

    test_base64();

    return et_test_done();
}
