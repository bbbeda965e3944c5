/*
 * Sentry's search words.
 */

#include "et_search.h"


typedef struct {
    et_arena_t   *arena;
    const char   *pos;
    const char   *end;
    const char   *error;
} et_search_reader_t;


static int et_search_word(et_search_reader_t *reader, et_search_t *search,
    char *text, size_t *len);
static int et_search_values(et_search_reader_t *reader, et_term_t *term);
static int et_search_value(et_search_reader_t *reader, const char *stop,
    et_slice_t *value, unsigned *wildcard);
static et_slice_t et_search_key(et_search_reader_t *reader);
static int et_search_assigned(et_term_t *term);
static int et_search_is(et_search_t *search, const et_term_t *term);
static int et_search_fail(et_search_reader_t *reader, const char *error);
static int et_search_blank(char c);


static const et_slice_t  et_status_names[] = {
    ET_SLICE(""),
    ET_SLICE("unresolved"),
    ET_SLICE("resolved"),
    ET_SLICE("ignored")
};


const char *
et_search_parse(et_arena_t *arena, et_slice_t query, et_search_t *search)
{
    char                *text;
    size_t               len;
    et_search_reader_t   reader;

    memset(search, 0, sizeof(et_search_t));

    if (query.len == 0) {
        return NULL;
    }

    text = et_arena_alloc(arena, query.len + 1);
    if (text == NULL) {
        return "";
    }

    reader.arena = arena;
    reader.pos = query.data;
    reader.end = query.data + query.len;
    reader.error = NULL;
    len = 0;

    while (et_search_word(&reader, search, text, &len)) {
        /* void */
    }

    search->text = et_slice(text, len);

    return reader.error;
}


/* One word: a term, or a part of the text. */

static int
et_search_word(et_search_reader_t *reader, et_search_t *search, char *text,
    size_t *len)
{
    unsigned     wildcard;
    et_term_t    term;
    et_slice_t   value;
    const char  *start;

    while (reader->pos < reader->end && et_search_blank(*reader->pos)) {
        reader->pos++;
    }

    if (reader->pos == reader->end) {
        return 0;
    }

    memset(&term, 0, sizeof(et_term_t));

    start = reader->pos;

    if (*reader->pos == '!' && reader->end - reader->pos > 1) {
        term.negated = 1;
        reader->pos++;
    }

    term.key = et_search_key(reader);

    if (term.key.len == 0) {

        /* no key: what was written is text, the "!" with it */

        reader->pos = start;

        if (!et_search_value(reader, " \t\r\n", &value, &wildcard)) {
            return 0;
        }

        if (value.len != 0) {
            if (*len != 0) {
                text[(*len)++] = ' ';
            }

            memcpy(text + *len, value.data, value.len);
            *len += value.len;
        }

        return 1;
    }

    if (!et_search_values(reader, &term)) {
        return 0;
    }

    if (et_slice_eq(term.key, et_slice("is", 2))
        && !et_search_assigned(&term))
    {
        return et_search_is(search, &term)
               ? 1 : et_search_fail(reader, "is: has to be unresolved, "
                                    "resolved, ignored, assigned or "
                                    "unassigned");
    }

    if (search->nterms == ET_SEARCH_TERMS) {
        return et_search_fail(reader, "the query has too many words with a "
                              "key");
    }

    search->terms[search->nterms++] = term;

    return 1;
}


/* What is before a colon: letters, digits and what names of tags have, or
 * anything in quotes.  Moves behind the colon; none is len 0. */

static et_slice_t
et_search_key(et_search_reader_t *reader)
{
    char         c;
    et_slice_t   key;
    const char  *p;

    p = reader->pos;

    if (*p == '"') {
        for (p++; p < reader->end && *p != '"'; p++) { /* void */ }

        if (reader->end - p < 2 || p[1] != ':') {
            return et_slice(NULL, 0);
        }

        key = et_slice(reader->pos + 1, (size_t) (p - reader->pos) - 1);
        reader->pos = p + 2;

        return key;
    }

    /* tags[name] is the tag of that name */

    if (reader->end - p > 5 && memcmp(p, "tags[", 5) == 0) {
        for (p += 5; p < reader->end && *p != ']'; p++) { /* void */ }

        if (reader->end - p > 1 && p[1] == ':') {
            key = et_slice(reader->pos + 5, (size_t) (p - reader->pos) - 5);
            reader->pos = p + 2;

            return key;
        }

        p = reader->pos;
    }

    for ( /* void */ ; p < reader->end; p++) {
        c = et_lower(*p);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
              || c == '.' || c == '-'))
        {
            break;
        }
    }

    if (p == reader->end || *p != ':') {
        return et_slice(NULL, 0);
    }

    key = et_slice(reader->pos, (size_t) (p - reader->pos));

    /* "http://host" is a text */

    if (reader->end - p > 2 && p[1] == '/' && p[2] == '/') {
        return et_slice(NULL, 0);
    }

    reader->pos = p + 1;

    return key;
}


