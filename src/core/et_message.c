/*
 * Parameterising a message, by one hand-written scan.
 *
 * Promise: the work is linear in the length of the text, whatever it holds.
 * Every value starts where a word starts, and a word is looked at by each
 * matcher once:
 *
 *   - a matcher that reads an open-ended run (e-mail, URL, IPv6, token) notes
 *     how far the run went, and is not asked again inside of it, as every start
 *     inside of it would reach the same end;
 *   - a quote with no closing quote on its line is noted, and the line is
 *     not searched for that quote again;
 *   - all other matchers read a constant number of bytes, or the digits of
 *     this word and the next few.
 *
 * The unit test counts steps through ET_MESSAGE_STEP().
 */

#include <arpa/inet.h>

#include "et_json.h"
#include "et_message.h"


#ifndef ET_MESSAGE_STEP
#define ET_MESSAGE_STEP()
#endif


#define ET_M_DIGIT    0x01
#define ET_M_HEX      0x02
#define ET_M_ALPHA    0x04      /* an ASCII letter */
#define ET_M_WORD     0x08      /* letter or digit; not '_', so that user_12 has
                                   a number, and no letter of another script,
                                   as some write numbers without a blank */
#define ET_M_LOCAL    0x10      /* e-mail: what may stand before the '@' */
#define ET_M_SCHEME   0x20      /* URL: what may stand before the "://" */
#define ET_M_BLANK    0x40
#define ET_M_URL_END  0x80

#define ET_M_DIGITS   (ET_M_DIGIT|ET_M_HEX|ET_M_WORD|ET_M_LOCAL|ET_M_SCHEME)
#define ET_M_LETTERS  (ET_M_ALPHA|ET_M_WORD|ET_M_LOCAL|ET_M_SCHEME)

#define ET_MESSAGE_LINES       2
#define ET_MESSAGE_QUOTES      3

/* each value's name is at most this many times as long as the value: "1"
 * becomes "<int>", "1s" becomes "<duration>" */
#define ET_MESSAGE_GROWTH      5

/* bounds of look-ahead, bytes or parts */
#define ET_MESSAGE_MAX_NUMBER  20      /* digits of a duration's number */
#define ET_MESSAGE_MAX_PARTS   4       /* 1d2h3m4.5s */
#define ET_MESSAGE_MAX_UNIT    8       /* "minutes", "seconds" */

#define ET_UUID_LEN            36
#define ET_MAC_LEN             17
#define ET_MIN_HEX_WORD        6       /* a digit and a letter among them */
#define ET_MIN_IDENTITY        5       /* Java's Object@1b6d3586 */

/* how a word of letters and digits shows that nobody chose it */
#define ET_MIN_ID              5       /* x7k9q: it turns from one to the */
#define ET_MIN_ID_TURNS        3       /* other three times */
#define ET_MIN_ID_DIGITS       4       /* abc1234def: the digits inside */
#define ET_MIN_TOKEN           16      /* V1StGXR8_Z5jdHi6B-myT */
#define ET_MAX_CODE            4       /* E1001 is a code, u10017 an id */

#define et_m_is(p, mask)                                                      \
    ((et_message_class[(unsigned char) *(p)] & (mask)) != 0)


typedef enum {
    ET_VALUE_EMAIL = 0,
    ET_VALUE_URL,
    ET_VALUE_IP,
    ET_VALUE_UUID,
    ET_VALUE_HASH,
    ET_VALUE_DATE,
    ET_VALUE_DURATION,
    ET_VALUE_HEX,
    ET_VALUE_ID,
    ET_VALUE_FLOAT,
    ET_VALUE_INT,
    ET_VALUE_QUOTED
} et_value_kind_t;

typedef struct {
    const char  *start;        /* the line */
    const char  *end;
    const char  *literal;      /* from here on nothing is copied yet */
    char        *out;

    /* no value of this kind starts before */
    const char  *no_email;
    const char  *no_url;
    const char  *no_ipv6;
    const char  *no_token;
    const char  *no_quoted[ET_MESSAGE_QUOTES];
} et_message_scan_t;

/* a word: a run of letters and digits */
typedef struct {
    const char  *end;
    unsigned     seen;         /* classes that some byte has */
    unsigned     all;          /* classes that every byte has */
} et_message_word_t;


static void et_message_line(et_message_scan_t *s);
static int et_message_quotable(const et_message_scan_t *s, const char *p);
static const char *et_message_value(et_message_scan_t *s, const char **start,
    const et_message_word_t *word, et_value_kind_t *kind);
static const char *et_message_email(et_message_scan_t *s, const char *p);
static const char *et_message_url(et_message_scan_t *s, const char *p);
static const char *et_message_ipv4(const char *p, const char *end);
static const char *et_message_ipv6(et_message_scan_t *s, const char *p);
static const char *et_message_uuid(const char *p, const char *end);
static const char *et_message_date(const char *p, const char *end);
static const char *et_message_duration(const char *p, const char *end);
static const char *et_message_hex(const et_message_scan_t *s, const char *p,
    const et_message_word_t *word);
