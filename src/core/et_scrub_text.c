/*
 * What is found inside of a string.  Only the index's marks are looked at;
 * at each, what may be there is read out, before it and behind it.
 *
 * What is read before a mark ends at the mark before that could have read
 * the same, or is bounded; what is read behind it is either replaced, and not
 * read again, or bounded.  So the work is linear.
 */

#include <arpa/inet.h>

#include "et_scrub_internal.h"


#define ET_PEM_LABEL       40  /* bytes: "ENCRYPTED PRIVATE KEY" */
#define ET_PEM_DASHES      5
#define ET_IP_TEXT         45  /* bytes of the longest address */
#define ET_EMAIL_LOCAL     64  /* bytes (RFC 5321, section 4.5.3.1.1) */
#define ET_EMAIL_DOMAIN    255


static void et_scrub_mark(et_scrub_string_t *s, size_t pos);
static void et_scrub_found(et_scrub_string_t *s, const char *p, size_t len);
static void et_scrub_four(et_scrub_string_t *s, size_t pos);
static void et_scrub_country(et_scrub_string_t *s, size_t pos);
static void et_scrub_ssn(et_scrub_string_t *s, size_t pos);
static void et_scrub_pem(et_scrub_string_t *s, size_t pos);
static const char *et_scrub_find(const char *p, const char *end,
    const char *text);
static void et_scrub_bearer(et_scrub_string_t *s, size_t pos);
static void et_scrub_url(et_scrub_string_t *s, size_t pos);
static void et_scrub_email(et_scrub_string_t *s, size_t pos);
static void et_scrub_ipv4(et_scrub_string_t *s, size_t pos);
static void et_scrub_ipv6(et_scrub_string_t *s, size_t pos);


const et_slice_t  et_scrub_filtered = ET_SLICE("[Filtered]");

static const et_slice_t  et_scrub_ip = ET_SLICE("[ip]");

/* what follows "bearer" where it is no scheme but a word */

static const et_slice_t  et_scrub_bearers[] = {
    ET_SLICE("token"), ET_SLICE("tokens"), ET_SLICE("auth"),
    ET_SLICE("authentication"), ET_SLICE("authorization"),
    ET_SLICE("scheme"), ET_SLICE("header"), ET_SLICE("is"), ET_SLICE("was"),
    ET_SLICE("of"), ET_SLICE("for"), ET_SLICE("not"), ET_SLICE("realm"),
    ET_SLICE("error")
};


void
et_scrub_string(et_scrub_string_t *s)
{
    size_t    i, last, pos;
    uint64_t  marks;

    s->first = s->splices->n;
    s->done = s->start;
    s->at = 0;
    s->authority = 0;

    if (s->start == s->end) {
        return;
    }

    last = (s->end - 1) >> 6;

    for (i = s->start >> 6; i <= last; i++) {
        marks = (s->rules & ET_SCRUB_PAIRS) ? s->bits[i].any
                                            : s->bits[i].forms;

        if (i == s->start >> 6) {
            marks &= ~0ull << (s->start & 63);
        }

        if (i == last) {
            marks &= ~0ull >> (63 - ((s->end - 1) & 63));
        }

        while (marks != 0) {
            pos = i * 64 + (unsigned) __builtin_ctzll(marks);
            marks &= marks - 1;

            if (pos >= s->done) {
                et_scrub_mark(s, pos);
            }
        }
    }
}