static int
et_search_values(et_search_reader_t *reader, et_term_t *term)
{
    unsigned    wildcard;
    et_slice_t  value, values[ET_SEARCH_VALUES];

    wildcard = 0;

    if (reader->end - reader->pos > 1 && *reader->pos == '[') {
        reader->pos++;

        for ( ;; ) {
            while (reader->pos < reader->end && et_search_blank(*reader->pos))
            {
                reader->pos++;
            }

            if (term->nvalues == ET_SEARCH_VALUES) {
                return et_search_fail(reader, "the query has a list that is "
                                      "too long");
            }

            if (!et_search_value(reader, ",]", &value, &wildcard)) {
                return 0;
            }

            while (value.len != 0
                   && et_search_blank(value.data[value.len - 1]))
            {
                value.len--;
            }

            values[term->nvalues++] = value;
            term->wildcard |= wildcard;

            if (reader->pos == reader->end) {
                return et_search_fail(reader, "the query has a list without "
                                      "its end");
            }

            if (*reader->pos++ == ']') {
                break;
            }
        }

    } else {

        if (reader->pos < reader->end
            && (*reader->pos == '<' || *reader->pos == '>'))
        {
            term->op = *reader->pos++ == '<' ? ET_TERM_LT : ET_TERM_GT;

            if (reader->pos < reader->end && *reader->pos == '=') {
                term->op = term->op == ET_TERM_LT ? ET_TERM_LE : ET_TERM_GE;
                reader->pos++;
            }
        }

        if (!et_search_value(reader, " \t\r\n", &values[0], &wildcard)) {
            return 0;
        }

        term->nvalues = 1;
        term->wildcard = wildcard;
    }

    term->values = et_arena_alloc(reader->arena,
                                  term->nvalues * sizeof(et_slice_t));
    if (term->values == NULL) {
        return et_search_fail(reader, "");
    }

    memcpy(term->values, values, term->nvalues * sizeof(et_slice_t));

    return 1;
}


/* Up to one of the characters of stop that is not in quotes. */

static int
et_search_value(et_search_reader_t *reader, const char *stop,
    et_slice_t *value, unsigned *wildcard)
{
    int          quoted;
    char        *out;
    size_t       len;
    const char  *p;

    out = et_arena_alloc(reader->arena,
                         (size_t) (reader->end - reader->pos) + 1);
    if (out == NULL) {
        return et_search_fail(reader, "");
    }

    len = 0;
    quoted = 0;
    *wildcard = 0;

    for (p = reader->pos; p < reader->end; p++) {

        if (*p == '\\' && reader->end - p > 1
            && (p[1] == '"' || p[1] == '*' || p[1] == '\\'))
        {
            out[len++] = *++p;
            continue;
        }

        if (*p == '"') {
            quoted = !quoted;
            continue;
        }

        if (!quoted && *p != '\0' && strchr(stop, *p) != NULL) {
            break;
        }

        if (*p == '*') {
            *wildcard = 1;
        }

        out[len++] = *p;
    }

    reader->pos = p;
    *value = et_slice(out, len);

    return 1;
}


/* "is:unassigned" is assigned:"", and "is:assigned" is !assigned:"". */

static int
et_search_assigned(et_term_t *term)
{
    int  assigned;

    assigned = et_slice_eq_nocase(term->values[0], et_slice("assigned", 8));

    if (term->nvalues != 1 || term->op != ET_TERM_EQ
        || (!assigned && !et_slice_eq_nocase(term->values[0],
                                             et_slice("unassigned", 10))))
    {
        return 0;
    }

    term->key = et_slice("assigned", 8);
    term->values[0] = et_slice("", 0);
    term->negated ^= assigned;

    return 1;
}


static int
et_search_is(et_search_t *search, const et_term_t *term)
{
    unsigned  i;

    if (term->nvalues != 1 || term->op != ET_TERM_EQ) {
        return 0;
    }

    for (i = ET_STATUS_UNRESOLVED; i <= ET_STATUS_IGNORED; i++) {
        if (et_slice_eq_nocase(term->values[0], et_status_names[i])) {
            break;
        }
    }

    /* Sentry's newer words for it */

    if (i > ET_STATUS_IGNORED
        && (et_slice_eq_nocase(term->values[0], et_slice("archived", 8))
            || et_slice_eq_nocase(term->values[0], et_slice("muted", 5))))
    {
        i = ET_STATUS_IGNORED;
    }

    if (i > ET_STATUS_IGNORED) {
        return 0;
    }

    search->status = (et_status_t) i;
    search->not_status = term->negated;

    return 1;
}


et_slice_t
et_search_like(et_arena_t *arena, et_slice_t value)
{
    char    *out, *p;
    size_t   i;

    out = et_arena_alloc(arena, 2 * value.len + 1);
    if (out == NULL) {
        return et_slice(NULL, 0);
    }

    for (p = out, i = 0; i < value.len; i++) {

        switch (value.data[i]) {

        case '*':
            *p++ = '%';
            continue;

        case '%':
        case '_':
        case '\\':
            *p++ = '\\';
            break;
        }

        *p++ = value.data[i];
    }

    return et_slice(out, (size_t) (p - out));
}


et_slice_t
et_status_name(et_status_t status)
{
    return et_status_names[status];
}


static int
et_search_fail(et_search_reader_t *reader, const char *error)
{
    reader->error = error;

    return 0;
}


static int
et_search_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