static const char *et_message_number(const char *p, const char *end,
    et_value_kind_t *kind);
static const char *et_message_mixed(et_message_scan_t *s, const char **start,
    const et_message_word_t *word, et_value_kind_t *kind);
static const char *et_message_token(et_message_scan_t *s, const char *p);
static int et_message_named(const char *p, size_t len);
static const char *et_message_quoted(et_message_scan_t *s, const char *p);


static const unsigned char  et_message_class[256] = {
    [0x00 ... 0x08] = ET_M_URL_END,
    [0x09 ... 0x0d] = ET_M_URL_END|ET_M_BLANK,
    [0x0e ... 0x1f] = ET_M_URL_END,
    [' ']           = ET_M_URL_END|ET_M_BLANK,
    ['"']           = ET_M_URL_END,
    ['%']           = ET_M_LOCAL,
    ['\'']          = ET_M_URL_END,
    ['+']           = ET_M_LOCAL|ET_M_SCHEME,
    ['-']           = ET_M_LOCAL|ET_M_SCHEME,
    ['.']           = ET_M_LOCAL|ET_M_SCHEME,
    ['0' ... '9']   = ET_M_DIGITS,
    ['<']           = ET_M_URL_END,
    ['>']           = ET_M_URL_END,
    ['A' ... 'F']   = ET_M_LETTERS|ET_M_HEX,
    ['G' ... 'Z']   = ET_M_LETTERS,
    ['\\']          = ET_M_URL_END,
    ['^']           = ET_M_URL_END,
    ['_']           = ET_M_LOCAL,
    ['`']           = ET_M_URL_END,
    ['a' ... 'f']   = ET_M_LETTERS|ET_M_HEX,
    ['g' ... 'z']   = ET_M_LETTERS,
    ['{']           = ET_M_URL_END,
    ['|']           = ET_M_URL_END,
    ['}']           = ET_M_URL_END,
    [0x7f]          = ET_M_URL_END
};

static const et_slice_t  et_value_names[] = {
    ET_SLICE("<email>"),
    ET_SLICE("<url>"),
    ET_SLICE("<ip>"),
    ET_SLICE("<uuid>"),
    ET_SLICE("<hash>"),
    ET_SLICE("<date>"),
    ET_SLICE("<duration>"),
    ET_SLICE("<hex>"),
    ET_SLICE("<id>"),
    ET_SLICE("<float>"),
    ET_SLICE("<int>"),
    ET_SLICE("<quoted_str>")
};

static const char  et_message_quotes[ET_MESSAGE_QUOTES] = { '\'', '"', '`' };

static const et_slice_t  et_duration_units[] = {
    ET_SLICE("ms"), ET_SLICE("s"), ET_SLICE("m"), ET_SLICE("h"),
    ET_SLICE("d"), ET_SLICE("us"), ET_SLICE("ns"),
    ET_SLICE("\xc2\xb5s"),     /* U+00B5, the micro sign */
    ET_SLICE("\xce\xbcs"),     /* U+03BC, the Greek letter */
    ET_SLICE("sec"), ET_SLICE("secs"), ET_SLICE("second"),
    ET_SLICE("seconds"), ET_SLICE("msec"), ET_SLICE("min"), ET_SLICE("mins"),
    ET_SLICE("minute"), ET_SLICE("minutes"), ET_SLICE("hr"), ET_SLICE("hrs"),
    ET_SLICE("hour"), ET_SLICE("hours"), ET_SLICE("day"), ET_SLICE("days")
};

/* the number before them is replaced, they stay */
static const et_slice_t  et_size_units[] = {
    ET_SLICE("B"), ET_SLICE("b"), ET_SLICE("k"), ET_SLICE("K"),
    ET_SLICE("kB"), ET_SLICE("KB"), ET_SLICE("kb"), ET_SLICE("M"),
    ET_SLICE("MB"), ET_SLICE("mb"), ET_SLICE("G"), ET_SLICE("GB"),
    ET_SLICE("gb"), ET_SLICE("TB"), ET_SLICE("KiB"), ET_SLICE("MiB"),
    ET_SLICE("GiB"), ET_SLICE("TiB"), ET_SLICE("bytes"), ET_SLICE("px"),
    ET_SLICE("bit"), ET_SLICE("x"), ET_SLICE("Hz"), ET_SLICE("MHz"),
    ET_SLICE("GHz"), ET_SLICE("Mbps"), ET_SLICE("Gbps")
};

/* 1st and 22nd are numbers, whole */
static const et_slice_t  et_ordinals[] = {
    ET_SLICE("st"), ET_SLICE("nd"), ET_SLICE("rd"), ET_SLICE("th")
};

