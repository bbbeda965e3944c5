/*
 * Numbers that prove themselves: payment cards (ISO/IEC 7812, the Luhn
 * digit), and IBANs (ISO 13616, modulo 97).
 *
 * A number may be written in groups, a space (also one that does not break)
 * or a dash between any two digits, as on a card, or on a letter of a bank.
 * One in ten numbers of a card's form passes as a card, so the form is strict
 * besides: the issuer's digits and its lengths, no letter or digit beside,
 * and no fraction (0.4111111111111111).
 */

#include "et_scrub_internal.h"


#define ET_CARD_MIN   14
#define ET_CARD_MAX   19

#define ET_IBAN_MIN   15
#define ET_IBAN_MAX   33

#define ET_IBAN(a, b)  ((a) << 8 | (b))


static unsigned et_scrub_card_lengths(unsigned prefix);
static unsigned et_scrub_iban_length(unsigned country);
static size_t et_scrub_gap(const char *p, const char *end);


/* countries by the length of their IBANs: the registry's, and those that use
 * the form without being in it */

static const struct {
    unsigned     length;
    const char  *countries;
} et_scrub_ibans[] = {
    { 15, "NO" },
    { 16, "BE" },
    { 18, "DKFIFOGLNLSDFK" },
    { 19, "MKSI" },
    { 20, "ATBAEEKZLTLUXKMN" },
    { 21, "CHHRLILV" },
    { 22, "BGBHCRDEGBGEIEMERSVA" },
    { 23, "AEGIILIQTLOMSO" },
    { 24, "ADCZESMDPKROSASESKTNVG" },
    { 25, "PTSTLYAOCVGWMZ" },
    { 26, "ISTRDZIR" },
    { 27, "FRGRITMCMRSMBICFCGCMDJGAGQKMMGTD" },
    { 28, "ALAZBYCYDOGTHULBPLSVNIHNBFBJCIMAMLNESNTG" },
    { 29, "BREGPSQAUA" },
    { 30, "JOKWMUYE" },
    { 31, "MTSC" },
    { 32, "LC" },
    { 33, "RU" }
};


/*
 * Luhn's sum is kept for both parities while digits are read: the number's
 * length, and so which digits count twice, is known only at its end.
 */

size_t
et_scrub_card(const char *start, const char *p, const char *end)
{
    size_t       gap, len;
    unsigned     digit, twice, n, lengths, prefix, sum[2];
    const char  *q;

    if (p > start
        && (et_scrub_is_name(p[-1]) || (unsigned char) p[-1] >= 0x80))
    {
        if (p - start < 2 || memcmp(p - 2, "\xc2\xa0", 2) != 0) {
            return 0;
        }
    }

    if (p - start >= 2 && p[-1] == '.' && et_scrub_is_digit(p[-2])) {
        return 0;
    }

    prefix = 0;
    lengths = 0;
    sum[0] = 0;
    sum[1] = 0;
    len = 0;
    q = p;

    for (n = 1; n <= ET_CARD_MAX; n++) {
        digit = (unsigned) (*q++ - '0');
        twice = digit < 5 ? 2 * digit : 2 * digit - 9;

        sum[n & 1] += twice;
        sum[(n & 1) ^ 1] += digit;

        if (n <= 4) {
            prefix = prefix * 10 + digit;
        }

        if (n == 4) {
            lengths = et_scrub_card_lengths(prefix);
            if (lengths == 0) {
                return 0;
            }
        }

        if ((lengths & 1u << n)

            /* the last digit counts once: digits of its parity are in the
             * sum of the other */

            && sum[(n & 1) ^ 1] % 10 == 0
            && (q == end
                || (!et_scrub_is_name(*q)
                    && (*q != '.' || end - q < 2
                        || !et_scrub_is_digit(q[1])))))
        {
            len = q - p;
        }

        gap = et_scrub_gap(q, end);
        q += gap;

        if (q == end || !et_scrub_is_digit(*q)) {
            break;
        }
    }

    return len;
}


/* The lengths that numbers of the issuer have, bit n for n digits. */

static unsigned
et_scrub_card_lengths(unsigned prefix)
{
    unsigned  two;

    two = prefix / 100;

    if (two >= 40 && two <= 49) {
        return 1u << 16 | 1u << 19;                     /* Visa */
    }

    if ((two >= 51 && two <= 55) || (prefix >= 2221 && prefix <= 2720)) {
        return 1u << 16;                                /* Mastercard */
    }

    if (two == 34 || two == 37) {
        return 1u << 15;                                /* American Express */
    }

    if (two == 36 || two == 38 || two == 39
        || (prefix >= 3000 && prefix <= 3059))
    {
        return 1u << 14;                                /* Diners Club */
    }

    if (prefix >= 3528 && prefix <= 3589) {
        return 1u << 16;                                /* JCB */
    }

    if (two == 65 || prefix == 6011 || (prefix >= 6440 && prefix <= 6499)
        || two == 62)
    {
        return 1u << 16 | 1u << 17 | 1u << 18 | 1u << 19;  /* Discover,
                                                              UnionPay */
    }

    return 0;
}


/* The bytes between two digits. */

static size_t
et_scrub_gap(const char *p, const char *end)
{
    if (p == end) {
        return 0;
    }

    if (*p == '-' || et_scrub_is_space(*p)) {
        return 1;
    }

    return end - p >= 2 && memcmp(p, "\xc2\xa0", 2) == 0 ? 2 : 0;
}


/* The country and the check digits count as if they stood at the end. */

size_t
et_scrub_iban(const char *start, const char *p, const char *end)
{
    char         c;
    unsigned     i, n, rest, length, head[4];
    const char  *q;

    if (end - p < ET_IBAN_MIN || (p > start && et_scrub_is_name(p[-1]))) {
        return 0;
    }

    length = et_scrub_iban_length(ET_IBAN((unsigned) p[0], (unsigned) p[1]));
    rest = 0;
    q = p;

    for (n = 0; n < length; n++) {

        if (n != 0) {
            q += et_scrub_gap(q, end);
        }

        if (q == end) {
            return 0;
        }

        c = et_lower(*q);

        if (et_scrub_is_digit(c)) {
            i = (unsigned) (c - '0');

        } else if (c >= 'a' && c <= 'z') {
            i = (unsigned) (c - 'a' + 10);

        } else {
            return 0;
        }

        q++;

        if (n < 4) {
            head[n] = i;
            continue;
        }

        rest = (rest * (i < 10 ? 10 : 100) + i) % 97;
    }

    if (length == 0 || (q < end && et_scrub_is_name(*q))) {
        return 0;
    }

    for (n = 0; n < 4; n++) {
        rest = (rest * (head[n] < 10 ? 10 : 100) + head[n]) % 97;
    }

    return rest == 1 ? (size_t) (q - p) : 0;
}


static unsigned
et_scrub_iban_length(unsigned country)
{
    size_t       i;
    const char  *c;

    for (i = 0; i < sizeof(et_scrub_ibans) / sizeof(et_scrub_ibans[0]); i++) {
        for (c = et_scrub_ibans[i].countries; *c != '\0'; c += 2) {
            if (ET_IBAN((unsigned) c[0], (unsigned) c[1]) == country) {
                return et_scrub_ibans[i].length;
            }
        }
    }

    return 0;
}
