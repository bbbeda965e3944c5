/*
 * name=value inside of a string: query strings, forms, cookies, headers,
 * command lines, assignments, and the JSON or the language's own notation
 * that objects are turned into when they are logged:
 *
 *     page=2&token=x          Authorization: Basic x
 *     {"password": "x"}       {'password': 'x'}      {\"password\":\"x\"}
 *     :password=>"x"          params["password"] = 'x'
 *     user[password]=x        user%5Bpassword%5D=x
 *
 * The name is what stands before the delimiter.  Where it says that it is
 * secret, the value goes: to its closing quote or bracket, or, without one,
 * to the next blank or delimiter.
 */

#include "et_scrub_internal.h"


#define ET_PAIR_NAME     128   /* bytes; of a longer name its end counts */
#define ET_PAIR_CLOSERS  8     /* quotes, brackets, backslashes behind a name
                                  or a value that are looked at */


static et_slice_t et_scrub_pair_name(const et_scrub_string_t *s, size_t pos);
static int et_scrub_pair_secret(const et_scrub_string_t *s, et_slice_t name);
static size_t et_scrub_unescape(et_slice_t name, char *out);
static int et_scrub_hex(char c);
static int et_scrub_pair_port(const et_scrub_string_t *s, et_slice_t name,
    const char *p);
static void et_scrub_pair_value(et_scrub_string_t *s, size_t pos,
    et_slice_t name);
static const char *et_scrub_pair_quoted(const char *p, const char *end,
    char quote, size_t slashes);
static const char *et_scrub_pair_bracketed(const char *p, const char *end);
static const char *et_scrub_pair_bare(const et_scrub_string_t *s,
    const char *p, const char *end, int header);
static int et_scrub_pair_ends(const char *p, const char *end);
static int et_scrub_pair_empty(et_slice_t value);


void
et_scrub_pair(et_scrub_string_t *s, size_t pos)
{
    char         next;
    et_slice_t   name;
    const char  *p;

    p = s->text + pos;
    next = pos + 1 < s->end ? p[1] : '\0';

    /* ==, ::, scheme://, and the last of them */

    if (next == *p || (pos > s->start && p[-1] == *p)
        || (*p == ':'
            && (next == '='
                || (next == '/' && s->end - pos > 2 && p[2] == '/'))))
    {
        return;
    }

    name = et_scrub_pair_name(s, pos);

    if (name.len == 0) {
        return;
    }

    if (et_scrub_pair_secret(s, name)) {
        if (!et_scrub_pair_port(s, name, p)) {
            et_scrub_pair_value(s, pos, name);
        }

        return;
    }

    /* Cookie: a=b; c=d */

    if (*p == ':' && et_scrub_name_cookies(name.data, name.len)) {
        s->rules |= ET_SCRUB_COOKIE;
    }
}


static et_slice_t
et_scrub_pair_name(const et_scrub_string_t *s, size_t pos)
{
    char         c;
    size_t       n;
    const char  *p, *end, *start;

    start = s->text + s->start;
    end = s->text + pos;

    while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }

    /* name := value */

    if (s->text[pos] == '=' && end == s->text + pos && end > start
        && end[-1] == ':')
    {
        for (end--; end > start && end[-1] == ' '; end--) { /* void */ }
    }

    for (n = 0; n < ET_PAIR_CLOSERS && end > start; n++) {
        c = end[-1];

        if (!et_scrub_is_quote(c) && c != ']' && c != '\\') {
            break;
        }

        end--;
    }

    if (end - start > ET_PAIR_NAME) {
        start = end - ET_PAIR_NAME;
    }

    for (p = end; p > start; p--) {
        c = p[-1];

        if (!et_scrub_is_name(c) && (unsigned char) c < 0x80
            && c != '-' && c != '.' && c != '[' && c != ']' && c != '%'
            && c != '$')
        {
            break;
        }
    }

    return et_slice(p, end - p);
}