/* Names that end with a number, which is not one that varies. */
static const et_slice_t  et_message_names[] = {
    ET_SLICE("utf8"), ET_SLICE("utf16"), ET_SLICE("utf32"),
    ET_SLICE("latin1"), ET_SLICE("base32"), ET_SLICE("base64"),
    ET_SLICE("md5"), ET_SLICE("sha1"), ET_SLICE("sha224"),
    ET_SLICE("sha256"), ET_SLICE("sha384"), ET_SLICE("sha512"),
    ET_SLICE("crc32"), ET_SLICE("aes128"), ET_SLICE("aes256"),
    ET_SLICE("int8"), ET_SLICE("int16"), ET_SLICE("int32"),
    ET_SLICE("int64"), ET_SLICE("uint8"), ET_SLICE("uint16"),
    ET_SLICE("uint32"), ET_SLICE("uint64"), ET_SLICE("float32"),
    ET_SLICE("float64"), ET_SLICE("ipv4"), ET_SLICE("ipv6"),
    ET_SLICE("http2"), ET_SLICE("http3"), ET_SLICE("oauth2"),
    ET_SLICE("ec2"), ET_SLICE("mp3"), ET_SLICE("mp4"), ET_SLICE("win32"),
    ET_SLICE("amd64"), ET_SLICE("arm64")
};

static const char  et_weekdays[] = "montuewedthufrisatsun";
static const char  et_months[] = "janfebmaraprmayjunjulaugsepoctnovdec";


static inline const char *
et_message_run(const char *p, const char *end, unsigned mask)
{
    while (p < end && et_m_is(p, mask)) {
        ET_MESSAGE_STEP();
        p++;
    }

    return p;
}


/* A byte of a character that is not ASCII */

static inline int
et_message_foreign(const char *p)
{
    return (unsigned char) *p >= 0x80;
}


/* A value may end here. */

static inline int
et_message_boundary(const char *p, const char *end)
{
    return p == end || !et_m_is(p, ET_M_WORD);
}


/*
 * The next non-empty line of *text, without the blanks around it; *text
 * begins after it.  len is 0 where there is no more.
 */

static et_slice_t
et_message_next_line(et_slice_t *text)
{
    const char  *p, *end, *next;

    p = et_message_run(text->data, text->data + text->len, ET_M_BLANK);
    end = text->data + text->len;

    next = (p == end) ? NULL : memchr(p, '\n', end - p);
    if (next == NULL) {
        next = end;
    }

    *text = et_slice(next, end - next);

    while (next > p && et_m_is(next - 1, ET_M_BLANK)) {
        ET_MESSAGE_STEP();
        next--;
    }

    return et_slice(p, next - p);
}


et_slice_t
et_message_parameterise(et_arena_t *arena, et_slice_t text)
{
    char               *start;
    size_t              i, n, left;
    et_slice_t          line[ET_MESSAGE_LINES];
    et_message_scan_t   s;

    left = ET_MESSAGE_GROUPED;
    n = 0;

    for (i = 0; i < ET_MESSAGE_LINES; i++) {
        line[i] = et_slice("", 0);

        if (text.len == 0 || left == 0) {
            continue;
        }

        line[i] = et_message_next_line(&text);
        line[i].len = et_utf8_prefix(line[i].data, line[i].len, left);
        left -= line[i].len;
        n += line[i].len;
    }

    if (n == 0) {
        return et_slice("", 0);
    }

    start = et_arena_alloc(arena, n * ET_MESSAGE_GROWTH + ET_MESSAGE_LINES);
    if (start == NULL) {
        return et_slice(NULL, 0);
    }

    s.out = start;

    for (i = 0; i < ET_MESSAGE_LINES && line[i].len != 0; i++) {
        if (i != 0) {
            *s.out++ = '\n';
        }

        s.start = line[i].data;
        s.end = line[i].data + line[i].len;
        et_message_line(&s);
    }

    return et_slice(start, s.out - start);
}


/* Copies what is no value; a run of blanks becomes one, so that "%5d" does
 * not split an error. */

static void
et_message_literal(et_message_scan_t *s, const char *end)
{
    int          blank;
    const char  *p;

    blank = 0;

    for (p = s->literal; p < end; p++) {
        ET_MESSAGE_STEP();

        if (!et_m_is(p, ET_M_BLANK)) {
            *s->out++ = *p;
            blank = 0;

        } else if (!blank) {
            *s->out++ = ' ';
            blank = 1;
        }
    }
}


static void
et_message_replace(et_message_scan_t *s, const char *start, const char *end,
    et_value_kind_t kind)
{
    const et_slice_t  *name;

    name = &et_value_names[kind];

    /* a sign belongs to its number, where it is no dash between two words */

    if (kind >= ET_VALUE_DURATION && kind <= ET_VALUE_INT
        && start > s->literal && (start[-1] == '-' || start[-1] == '+')
        && (start - 1 == s->start
            || (!et_m_is(start - 2, ET_M_WORD) && start[-2] != '_'
                && !et_message_foreign(start - 2))))
    {
        start--;
    }

    et_message_literal(s, start);
    memcpy(s->out, name->data, name->len);
    s->out += name->len;
    s->literal = end;
}


