/*
 * The index of a text: one pass over its bytes, 64 at a time, by AVX-512 or
 * AVX2 where the processor has it, by SSE2 where the architecture has it,
 * else byte by byte.
 *
 * A mark stands where something that is scrubbed may be, at the byte that
 * makes it rare.  Pairs:
 *
 *     =            itself
 *     :            itself, but between two digits (12:30) and before //
 *
 * Forms:
 *
 *     @            itself
 *     4 digits     four bytes behind the fourth digit of a run, where that and
 *                  the one before are digits, too (a card)
 *     ddd-dd-      the second dash (a US social security number)
 *     -----        the fifth dash (PEM)
 *     DE89         the second digit behind two capital letters (an IBAN)
 *     b....r       the r, in any case (Bearer)
 *
 * and, where addresses are looked for, any ':', and the dot behind a digit.
 */

#include "et_scrub_internal.h"


/* what the bytes of a block are, a bit for each */
typedef struct {
    uint64_t  stops;
    uint64_t  at;
    uint64_t  equals;
    uint64_t  colons;
    uint64_t  digits;
    uint64_t  dashes;
    uint64_t  capitals;
    uint64_t  b;
    uint64_t  r;
    uint64_t  slashes;
    uint64_t  dots;
} et_scrub_classes_t;

/* what of a block decides about the next one */
typedef struct {
    uint64_t  digits;
    uint64_t  two;
    uint64_t  four;
    uint64_t  dashes;
    uint64_t  dashes2;
    uint64_t  ssn;
    uint64_t  capitals;
    uint64_t  capitals2;
    uint64_t  b;
} et_scrub_carry_t;


/* Reads 64 bytes. */
typedef et_scrub_classes_t (*et_scrub_classify_pt)(const char *p, int dots);


/* The bits of now, n bytes later; those of before come in. */

ET_SCRUB_INLINE uint64_t
et_scrub_behind(uint64_t now, uint64_t before, unsigned n)
{
    return now << n | before >> (64 - n);
}


/* next is the byte behind the block. */

ET_SCRUB_INLINE void
et_scrub_mark_block(const et_scrub_classes_t *c, et_scrub_carry_t *carry,
    char next, int dots, et_scrub_bits_t *bits)
{
    uint64_t  one, two, four, card, dashes2, ssn, pem, capitals2, iban;
    uint64_t  bearer, pairs;

    one = et_scrub_behind(c->digits, carry->digits, 1);
    two = c->digits & one;

    four = two & et_scrub_behind(two, carry->two, 2)
           & ~et_scrub_behind(c->digits, carry->digits, 4);

    card = et_scrub_behind(four, carry->four, 4) & two;

    ssn = c->dashes & et_scrub_behind(two, carry->two, 1);

    dashes2 = c->dashes & et_scrub_behind(c->dashes, carry->dashes, 1);

    pem = dashes2 & et_scrub_behind(dashes2, carry->dashes2, 2)
          & et_scrub_behind(c->dashes, carry->dashes, 4);

    capitals2 = c->capitals & et_scrub_behind(c->capitals, carry->capitals,
                                              1);

    iban = two & et_scrub_behind(capitals2, carry->capitals2, 2);

    bearer = c->r & et_scrub_behind(c->b, carry->b, 5);

    bits->stops = c->stops;

    pairs = c->equals
            | (c->colons
               & ~(one & (c->digits >> 1
                          | (uint64_t) et_scrub_is_digit(next) << 63))
               & ~(c->slashes >> 1 & c->slashes >> 2));

    bits->forms = c->at | card | pem | iban | bearer
                  | (ssn & et_scrub_behind(ssn, carry->ssn, 3)
                     & et_scrub_behind(c->digits, carry->digits, 6)
                     & ~et_scrub_behind(c->digits, carry->digits, 7));

    if (dots) {
        bits->forms |= c->colons | (c->dots & one);
    }

    bits->any = bits->forms | pairs;

    carry->digits = c->digits;
    carry->two = two;
    carry->four = four;
    carry->dashes = c->dashes;
    carry->dashes2 = dashes2;
    carry->ssn = ssn;
    carry->capitals = c->capitals;
    carry->capitals2 = capitals2;
    carry->b = c->b;
}


/* Inlined with each of the ways to classify. */