static void
et_scrub_mark(et_scrub_string_t *s, size_t pos)
{
    if ((s->rules & ET_SCRUB_CARD) && pos - s->start >= 7) {
        et_scrub_four(s, pos);

        if (pos < s->done) {
            return;
        }
    }

    switch (s->text[pos]) {

    case '=':
        if (s->rules & ET_SCRUB_PAIRS) {
            et_scrub_pair(s, pos);
        }

        break;

    case ':':
        if (s->rules & ET_SCRUB_PAIRS) {
            et_scrub_pair(s, pos);
        }

        if ((s->rules & ET_SCRUB_IP) && pos >= s->done) {
            et_scrub_ipv6(s, pos);
        }

        break;

    case '@':
        if (s->rules & ET_SCRUB_URL) {
            et_scrub_url(s, pos);
        }

        if (s->rules & ET_SCRUB_EMAIL) {
            et_scrub_email(s, pos);
        }

        break;

    case '-':
        if (s->rules & ET_SCRUB_SSN) {
            et_scrub_ssn(s, pos);
        }

        if (s->rules & ET_SCRUB_PEM) {
            et_scrub_pem(s, pos);
        }

        break;

    case '.':
        if (s->rules & ET_SCRUB_IP) {
            et_scrub_ipv4(s, pos);
        }

        break;

    case 'r':
    case 'R':
        if (s->rules & ET_SCRUB_BEARER) {
            et_scrub_bearer(s, pos);
        }

        break;

    case '0' ... '9':
        if (s->rules & ET_SCRUB_IBAN) {
            et_scrub_country(s, pos);
        }

        break;
    }
}


void
et_scrub_emit(et_scrub_string_t *s, size_t from, size_t to, et_slice_t with)
{
    et_splices_t  *splices;

    s->done = to;

    if (s->raw != NULL) {
        if (s->map == NULL && !et_scrub_map(s)) {
            s->failed = 1;
            return;
        }

        from = s->map[from];
        to = s->map[to];
    }

    splices = s->splices;

    while (splices->n > s->first
           && splices->splices[splices->n - 1].from >= from)
    {
        et_splices_keep(splices, splices->n - 1);
    }

    if (splices->n > s->first && splices->end > from) {
        from = splices->end;
    }

    if (from < to && !et_splice(splices, from, to, with)) {
        s->failed = 1;
    }
}


static void
et_scrub_found(et_scrub_string_t *s, const char *p, size_t len)
{
    et_scrub_emit(s, p - s->text, p - s->text + len, et_scrub_filtered);
}


/* Four bytes behind the fourth digit of a run. */

static void
et_scrub_four(et_scrub_string_t *s, size_t pos)
{
    size_t       len;
    const char  *p;

    p = s->text + pos - 7;

    /* an issuer's first digits */

    if (*p <= '2' ? (*p < '2' || p[1] < '2') : *p > '6') {
        return;
    }

    if (!et_scrub_is_digit(p[1]) || !et_scrub_is_digit(p[2])
        || !et_scrub_is_digit(p[3]))
    {
        return;
    }

    /* of "token=4111 1111 1111 1111" the first four are gone already */

    len = et_scrub_card(s->text + s->start, p, s->text + s->end);

    if (len != 0) {
        et_scrub_found(s, p, len);
    }
}


/* The second digit behind a country's letters. */

static void
et_scrub_country(et_scrub_string_t *s, size_t pos)
{
    size_t       len;
    const char  *p;

    if (pos - s->start < 3) {
        return;
    }

    p = s->text + pos - 3;

    len = et_scrub_iban(s->text + s->start, p, s->text + s->end);

    if (len != 0) {
        et_scrub_found(s, p, len);
    }
}


/* ddd-dd-dddd, at its second dash. */

static void
et_scrub_ssn(et_scrub_string_t *s, size_t pos)
{
    size_t       i;
    const char  *p;

    if (pos - s->start < 6 || s->end - pos < 5) {
        return;
    }

    p = s->text + pos - 6;

    if (!et_scrub_is_digit(p[0]) || (pos - s->start > 6
                                     && et_scrub_is_name(p[-1])))
    {
        return;
    }

    for (i = 1; i <= 4; i++) {
        if (!et_scrub_is_digit(p[6 + i])) {
            return;
        }
    }

    if (pos + 5 == s->end || !et_scrub_is_name(p[11])) {
        et_scrub_found(s, p, 11);
    }
}


/*
 * What is between a key's BEGIN and END (RFC 7468) goes; to the end of the
 * string where that has been cut.
 */