static const char *
et_message_word(const char *p, const char *end, et_message_word_t *word)
{
    unsigned  class;

    word->seen = 0;
    word->all = ~0u;

    while (p < end) {
        ET_MESSAGE_STEP();

        class = et_message_class[(unsigned char) *p];
        if ((class & ET_M_WORD) == 0) {
            break;
        }

        word->seen |= class;
        word->all &= class;
        p++;
    }

    word->end = p;

    return p;
}


static void
et_message_line(et_message_scan_t *s)
{
    const char         *p, *q, *start;
    et_value_kind_t     kind;
    et_message_word_t   word;

    p = s->start;
    s->literal = p;
    s->no_email = p;
    s->no_url = p;
    s->no_ipv6 = p;
    s->no_token = p;
    memset(s->no_quoted, 0, sizeof(s->no_quoted));

    while (p < s->end) {
        ET_MESSAGE_STEP();

        q = NULL;
        start = p;
        kind = ET_VALUE_QUOTED;

        if (et_m_is(p, ET_M_WORD)) {
            et_message_word(p, s->end, &word);

            if (p == s->start || !et_m_is(p - 1, ET_M_WORD)) {
                q = et_message_value(s, &start, &word, &kind);
            }

            if (q == NULL) {
                p = word.end;
                continue;
            }

        } else if (*p == ':') {
            if (p == s->start || !et_m_is(p - 1, ET_M_WORD)) {
                kind = ET_VALUE_IP;
                q = et_message_ipv6(s, p);
            }

        } else if (et_message_quotable(s, p)) {
            q = et_message_quoted(s, p);
        }

        if (q == NULL) {
            p++;
            continue;
        }

        et_message_replace(s, start, q, kind);
        p = q;
    }

    et_message_literal(s, s->end);
}


/* A quotation may begin here: an apostrophe inside of a word is none. */

static int
et_message_quotable(const et_message_scan_t *s, const char *p)
{
    if (*p != '\'' && *p != '"' && *p != '`') {
        return 0;
    }

    return p == s->start
           || (!et_m_is(p - 1, ET_M_WORD)
               && (*p != '\'' || !et_message_foreign(p - 1)));
}


/* The value that starts with the word at *start, or within it, and then
 * *start is moved there: its end, or NULL. */

static const char *
et_message_value(et_message_scan_t *s, const char **start,
    const et_message_word_t *word, et_value_kind_t *kind)
{
    size_t       len;
    const char  *p, *q, *end;

    p = *start;
    end = s->end;
    len = word->end - p;

    *kind = ET_VALUE_EMAIL;
    q = et_message_email(s, p);
    if (q != NULL) {
        return q;
    }

    *kind = ET_VALUE_URL;
    q = et_message_url(s, p);
    if (q != NULL) {
        return q;
    }

    if (et_m_is(p, ET_M_HEX)) {
        *kind = ET_VALUE_IP;
        q = et_message_ipv4(p, end);
        if (q == NULL) {
            q = et_message_ipv6(s, p);
        }

        if (q != NULL) {
            return q;
        }

        *kind = ET_VALUE_UUID;
        q = et_message_uuid(p, end);
        if (q != NULL) {
            return q;
        }

        *kind = ET_VALUE_HASH;
        if ((word->all & ET_M_HEX) && (len == 32 || len == 40 || len == 64)) {
            return word->end;
        }
    }

    *kind = ET_VALUE_DATE;
    q = et_message_date(p, end);
    if (q != NULL) {
        return q;
    }

    *kind = ET_VALUE_DURATION;
    q = et_message_duration(p, end);
    if (q != NULL) {
        return q;
    }

    *kind = ET_VALUE_HEX;
    q = et_message_hex(s, p, word);
    if (q != NULL) {
        return q;
    }

    q = et_message_number(p, end, kind);

    return q != NULL ? q : et_message_mixed(s, start, word, kind);
}


/*
 * local@domain, where the domain has a dot and ends with two letters or more:
 * package@1.2.3 and Object@1b6d3586 are none.
 */

static const char *
et_message_email(et_message_scan_t *s, const char *p)
{
    const char  *at, *q, *label;

    if (p < s->no_email) {
        return NULL;
    }

    at = et_message_run(p, s->end, ET_M_LOCAL);
    s->no_email = at;

    if (at == s->end || *at != '@') {
        return NULL;
    }

    label = NULL;

    for (q = at + 1; q < s->end; q++) {
        ET_MESSAGE_STEP();

        if (*q == '+' || !et_m_is(q, ET_M_SCHEME)) {
            break;
        }

        /* a dot with a letter behind it; a dot at the end is the sentence's */

        if (*q == '.' && q + 1 < s->end && et_m_is(q + 1, ET_M_WORD)) {
            label = q + 1;
        }
    }

    if (label == NULL || label == at + 2) {
        return NULL;
    }

    q = et_message_run(label, q, ET_M_ALPHA);

    return (q - label >= 2 && et_message_boundary(q, s->end)) ? q : NULL;
}