ET_SCRUB_INLINE void
et_scrub_bits_by(et_scrub_classify_pt classify, const char *text,
    size_t len, int dots, et_scrub_bits_t *bits)
{
    char                 tail[64];
    size_t               i, n;
    et_scrub_carry_t     carry;
    et_scrub_classes_t   c;

    n = len / 64;

    memset(&carry, 0, sizeof(et_scrub_carry_t));

    for (i = 0; i < n; i++) {
        c = classify(text + i * 64, dots);

        et_scrub_mark_block(&c, &carry,
                            i * 64 + 64 < len ? text[i * 64 + 64] : '\0',
                            dots, &bits[i]);
    }

    memset(tail, 0, sizeof(tail));
    memcpy(tail, text + n * 64, len - n * 64);

    c = classify(tail, dots);

    et_scrub_mark_block(&c, &carry, '\0', dots, &bits[n]);

    bits[n].stops |= 1ull << (len & 63);

    memset(&bits[n + 1], 0, sizeof(et_scrub_bits_t));
}


/* the unit test holds the others to it */

#if !defined(__SSE2__) || defined(ET_SCRUB_TEST)

ET_SCRUB_INLINE et_scrub_classes_t
et_scrub_classify_bytes(const char *p, int dots)
{
    char                b;
    int                 i;
    uint64_t            bit;
    et_scrub_classes_t  c;

    memset(&c, 0, sizeof(et_scrub_classes_t));

    for (i = 0; i < 64; i++) {
        b = p[i];
        bit = 1ull << i;

        switch (b) {

        case '"':
        case '\\':
            c.stops |= bit;
            break;

        case '@':
            c.at |= bit;
            break;

        case '=':
            c.equals |= bit;
            break;

        case ':':
            c.colons |= bit;
            break;

        case '-':
            c.dashes |= bit;
            break;

        case '/':
            c.slashes |= bit;
            break;

        case '.':
            c.dots |= dots ? bit : 0;
            break;

        default:
            c.digits |= et_scrub_is_digit(b) ? bit : 0;
            c.capitals |= (b >= 'A' && b <= 'Z') ? bit : 0;
            c.b |= et_lower(b) == 'b' ? bit : 0;
            c.r |= et_lower(b) == 'r' ? bit : 0;
            break;
        }
    }

    return c;
}

#endif


#ifdef __SSE2__

#define et_scrub_is(v, c)  _mm_cmpeq_epi8(v, _mm_set1_epi8(c))

/* low <= v <= low + n - 1, of bytes without a sign */
#define et_scrub_in(v, low, n)                                                \
    _mm_cmpgt_epi8(_mm_set1_epi8((char) (-128 + (n))),                        \
                   _mm_add_epi8(v, _mm_set1_epi8((char) (-128 - (low)))))

#define et_scrub_mask(v, shift)                                               \
    ((uint64_t) (unsigned) _mm_movemask_epi8(v) << (shift))


ET_SCRUB_INLINE et_scrub_classes_t
et_scrub_classify_sse2(const char *p, int dots)
{
    int                 i;
    __m128i             v, lower;
    et_scrub_classes_t  c;

    memset(&c, 0, sizeof(et_scrub_classes_t));

#pragma GCC unroll 4
    for (i = 0; i < 64; i += 16) {
        v = _mm_loadu_si128((const __m128i *) (p + i));
        lower = _mm_or_si128(v, _mm_set1_epi8(0x20));

        c.stops |= et_scrub_mask(_mm_or_si128(et_scrub_is(v, '"'),
                                              et_scrub_is(v, '\\')), i);
        c.at |= et_scrub_mask(et_scrub_is(v, '@'), i);
        c.equals |= et_scrub_mask(et_scrub_is(v, '='), i);
        c.colons |= et_scrub_mask(et_scrub_is(v, ':'), i);
        c.digits |= et_scrub_mask(et_scrub_in(v, '0', 10), i);
        c.dashes |= et_scrub_mask(et_scrub_is(v, '-'), i);
        c.capitals |= et_scrub_mask(et_scrub_in(v, 'A', 26), i);
        c.b |= et_scrub_mask(et_scrub_is(lower, 'b'), i);
        c.r |= et_scrub_mask(et_scrub_is(lower, 'r'), i);
        c.slashes |= et_scrub_mask(et_scrub_is(v, '/'), i);

        if (dots) {
            c.dots |= et_scrub_mask(et_scrub_is(v, '.'), i);
        }
    }

    return c;
}

#undef et_scrub_is
#undef et_scrub_in
#undef et_scrub_mask


#define et_scrub_is(v, c)  _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c))

#define et_scrub_in(v, low, n)                                                \
    _mm256_cmpgt_epi8(_mm256_set1_epi8((char) (-128 + (n))),                  \
                      _mm256_add_epi8(v,                                      \
                                      _mm256_set1_epi8((char) (-128 - (low)))))