static void
et_scrub_pem(et_scrub_string_t *s, size_t pos)
{
    size_t       len;
    const char  *p, *q, *end;

    end = s->text + s->end;
    p = s->text + pos + 1;

    if (end - p < 6 || memcmp(p, "BEGIN ", 6) != 0) {
        return;
    }

    p += 5;
    len = end - p < ET_PEM_LABEL ? (size_t) (end - p) : ET_PEM_LABEL;

    for (q = p; q < p + len; q++) {
        if (*q != ' ' && (*q < 'A' || *q > 'Z')) {
            break;
        }
    }

    if (et_scrub_find(p, q, " PRIVATE KEY") == NULL
        && et_scrub_find(p, q, " PUBLIC KEY") == NULL)
    {
        return;
    }

    while (q < end && (*q == '-' || et_scrub_is_space(*q))) {
        q++;
    }

    p = q;
    q = et_scrub_find(p, end, "-----END");
    if (q == NULL) {
        q = end;
    }

    while (q > p && et_scrub_is_space(q[-1])) {
        q--;
    }

    if (q > p) {
        et_scrub_found(s, p, q - p);
    }
}


static const char *
et_scrub_find(const char *p, const char *end, const char *text)
{
    size_t  len;

    len = strlen(text);

    while ((size_t) (end - p) >= len) {
        p = memchr(p, *text, end - p - len + 1);

        if (p == NULL || memcmp(p, text, len) == 0) {
            return p;
        }

        p++;
    }

    return NULL;
}


static void
et_scrub_bearer(et_scrub_string_t *s, size_t pos)
{
    size_t       i;
    et_slice_t   word;
    const char  *p, *q, *end;

    end = s->text + s->end;

    if (pos - s->start < 5) {
        return;
    }

    p = s->text + pos - 5;

    if (!et_slice_eq_nocase(et_slice(p, 6), et_slice_str("bearer"))
        || (p > s->text + s->start && et_scrub_is_name(p[-1])))
    {
        return;
    }

    for (q = p + 6; q < end && et_scrub_is_space(*q); q++) { /* void */ }

    if (q == p + 6 || q == end) {
        return;
    }

    word.data = q;

    while (q < end && !et_scrub_is_space(*q) && !et_scrub_is_quote(*q)) {
        q++;
    }

    word.len = q - word.data;

    if (word.len == 0
        || (word.len >= et_scrub_filtered.len
            && memcmp(word.data, et_scrub_filtered.data,
                      et_scrub_filtered.len) == 0))
    {
        return;
    }

    for (i = 0; i < sizeof(et_scrub_bearers) / sizeof(et_slice_t); i++) {
        if (word.len >= et_scrub_bearers[i].len
            && memcmp(word.data, et_scrub_bearers[i].data,
                      et_scrub_bearers[i].len) == 0
            && (word.len == et_scrub_bearers[i].len
                || (!et_scrub_is_name(word.data[et_scrub_bearers[i].len])
                    && word.len == et_scrub_bearers[i].len + 1)
                || word.data[et_scrub_bearers[i].len] == '='))
        {
            return;
        }
    }

    et_scrub_found(s, p, q - p);
}


/*
 * The password of //user:password@.  The authority ends at its last '@': a
 * password that has one itself goes whole.
 */

static void
et_scrub_url(et_scrub_string_t *s, size_t pos)
{
    char         c;
    size_t       k;
    const char  *p, *colon;

    k = pos;

    while (k > s->start) {

        if (s->at != 0 && k == s->at + 1) {
            k = s->authority;
            break;
        }

        c = s->text[k - 1];

        if (c == '/' || c == '?' || c == '#' || c == '\\' || c == '<'
            || c == '>' || et_scrub_is_quote(c) || et_scrub_is_space(c))
        {
            break;
        }

        k--;
    }

    s->at = pos;

    if (k < s->start + 2 || s->text[k - 1] != '/' || s->text[k - 2] != '/') {
        s->authority = s->start;
        return;
    }

    s->authority = k;

    p = s->text + k;

    colon = memchr(p, ':', s->text + pos - p);
    if (colon == NULL || colon + 1 == s->text + pos) {
        return;
    }

    p = colon + 1;

    if (!et_slice_eq(et_slice(p, s->text + pos - p), et_scrub_filtered)) {
        et_scrub_found(s, p, s->text + pos - p);
    }
}


/* local@domain.tld: what a message is parameterised by, too (et_message.c),
 * so that package@1.2.3 and Object@1b6d3586 stay. */