/* scheme://anything, without the punctuation of the sentence around it */

static const char *
et_message_url(et_message_scan_t *s, const char *p)
{
    const char  *q, *body;

    if (p < s->no_url || !et_m_is(p, ET_M_ALPHA)) {
        return NULL;
    }

    q = et_message_run(p, s->end, ET_M_SCHEME);
    s->no_url = q;

    if (s->end - q < 4 || memcmp(q, "://", 3) != 0) {
        return NULL;
    }

    body = q + 3;

    for (q = body; q < s->end && !et_m_is(q, ET_M_URL_END); q++) {
        ET_MESSAGE_STEP();
    }

    while (q > body && memchr(".,;:!?)]", q[-1], 8) != NULL) {
        ET_MESSAGE_STEP();
        q--;
    }

    return q == body ? NULL : q;
}


static const char *
et_message_ipv4(const char *p, const char *end)
{
    int          i, n;
    unsigned     octet;

    for (i = 0; i < 4; i++) {
        octet = 0;

        for (n = 0; n < 4 && p < end && et_m_is(p, ET_M_DIGIT); n++) {
            ET_MESSAGE_STEP();
            octet = octet * 10 + (*p++ - '0');
        }

        if (n == 0 || octet > 255) {
            return NULL;
        }

        if (i < 3 && (p == end || *p++ != '.')) {
            return NULL;
        }
    }

    if (!et_message_boundary(p, end)
        || (end - p > 1 && p[0] == '.' && et_m_is(p + 1, ET_M_DIGIT)))
    {
        return NULL;
    }

    return p;
}


/*
 * A run of hex digits, colons and dots that inet_pton() takes for an address.
 * A digit is demanded, as abc::def is C++.
 */

static const char *
et_message_ipv6(et_message_scan_t *s, const char *p)
{
    char              text[INET6_ADDRSTRLEN];
    size_t            len;
    unsigned          colons, digits;
    const char       *q;
    struct in6_addr   address;

    if (p < s->no_ipv6) {
        return NULL;
    }

    colons = 0;
    digits = 0;

    for (q = p; q < s->end; q++) {
        ET_MESSAGE_STEP();

        if (*q == ':') {
            colons++;

        } else if (et_m_is(q, ET_M_DIGIT)) {
            digits++;

        } else if (*q != '.' && !et_m_is(q, ET_M_HEX)) {
            break;
        }
    }

    s->no_ipv6 = q;

    if (colons < 2 || digits == 0 || !et_message_boundary(q, s->end)) {
        return NULL;
    }

    /* "fe80::1: no route" */

    if (q[-1] == '.' || (q[-1] == ':' && q[-2] != ':')) {
        q--;
    }

    len = q - p;
    if (len >= sizeof(text)) {
        return NULL;
    }

    memcpy(text, p, len);
    text[len] = '\0';

    return inet_pton(AF_INET6, text, &address) == 1 ? q : NULL;
}


static const char *
et_message_uuid(const char *p, const char *end)
{
    int  i;

    if (end - p < ET_UUID_LEN) {
        return NULL;
    }

    for (i = 0; i < ET_UUID_LEN; i++) {
        ET_MESSAGE_STEP();

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (p[i] != '-') {
                return NULL;
            }

        } else if (!et_m_is(p + i, ET_M_HEX)) {
            return NULL;
        }
    }

    p += ET_UUID_LEN;

    return et_message_boundary(p, end) ? p : NULL;
}


/* Exactly n digits of a number of at most max: their end, or NULL (which it
 * takes for p, too, so that calls can be chained). */

static const char *
et_date_digits(const char *p, const char *end, int n, int max)
{
    int  i, value;

    if (p == NULL || end - p < n) {
        return NULL;
    }

    value = 0;

    for (i = 0; i < n; i++) {
        ET_MESSAGE_STEP();

        if (!et_m_is(p + i, ET_M_DIGIT)) {
            return NULL;
        }

        value = value * 10 + (p[i] - '0');
    }

    return value <= max ? p + n : NULL;
}


static const char *
et_date_char(const char *p, const char *end, char c)
{
    return (p != NULL && p < end && *p == c) ? p + 1 : NULL;
}


/* One of a list of three-letter names, at a boundary. */

static const char *
et_date_name(const char *p, const char *end, const char *names)
{
    if (p == NULL || end - p < 3 || !et_message_boundary(p + 3, end)) {
        return NULL;
    }

    for ( ; *names != '\0'; names += 3) {
        ET_MESSAGE_STEP();

        if (et_lower(p[0]) == names[0] && et_lower(p[1]) == names[1]
            && et_lower(p[2]) == names[2])
        {
            return p + 3;
        }
    }

    return NULL;
}


/* One blank or two ("Jan  2"). */

static const char *
et_date_blanks(const char *p, const char *end)
{
    p = et_date_char(p, end, ' ');

    return (p != NULL && p < end && *p == ' ') ? p + 1 : p;
}