#define et_scrub_mask(v, shift)                                               \
    ((uint64_t) (unsigned) _mm256_movemask_epi8(v) << (shift))


ET_SCRUB_AVX2 ET_SCRUB_INLINE et_scrub_classes_t
et_scrub_classify_avx2(const char *p, int dots)
{
    int                 i;
    __m256i             v, lower;
    et_scrub_classes_t  c;

    memset(&c, 0, sizeof(et_scrub_classes_t));

#pragma GCC unroll 2
    for (i = 0; i < 64; i += 32) {
        v = _mm256_loadu_si256((const __m256i *) (p + i));
        lower = _mm256_or_si256(v, _mm256_set1_epi8(0x20));

        c.stops |= et_scrub_mask(_mm256_or_si256(et_scrub_is(v, '"'),
                                                 et_scrub_is(v, '\\')), i);
        c.at |= et_scrub_mask(et_scrub_is(v, '@'), i);
        c.equals |= et_scrub_mask(et_scrub_is(v, '='), i);
        c.colons |= et_scrub_mask(et_scrub_is(v, ':'), i);
        c.digits |= et_scrub_mask(et_scrub_in(v, '0', 10), i);
        c.dashes |= et_scrub_mask(et_scrub_is(v, '-'), i);
        c.capitals |= et_scrub_mask(et_scrub_in(v, 'A', 26), i);
        c.b |= et_scrub_mask(et_scrub_is(lower, 'b'), i);
        c.r |= et_scrub_mask(et_scrub_is(lower, 'r'), i);
        c.slashes |= et_scrub_mask(et_scrub_is(v, '/'), i);

        if (dots) {
            c.dots |= et_scrub_mask(et_scrub_is(v, '.'), i);
        }
    }

    return c;
}


ET_SCRUB_AVX2 static void
et_scrub_bits_avx2(const char *text, size_t len, int dots,
    et_scrub_bits_t *bits)
{
    if (dots) {
        et_scrub_bits_by(et_scrub_classify_avx2, text, len, 1, bits);

    } else {
        et_scrub_bits_by(et_scrub_classify_avx2, text, len, 0, bits);
    }
}


#define et_scrub_eq(v, c)                                                     \
    _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c))

#define et_scrub_from(v, low, n)                                              \
    _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8(low)),         \
                           _mm512_set1_epi8(n))


ET_SCRUB_AVX512 ET_SCRUB_INLINE et_scrub_classes_t
et_scrub_classify_avx512(const char *p, int dots)
{
    __m512i             v, lower;
    et_scrub_classes_t  c;

    v = _mm512_loadu_si512(p);
    lower = _mm512_or_si512(v, _mm512_set1_epi8(0x20));

    c.stops = et_scrub_eq(v, '"') | et_scrub_eq(v, '\\');
    c.at = et_scrub_eq(v, '@');
    c.equals = et_scrub_eq(v, '=');
    c.colons = et_scrub_eq(v, ':');
    c.digits = et_scrub_from(v, '0', 10);
    c.dashes = et_scrub_eq(v, '-');
    c.capitals = et_scrub_from(v, 'A', 26);
    c.b = et_scrub_eq(lower, 'b');
    c.r = et_scrub_eq(lower, 'r');
    c.slashes = et_scrub_eq(v, '/');
    c.dots = dots ? et_scrub_eq(v, '.') : 0;

    return c;
}


ET_SCRUB_AVX512 static void
et_scrub_bits_avx512(const char *text, size_t len, int dots,
    et_scrub_bits_t *bits)
{
    et_scrub_bits_by(et_scrub_classify_avx512, text, len, dots, bits);
}


static void
et_scrub_bits_sse2(const char *text, size_t len, int dots,
    et_scrub_bits_t *bits)
{
    et_scrub_bits_by(et_scrub_classify_sse2, text, len, dots, bits);
}

#endif


et_scrub_bits_t *
et_scrub_index(et_arena_t *arena, const char *text, size_t len, int dots)
{
    et_scrub_bits_t  *bits;

    bits = et_arena_alloc(arena, (len / 64 + 2) * sizeof(et_scrub_bits_t));
    if (bits == NULL) {
        return NULL;
    }

#ifdef __SSE2__

    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2")) {
        et_scrub_bits_avx512(text, len, dots, bits);

    } else if (__builtin_cpu_supports("avx2")
               && __builtin_cpu_supports("bmi2"))
    {
        et_scrub_bits_avx2(text, len, dots, bits);

    } else {
        et_scrub_bits_sse2(text, len, dots, bits);
    }

#else

    et_scrub_bits_by(et_scrub_classify_bytes, text, len, dots, bits);

#endif

    return bits;
}
