/*
 * The index of a text, each way to make it against the plainest one.
 */

#define ET_SCRUB_TEST   1
#define et_scrub_index  et_test_scrub_index

#include "et_scrub_index.c"
#include "et_test.h"


#define ET_TEST_MAX  700       /* bytes of a text */


static const char  et_test_alphabet[] =
    "\"\\=:@-.0123456789ABZabrBR/{}, \xc2\xa0";

static et_scrub_bits_t  et_test_bits[ET_TEST_MAX / 64 + 2];
static et_scrub_bits_t  et_test_others[ET_TEST_MAX / 64 + 2];


static int
et_test_same(size_t len)
{
    return memcmp(et_test_bits, et_test_others,
                  (len / 64 + 2) * sizeof(et_scrub_bits_t)) == 0;
}


static int
et_test_bit(const char *text, size_t pos)
{
    et_scrub_bits_by(et_scrub_classify_bytes, text, strlen(text), 0,
                     et_test_bits);

    return (et_test_bits[pos / 64].any >> (pos & 63) & 1) != 0;
}


int
main(void)
{
    int     dots, runs;
    char   *text;
    size_t  i, k, len;

    ET_TEST("SSE2, AVX2 and AVX-512 find what a look at each byte finds") {
        for (k = 0; k < 20000; k++) {
            len = et_random() % ET_TEST_MAX;
            text = et_alloc(len);
            runs = et_random() & 1;

            for (i = 0; i < len; i++) {
                text[i] = (runs && i > 0 && et_random() % 4 != 0)
                          ? text[i - 1]
                          : et_test_alphabet[et_random()
                                          % (sizeof(et_test_alphabet) - 1)];
            }

            dots = et_random() & 1;

            et_scrub_bits_by(et_scrub_classify_bytes, text, len, dots,
                             et_test_bits);

#ifdef __SSE2__
            et_scrub_bits_sse2(text, len, dots, et_test_others);
            et_check(et_test_same(len));

            if (__builtin_cpu_supports("avx2")
                && __builtin_cpu_supports("bmi2"))
            {
                et_scrub_bits_avx2(text, len, dots, et_test_others);
                et_check(et_test_same(len));
            }

            if (__builtin_cpu_supports("avx512bw")
                && __builtin_cpu_supports("bmi2"))
            {
                et_scrub_bits_avx512(text, len, dots, et_test_others);
                et_check(et_test_same(len));
            }
#endif

            free(text);
        }
    }

    ET_TEST("a mark is where something may be, and nowhere else") {
        et_check(et_test_bit("a=b", 1));
        et_check(et_test_bit("a: b", 1));
        et_check(!et_test_bit("12:30", 2));
        et_check(!et_test_bit("http://", 4));
        et_check(et_test_bit("x:/y", 1));
        et_check(et_test_bit("a@b", 1));
        et_check(et_test_bit("4111 1111", 7));
        et_check(et_test_bit("41111111", 7));
        et_check(!et_test_bit("2026-01-02", 7));
        et_check(!et_test_bit("58491 took", 7));
        et_check(et_test_bit("078-05-1120", 6));
        et_check(!et_test_bit("2026-01-02", 7));
        et_check(et_test_bit("-----BEGIN", 4));
        et_check(!et_test_bit("-----BEGIN", 3));
        et_check(et_test_bit("DE89", 3));
        et_check(et_test_bit("bearer", 5));
        et_check(et_test_bit("BEARER", 5));
    }

    return et_test_done();
}