/* HH:MM, :SS, a fraction, a zone; the seconds are optional only where a date
 * stands before. */

static const char *
et_date_time(const char *p, const char *end, int dated)
{
    const char  *q, *zone;

    p = et_date_digits(p, end, 2, 24);
    p = et_date_digits(et_date_char(p, end, ':'), end, 2, 59);
    if (p == NULL) {
        return NULL;
    }

    q = et_date_digits(et_date_char(p, end, ':'), end, 2, 60);

    if (q != NULL) {
        p = q;

        if (end - p > 1 && (*p == '.' || *p == ',')
            && et_m_is(p + 1, ET_M_DIGIT))
        {
            p = et_message_run(p + 1, end, ET_M_DIGIT);
        }

    } else if (!dated) {
        return NULL;
    }

    if (p < end && (*p == 'Z' || *p == 'z')) {
        p++;

    } else {
        zone = (p < end && *p == ' ') ? p + 1 : p;

        if (zone < end && (*zone == '+' || *zone == '-')) {
            q = et_date_digits(zone + 1, end, 2, 14);

            if (q != NULL && q < end && *q == ':') {
                q++;
            }

            q = et_date_digits(q, end, 2, 59);

            if (q != NULL && et_message_boundary(q, end)) {
                p = q;
            }

        } else if (end - zone >= 3 && zone > p
                   && (memcmp(zone, "UTC", 3) == 0
                       || memcmp(zone, "GMT", 3) == 0)
                   && et_message_boundary(zone + 3, end))
        {
            p = zone + 3;
        }
    }

    return et_message_boundary(p, end) ? p : NULL;
}


/* A date's end, or that of the time behind it. */

static const char *
et_date_and_time(const char *p, const char *end)
{
    const char  *q;

    if (p == NULL || p == end) {
        return p;
    }

    if (*p == 'T' || *p == 't' || *p == ' ' || *p == ':' || *p == '_') {
        q = et_date_time(p + 1, end, 1);
        if (q != NULL) {
            return q;
        }
    }

    return et_message_boundary(p, end) ? p : NULL;
}


/* 2006-01-02, 2006/01/02, 02/Jan/2006, 02 Jan 2006, 15:04:05 */

static const char *
et_date_numeric(const char *p, const char *end)
{
    char         separator;
    const char  *q;

    q = et_date_digits(p, end, 4, 9999);

    if (q != NULL && q < end && (*q == '-' || *q == '/')) {
        separator = *q;
        q = et_date_digits(q + 1, end, 2, 12);
        q = et_date_digits(et_date_char(q, end, separator), end, 2, 31);

        return et_date_and_time(q, end);
    }

    q = et_date_digits(p, end, 2, 31);
    if (q == NULL) {
        q = et_date_digits(p, end, 1, 9);
    }

    if (q != NULL && q < end && (*q == '/' || *q == ' ' || *q == '-')) {
        separator = *q;
        q = et_date_name(q + 1, end, et_months);
        q = et_date_digits(et_date_char(q, end, separator), end, 4, 9999);

        return et_date_and_time(q, end);
    }

    return et_date_time(p, end, 0);
}


/* Mon Jan  2 15:04:05 2006, Mon, 02 Jan 2006 15:04:05 GMT, Jan 2 15:04:05,
 * Jan 2 2006, Jan 2, 2006 */

static const char *
et_date_named(const char *p, const char *end)
{
    const char  *q, *day, *year;

    q = et_date_name(p, end, et_weekdays);

    if (q != NULL) {
        if (q < end && *q == ',') {
            q++;
        }

        p = et_date_blanks(q, end);
        if (p == NULL || p == end) {
            return NULL;
        }

        if (et_m_is(p, ET_M_DIGIT)) {
            return et_date_numeric(p, end);
        }
    }

    q = et_date_blanks(et_date_name(p, end, et_months), end);
    day = et_date_digits(q, end, 2, 31);
    if (day == NULL) {
        day = et_date_digits(q, end, 1, 9);
    }

    if (day == NULL || !et_message_boundary(day, end)) {
        return NULL;
    }

    q = et_date_time(et_date_blanks(day, end), end, 1);
    if (q == NULL) {
        q = et_date_char(day, end, ',');
        q = (q == NULL) ? day : q;
    }

    year = et_date_digits(et_date_blanks(q, end), end, 4, 9999);
    if (year != NULL && et_message_boundary(year, end)) {
        return year;
    }

    return (q > day && q[-1] != ',') ? q : NULL;
}


static const char *
et_message_date(const char *p, const char *end)
{
    if (et_m_is(p, ET_M_DIGIT)) {
        return et_date_numeric(p, end);
    }

    return et_m_is(p, ET_M_ALPHA) ? et_date_named(p, end) : NULL;
}