static int
et_scrub_pair_secret(const et_scrub_string_t *s, et_slice_t name)
{
    char  plain[ET_PAIR_NAME];

    if (memchr(name.data, '%', name.len) != NULL) {
        name.len = et_scrub_unescape(name, plain);
        name.data = plain;
    }

    if (s->rules & ET_SCRUB_COOKIE) {
        return et_scrub_name_cookie(s->scrub, name.data, name.len);
    }

    return et_scrub_name_secret(s->scrub, name.data, name.len);
}


/* %70 as it is meant (RFC 3986, section 2.1). */

static size_t
et_scrub_unescape(et_slice_t name, char *out)
{
    int     high, low;
    size_t  i, n;

    n = 0;

    for (i = 0; i < name.len; i++) {

        if (name.data[i] == '%' && name.len - i >= 3) {
            high = et_scrub_hex(name.data[i + 1]);
            low = et_scrub_hex(name.data[i + 2]);

            if (high >= 0 && low >= 0) {
                out[n++] = (char) (high << 4 | low);
                i += 2;
                continue;
            }
        }

        out[n++] = name.data[i];
    }

    return n;
}


static int
et_scrub_hex(char c)
{
    c = et_lower(c);

    if (et_scrub_is_digit(c)) {
        return c - '0';
    }

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* A host's port (//auth:8080/), or a file's line (auth.py:12). */

static int
et_scrub_pair_port(const et_scrub_string_t *s, et_slice_t name,
    const char *p)
{
    const char  *q, *end;

    if (*p != ':') {
        return 0;
    }

    end = s->text + s->end;

    for (q = p + 1; q < end && et_scrub_is_digit(*q); q++) { /* void */ }

    if (q == p + 1 || q - p > 6 || (q < end && et_scrub_is_name(*q))) {
        return 0;
    }

    return memchr(name.data, '.', name.len) != NULL
           || (q < end && *q == '/')
           || (name.data > s->text + s->start
               && (name.data[-1] == '/' || name.data[-1] == '@'));
}


static void
et_scrub_pair_value(et_scrub_string_t *s, size_t pos, et_slice_t name)
{
    int          header;
    size_t       slashes;
    et_slice_t   value;
    const char  *p, *q, *end;

    end = s->text + s->end;
    p = s->text + pos + 1;

    if (s->text[pos] == '=' && p < end && *p == '>') {
        p++;
    }

    while (p < end && (*p == ' ' || *p == '\t')) {
        p++;
    }

    /* Python's b'' and u'' */

    if (end - p >= 2 && (*p == 'b' || *p == 'u') && et_scrub_is_quote(p[1])) {
        p++;
    }

    for (q = p; q < end && *q == '\\'; q++) { /* void */ }

    if (q < end && et_scrub_is_quote(*q)) {
        slashes = q - p;
        p = q + 1;
        q = et_scrub_pair_quoted(p, end, *q, slashes);

    } else if (p < end && (*p == '{' || *p == '[')
               && (size_t) (end - p) >= et_scrub_filtered.len
               && memcmp(p, et_scrub_filtered.data, et_scrub_filtered.len)
                  == 0)
    {
        q = p + et_scrub_filtered.len;

    } else if (p < end && (*p == '{' || *p == '[')) {
        q = et_scrub_pair_bracketed(p, end);

    } else {
        header = s->text[pos] == ':' && name.len >= 13
                 && et_slice_eq_nocase(et_slice(name.data + name.len - 13, 13),
                                       et_slice_str("authorization"));

        q = et_scrub_pair_bare(s, p, end, header);
    }

    value = et_slice(p, q - p);

    if (et_scrub_pair_empty(value)) {
        return;
    }

    et_scrub_emit(s, p - s->text, q - s->text, et_scrub_filtered);
}


/*
 * The closing quote, or the end.  A quote with more backslashes before it
 * than the opening one had is part of the value.
 */

static const char *
et_scrub_pair_quoted(const char *p, const char *end, char quote,
    size_t slashes)
{
    const char  *start;

    while (p < end) {
        start = p;

        while (p < end && *p == '\\') {
            p++;
        }

        if (p == end) {
            return end;
        }

        if (*p == quote && (size_t) (p - start) <= slashes) {
            return start;
        }

        p++;
    }

    return end;
}


/* Behind the closing bracket, or the end. */

static const char *
et_scrub_pair_bracketed(const char *p, const char *end)
{
    char    quote;
    size_t  depth;

    depth = 0;
    quote = '\0';

    for ( /* void */ ; p < end; p++) {

        if (*p == '\\') {
            if (end - p > 1) {
                p++;
            }

            if (!et_scrub_is_quote(*p)) {
                continue;
            }
        }

        if (quote != '\0') {
            quote = *p == quote ? '\0' : quote;
            continue;
        }

        switch (*p) {

        case '"':
        case '\'':
            quote = *p;
            break;

        case '{':
        case '[':
            depth++;
            break;

        case '}':
        case ']':
            if (--depth == 0) {
                return p + 1;
            }

            break;
        }
    }

    return end;
}


static const char *
et_scrub_pair_bare(const et_scrub_string_t *s, const char *p,
    const char *end, int header)
{
    size_t       i;
    const char  *q;

    static const et_slice_t  schemes[] = {
        ET_SLICE("basic"), ET_SLICE("bearer"), ET_SLICE("digest"),
        ET_SLICE("token"), ET_SLICE("negotiate"), ET_SLICE("apikey")
    };

    /* all of an Authorization: its parameters have names of their own */

    if (header) {
        q = memchr(p, '\n', end - p);
        if (q == NULL) {
            q = end;
        }

        while (q > p && (et_scrub_is_space(q[-1]) || et_scrub_is_quote(q[-1])
                         || q[-1] == '\\'))
        {
            q--;
        }

        return q;
    }

    for (q = p; q < end; q++) {

        if (*q == '\n' || *q == '\r') {
            break;
        }

        if (s->rules & ET_SCRUB_QUERY) {
            if (*q == '&') {
                break;
            }

            continue;
        }

        if ((s->rules & ET_SCRUB_COOKIE) && *q == '&') {
            continue;
        }

        if (et_scrub_pair_ends(q, end)) {
            break;
        }
    }

    if (q == p || q == end || *q != ' ') {
        return q;
    }

    for (i = 0; i < sizeof(schemes) / sizeof(et_slice_t); i++) {
        if (et_slice_eq_nocase(et_slice(p, q - p), schemes[i])) {

            while (q < end && *q == ' ') {
                q++;
            }

            return et_scrub_pair_bare(s, q, end, 0);
        }
    }

    return q;
}


/* Punctuation is part of a value, unless nothing but more of it follows. */

static int
et_scrub_pair_ends(const char *p, const char *end)
{
    size_t  n;

    if (et_scrub_is_space(*p) || *p == '&' || *p == ';') {
        return 1;
    }

    for (n = 0; n < ET_PAIR_CLOSERS && p < end; n++) {

        if (memchr("\"'`,)]}>\\.", *p, 10) == NULL) {
            return 0;
        }

        if (*p == '\\' && end - p > 1 && p[1] != '"' && p[1] != '\'') {
            return p[1] == 'n' || p[1] == 'r' || p[1] == 't';
        }

        p++;

        if (p == end || et_scrub_is_space(*p) || *p == '&' || *p == ';') {
            return 1;
        }
    }

    return 0;
}


/* Nothing, nothing secret, or a place for it. */

static int
et_scrub_pair_empty(et_slice_t value)
{
    size_t  i;

    static const et_slice_t  words[] = {
        ET_SLICE("true"), ET_SLICE("false"), ET_SLICE("null"),
        ET_SLICE("undefined"), ET_SLICE("None"), ET_SLICE("nil"),
        ET_SLICE("True"), ET_SLICE("False"), ET_SLICE("%s"), ET_SLICE("?"),
        ET_SLICE("[Filtered]")
    };

    for (i = 0; i < sizeof(words) / sizeof(et_slice_t); i++) {
        if (et_slice_eq(value, words[i])) {
            return 1;
        }
    }

    if (value.len >= 2 && value.data[0] == '$') {
        for (i = 1; i < value.len && et_scrub_is_digit(value.data[i]); i++) {
            /* void */
        }

        return i == value.len;
    }

    return value.len == 0
           || (value.len >= 4 && memcmp(value.data, "%(", 2) == 0
               && memcmp(value.data + value.len - 2, ")s", 2) == 0);
}