static void
et_scrub_email(et_scrub_string_t *s, size_t pos)
{
    char         c;
    const char  *p, *q, *at, *start, *end, *label;

    at = s->text + pos;
    start = s->text + s->start;
    end = s->text + s->end;

    if (at - start > ET_EMAIL_LOCAL) {
        start = at - ET_EMAIL_LOCAL;
    }

    if (end - at > ET_EMAIL_DOMAIN) {
        end = at + ET_EMAIL_DOMAIN;
    }

    for (p = at; p > start; p--) {
        c = p[-1];

        if (!et_scrub_is_name(c) && (unsigned char) c < 0x80
            && memchr(".+-%!#$&*'/^~", c, 13) == NULL)
        {
            break;
        }
    }

    label = NULL;

    for (q = at + 1; q < end; q++) {
        if (*q == '.') {
            label = q + 1;

        } else if (*q == '_'
                   || (!et_scrub_is_name(*q) && *q != '-'
                       && (unsigned char) *q < 0x80))
        {
            break;
        }
    }

    /* a dot at the end is the sentence's */

    if (label == q && label != NULL) {
        q--;

        for (label = q; label > at && label[-1] != '.'; label--) {
            /* void */
        }

        if (label == at) {
            label = NULL;
        }
    }

    if (p == at || label == NULL || label == at + 1 || q - label < 2
        || et_scrub_is_digit(*label))
    {
        return;
    }

    et_scrub_found(s, p, q - p);
}


/* Four numbers up to 255, at the first dot. */

static void
et_scrub_ipv4(et_scrub_string_t *s, size_t pos)
{
    int          i, n;
    unsigned     octet;
    const char  *p, *q, *start, *end;

    start = s->text + s->start;
    end = s->text + s->end;
    p = s->text + pos;

    for (n = 0; n < 3 && p > start && et_scrub_is_digit(p[-1]); n++) {
        p--;
    }

    if (n == 0 || (p > start && (et_scrub_is_name(p[-1]) || p[-1] == '.'))) {
        return;
    }

    q = p;

    for (i = 0; i < 4; i++) {
        octet = 0;

        for (n = 0; n < 4 && q < end && et_scrub_is_digit(*q); n++) {
            octet = octet * 10 + (unsigned) (*q++ - '0');
        }

        if (n == 0 || octet > 255 || (i < 3 && (q == end || *q++ != '.'))) {
            return;
        }
    }

    if (q < end && (et_scrub_is_name(*q)
                    || (*q == '.' && end - q > 1 && et_scrub_is_digit(q[1]))))
    {
        return;
    }

    et_scrub_emit(s, p - s->text, q - s->text, et_scrub_ip);
}


static void
et_scrub_ipv6(et_scrub_string_t *s, size_t pos)
{
    int          digits;
    char         text[ET_IP_TEXT + 1];
    const char  *p, *q, *start, *end;

    struct in6_addr  address;

    start = s->text + s->start;
    end = s->text + s->end;
    p = s->text + pos;
    q = p;
    digits = 0;

#define et_scrub_is_ip(c)                                                     \
    (et_scrub_is_digit(c) || (et_lower(c) >= 'a' && et_lower(c) <= 'f')       \
     || (c) == ':' || (c) == '.')

    while (p > start && s->text + pos - p < ET_IP_TEXT
           && et_scrub_is_ip(p[-1]))
    {
        p--;
        digits |= et_scrub_is_digit(*p);
    }

    while (q < end && q - p < ET_IP_TEXT && et_scrub_is_ip(*q)) {
        digits |= et_scrub_is_digit(*q);
        q++;
    }

    /* the sentence's */

    while (q > p + 2 && (q[-1] == '.' || (q[-1] == ':' && q[-2] != ':'))) {
        q--;
    }

    if (!digits
        || (p > start && et_scrub_is_name(p[-1]))
        || (q < end && et_scrub_is_name(*q)))
    {
        return;
    }

    memcpy(text, p, q - p);
    text[q - p] = '\0';

    if (inet_pton(AF_INET6, text, &address) == 1) {
        et_scrub_emit(s, p - s->text, q - s->text, et_scrub_ip);
    }
}