static const char *
et_message_unit(const char *p, const char *end, const et_slice_t *units,
    size_t n)
{
    size_t      i;
    et_slice_t  unit;

    unit.data = p;

    /* the micro sign and the Greek letter are the first byte and the second */

    if (end - p > 1 && ((p[0] == '\xc2' && p[1] == '\xb5')
                        || (p[0] == '\xce' && p[1] == '\xbc')))
    {
        p += 2;
    }

    while (p < end && et_m_is(p, ET_M_ALPHA)) {
        ET_MESSAGE_STEP();

        if (p - unit.data == ET_MESSAGE_MAX_UNIT) {
            return NULL;
        }

        p++;
    }

    unit.len = p - unit.data;

    for (i = 0; i < n && unit.len != 0; i++) {
        ET_MESSAGE_STEP();

        if (et_slice_eq(unit, units[i])) {
            return p;
        }
    }

    return NULL;
}


static const char *
et_duration_digits(const char *p, const char *end)
{
    if (end - p > ET_MESSAGE_MAX_NUMBER) {
        end = p + ET_MESSAGE_MAX_NUMBER;
    }

    return et_message_run(p, end, ET_M_DIGIT);
}


/* 12ms, 1.5s, or several of them, as in Go's 1h2m3.5s */

static const char *
et_message_duration(const char *p, const char *end)
{
    int          i;
    const char  *q;

    for (i = 0; i < ET_MESSAGE_MAX_PARTS; i++) {
        q = et_duration_digits(p, end);
        if (q == p) {
            return NULL;
        }

        if (end - q > 1 && *q == '.' && et_m_is(q + 1, ET_M_DIGIT)) {
            q = et_duration_digits(q + 1, end);
        }

        p = et_message_unit(q, end, et_duration_units,
                            sizeof(et_duration_units) / sizeof(et_slice_t));
        if (p == NULL || et_message_boundary(p, end)) {
            return p;
        }
    }

    return NULL;
}


/* 00:1b:44:11:3a:b7 or 00-1b-44-11-3a-b7 */

static const char *
et_message_mac(const char *p, const char *end)
{
    int  i;

    if (end - p < ET_MAC_LEN || (p[2] != ':' && p[2] != '-')) {
        return NULL;
    }

    for (i = 0; i < ET_MAC_LEN; i++) {
        ET_MESSAGE_STEP();

        if (i % 3 == 2 ? p[i] != p[2] : !et_m_is(p + i, ET_M_HEX)) {
            return NULL;
        }
    }

    p += ET_MAC_LEN;

    return et_message_boundary(p, end) ? p : NULL;
}


static const char *
et_message_hex(const et_message_scan_t *s, const char *p,
    const et_message_word_t *word)
{
    size_t  len;

    len = word->end - p;

    if (len > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        return et_message_run(p + 2, word->end, ET_M_HEX) == word->end
               ? word->end : NULL;
    }

    if ((word->all & ET_M_HEX) == 0) {
        return NULL;
    }

    if (len == 2) {
        return et_message_mac(p, s->end);
    }

    /* an object's identity in Java: digits only, or letters only, at times */

    if (len >= ET_MIN_IDENTITY && p - s->start >= 2 && p[-1] == '@'
        && et_m_is(p - 2, ET_M_WORD))
    {
        return word->end;
    }

    if (len >= ET_MIN_HEX_WORD && (word->seen & ET_M_ALPHA)
        && (word->seen & ET_M_DIGIT))
    {
        return word->end;
    }

    return NULL;
}


/* The end of an exponent at p, or p where there is none. */

static const char *
et_number_exponent(const char *p, const char *end)
{
    const char  *q;

    if (p == end || (*p != 'e' && *p != 'E')) {
        return p;
    }

    q = p + 1;
    if (q < end && (*q == '-' || *q == '+')) {
        q++;
    }

    return (q < end && et_m_is(q, ET_M_DIGIT))
           ? et_message_run(q, end, ET_M_DIGIT) : p;
}


/* A number ends at a boundary, or before the unit of a size: "12MB". */

static int
et_number_ends(const char *p, const char *end)
{
    if (et_message_boundary(p, end)) {
        return 1;
    }

    p = et_message_unit(p, end, et_size_units,
                        sizeof(et_size_units) / sizeof(et_slice_t));

    return p != NULL && et_message_boundary(p, end);
}


/* Digits, in groups of three or not; with a fraction, an exponent: a float. */

static const char *
et_message_number(const char *p, const char *end, et_value_kind_t *kind)
{
    const char  *q, *integer;

    integer = et_message_run(p, end, ET_M_DIGIT);
    if (integer == p) {
        return NULL;
    }

    if (integer - p <= 3) {
        while (end - integer >= 4 && *integer == ','
               && et_m_is(integer + 1, ET_M_DIGIT)
               && et_m_is(integer + 2, ET_M_DIGIT)
               && et_m_is(integer + 3, ET_M_DIGIT)
               && (end - integer == 4 || !et_m_is(integer + 4, ET_M_WORD)))
        {
            ET_MESSAGE_STEP();
            integer += 4;
        }
    }

    *kind = ET_VALUE_FLOAT;
    q = integer;

    if (end - q > 1 && *q == '.' && et_m_is(q + 1, ET_M_DIGIT)) {
        q = et_message_run(q + 1, end, ET_M_DIGIT);
    }

    q = et_number_exponent(q, end);

    if (q > integer && et_number_ends(q, end)) {
        return q;
    }

    *kind = ET_VALUE_INT;

    return et_number_ends(integer, end) ? integer : NULL;
}


/*
 * A word of letters and digits that nobody chose: an id as a whole, or a name
 * with a number at its end, worker3.  What a person writes is left: utf8, v2,
 * E1001, 2FA, i18n, Float64Array.
 */

static const char *
et_message_mixed(et_message_scan_t *s, const char **start,
    const et_message_word_t *word, et_value_kind_t *kind)
{
    size_t       len, turns, digits, letters, run, longest;
    const char  *p, *end;

    p = *start;

    if ((word->seen & ET_M_DIGIT) == 0 || (word->seen & ET_M_ALPHA) == 0) {
        return NULL;
    }

    *kind = ET_VALUE_ID;

    end = et_message_token(s, p);
    if (end != NULL) {
        return end;
    }

    len = word->end - p;
    turns = 0;
    digits = 0;
    run = 0;
    longest = 0;

    for ( /* void */ ; p < word->end; p++) {
        ET_MESSAGE_STEP();

        turns += (p > *start && et_m_is(p, ET_M_DIGIT)
                                != et_m_is(p - 1, ET_M_DIGIT));

        run = et_m_is(p, ET_M_DIGIT) ? run + 1 : 0;
        digits += (run != 0);
        longest = (run > longest) ? run : longest;
    }

    p = *start;
    letters = len - digits;

    if (turns >= ET_MIN_ID_TURNS) {
        return len >= ET_MIN_ID ? word->end : NULL;
    }

    if (turns == 2) {
        return (et_m_is(p, ET_M_DIGIT) ? len >= ET_MIN_ID - 1
                                       : longest >= ET_MIN_ID_DIGITS)
               ? word->end : NULL;
    }

    if (et_m_is(p, ET_M_DIGIT)) {

        if (et_message_unit(p + digits, word->end, et_ordinals,
                            sizeof(et_ordinals) / sizeof(et_slice_t)) != NULL)
        {
            *kind = ET_VALUE_INT;
            return word->end;
        }

        return digits > 1 ? word->end : NULL;
    }

    if ((letters == 1 && digits <= ET_MAX_CODE) || et_message_named(p, len)) {
        return NULL;
    }

    *start += letters;
    *kind = ET_VALUE_INT;

    return word->end;
}


/*
 * The end of a run of letters, digits, '-' and '_' that goes on changing
 * between small letters, capitals and digits: base64 as it is written in
 * URLs.
 */

static const char *
et_message_token(et_message_scan_t *s, const char *p)
{
    size_t       n, turns;
    unsigned     class, last;
    const char  *q;

    if (p < s->no_token) {
        return NULL;
    }

    n = 0;
    turns = 0;
    last = 0;

    for (q = p; q < s->end; q++) {
        ET_MESSAGE_STEP();

        if (*q == '-' || *q == '_') {
            continue;
        }

        if (!et_m_is(q, ET_M_WORD)) {
            break;
        }

        class = et_m_is(q, ET_M_DIGIT) ? 1 : (*q >= 'a') ? 2 : 3;
        turns += (last != 0 && class != last);
        last = class;
        n++;
    }

    s->no_token = q;

    /* of random characters six of ten differ in kind from the one before, of
     * a sentence in kebab case very few */

    return (n >= ET_MIN_TOKEN && turns * 5 >= n * 2) ? q : NULL;
}


static int
et_message_named(const char *p, size_t len)
{
    size_t      i;
    et_slice_t  word;

    word = et_slice(p, len);

    for (i = 0; i < sizeof(et_message_names) / sizeof(et_slice_t); i++) {
        ET_MESSAGE_STEP();

        if (et_slice_eq_nocase(word, et_message_names[i])) {
            return 1;
        }
    }

    return 0;
}


/*
 * A quoted text that closes on the line, with no word behind the closing
 * quote: 'don't' is one.
 */

static const char *
et_message_quoted(et_message_scan_t *s, const char *p)
{
    int          i;
    const char  *q;

    if (p > s->start && p[-1] == '_') {
        return NULL;
    }

    for (i = 0; et_message_quotes[i] != *p; i++) { /* void */ }

    if (s->no_quoted[i] != NULL) {
        return NULL;
    }

    for (q = p + 1; q < s->end; q++) {
        ET_MESSAGE_STEP();

        if (*q == '\\' && q + 1 < s->end) {
            q++;
            continue;
        }

        if (*q == *p && q > p + 1 && et_message_boundary(q + 1, s->end)
            && (*p != '\'' || q + 1 == s->end
                || !et_message_foreign(q + 1)))
        {
            return q + 1;
        }
    }

    s->no_quoted[i] = p;

    return NULL;
}
