/*
 * Sentry's search words.
 */

#include "et_search.h"


/* bytes of a name, with its quotes and colon: tags' are cut to 200 */
#define ET_SEARCH_KEY  258


typedef struct {
    et_arena_t   *arena;
    const char   *pos;
    const char   *end;
    const char   *error;
    char         *text;        /* room for the whole query */
    size_t        len;
    unsigned      opens;       /* before the next term */
    unsigned      depth;
    unsigned      grouped:1;   /* parentheses are no text */
    unsigned      keyed:1;     /* the word before has a key */
    unsigned      joined:1;    /* behind OR or AND */
    unsigned      or:1;
    unsigned      unclosed:1;  /* the value before has a quote without end */
} et_search_reader_t;


static const char *et_search_read(et_arena_t *arena, et_slice_t query,
    et_search_t *search, unsigned grouped);
static int et_search_grouped(const et_search_reader_t *reader);
static int et_search_word(et_search_reader_t *reader, et_search_t *search);
static int et_search_join(et_search_reader_t *reader, et_search_t *search);
static int et_search_joins(et_search_reader_t *reader, const char *word,
    size_t len);
static int et_search_is_word(const et_search_reader_t *reader, const char *p,
    const char *word, size_t len);
static int et_search_open(et_search_reader_t *reader);
static int et_search_keyed(const et_search_reader_t *reader, const char *p);
static int et_search_close(et_search_reader_t *reader, et_search_t *search);
static int et_search_text(et_search_reader_t *reader, et_search_t *search);
static int et_search_term(et_search_reader_t *reader, et_search_t *search,
    et_term_t *term);
static int et_search_values(et_search_reader_t *reader, et_term_t *term);
static int et_search_one(et_search_reader_t *reader, et_term_t *term,
    et_slice_t *value);
static int et_search_value(et_search_reader_t *reader, const char *stop,
    et_slice_t *value, unsigned *wildcard);
static et_slice_t et_search_key(et_search_reader_t *reader, unsigned *tag);
static void et_search_user(et_term_t *term);
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
    const char  *error;

    error = et_search_read(arena, query, search, 0);

    return search->combined && (error == NULL || *error != '\0')
           ? "OR and parentheses are no words of this query" : error;
}


const char *
et_search_parse_combined(et_arena_t *arena, et_slice_t query,
    et_search_t *search)
{
    return et_search_read(arena, query, search, 1);
}


static const char *
et_search_read(et_arena_t *arena, et_slice_t query, et_search_t *search,
    unsigned grouped)
{
    et_search_reader_t  reader;

    memset(search, 0, sizeof(et_search_t));

    if (query.len == 0) {
        return NULL;
    }

    memset(&reader, 0, sizeof(et_search_reader_t));

    reader.text = et_arena_alloc(arena, query.len + 1);
    if (reader.text == NULL) {
        return "";
    }

    reader.arena = arena;
    reader.pos = query.data;
    reader.end = query.data + query.len;
    reader.grouped = grouped || et_search_grouped(&reader);

    while (et_search_word(&reader, search)) {
        /* void */
    }

    search->text = et_slice(reader.text, reader.len);

    if (reader.error != NULL) {
        return reader.error;
    }

    if (reader.joined || reader.depth != 0) {
        return "the query has an OR, AND or parenthesis without its end";
    }

    if (search->combined
        && (reader.len != 0 || search->status != ET_STATUS_ANY))
    {
        return "text and is: can't stand beside OR and parentheses; a text is "
               "message:*text* there";
    }

    return NULL;
}


/* Whether there is an OR or AND before a word with a key: a message has
 * parentheses, too. */

static int
et_search_grouped(const et_search_reader_t *reader)
{
    const char  *p;

    for (p = reader->pos; p < reader->end; p++) {
        if (p != reader->pos && !et_search_blank(p[-1]) && p[-1] != ')') {
            continue;
        }

        if (*p == 'O' && et_search_is_word(reader, p, "OR", 2)
            && et_search_keyed(reader, p + 2))
        {
            return 1;
        }

        if (*p == 'A' && et_search_is_word(reader, p, "AND", 3)
            && et_search_keyed(reader, p + 3))
        {
            return 1;
        }
    }

    return 0;
}


/* One word: a term, a part of the text, or what is between terms. */

static int
et_search_word(et_search_reader_t *reader, et_search_t *search)
{
    et_term_t    term;
    unsigned     tag;
    const char  *start;

    while (reader->pos < reader->end && et_search_blank(*reader->pos)) {
        reader->pos++;
    }

    if (reader->pos == reader->end) {
        return 0;
    }

    if (et_search_join(reader, search)) {
        return reader->error == NULL;
    }

    memset(&term, 0, sizeof(et_term_t));

    start = reader->pos;

    if (*reader->pos == '!' && reader->end - reader->pos > 1) {
        term.negated = 1;
        reader->pos++;
    }

    term.key = et_search_key(reader, &tag);
    term.tag = tag;

    if (term.key.len == 0) {

        /* no key: what was written is text, the "!" with it */

        reader->pos = start;

        return et_search_text(reader, search);
    }

    return et_search_term(reader, search, &term);
}


/* 1 where it was OR, AND or a parenthesis, or an error. */

static int
et_search_join(et_search_reader_t *reader, et_search_t *search)
{
    unsigned  or;

    if (et_search_open(reader) || et_search_close(reader, search)) {
        search->combined = 1;
        return 1;
    }

    or = et_search_joins(reader, "OR", 2);

    if (!or && !et_search_joins(reader, "AND", 3)) {
        return 0;
    }

    /* text AND key:value is both, as without it */

    if (!reader->keyed && (or || reader->len == 0)) {
        et_search_fail(reader, "the query has an OR or AND without a word "
                       "with a key before it");
    }

    reader->keyed = 0;
    reader->joined = 1;
    reader->or = or;
    search->combined |= or;

    return 1;
}


/*
 * Moves behind the word where it is meant so: with a term beside it, or in
 * small letters one on each side.
 */

static int
et_search_joins(et_search_reader_t *reader, const char *word, size_t len)
{
    unsigned     before, behind;
    const char  *p;

    p = reader->pos;

    if (!et_search_is_word(reader, p, word, len)) {
        return 0;
    }

    before = reader->keyed;
    behind = et_search_keyed(reader, p + len);

    if (memcmp(p, word, len) == 0 ? !(before || behind)
                                  : !(before && behind))
    {
        return 0;
    }

    reader->pos += len;

    return 1;
}


static int
et_search_is_word(const et_search_reader_t *reader, const char *p,
    const char *word, size_t len)
{
    return (size_t) (reader->end - p) >= len
           && et_slice_eq_nocase(et_slice(p, len), et_slice(word, len))
           && (p + len == reader->end || et_search_blank(p[len])
               || p[len] == '(');
}


static int
et_search_open(et_search_reader_t *reader)
{
    if (!reader->grouped || *reader->pos != '('
        || !et_search_keyed(reader, reader->pos))
    {
        return 0;
    }

    reader->pos++;
    reader->opens++;

    if (++reader->depth > ET_SEARCH_TERMS) {
        et_search_fail(reader, "the query has too many parentheses");
    }

    return 1;
}


/* Whether the next word, behind some parentheses, has a key. */

static int
et_search_keyed(const et_search_reader_t *reader, const char *p)
{
    unsigned            n, tag;
    et_search_reader_t  ahead;

    ahead = *reader;

    for (n = 0; p < ahead.end && n < 4 * ET_SEARCH_TERMS; n++, p++) {
        if (!et_search_blank(*p) && *p != '(') {
            break;
        }
    }

    ahead.pos = p < ahead.end && *p == '!' ? p + 1 : p;

    return ahead.pos < ahead.end && et_search_key(&ahead, &tag).len != 0;
}


static int
et_search_close(et_search_reader_t *reader, et_search_t *search)
{
    if (*reader->pos != ')' || reader->depth == 0) {
        return 0;
    }

    reader->pos++;
    reader->depth--;

    if (search->nterms == 0 || reader->opens != 0 || reader->joined) {
        et_search_fail(reader, "the query has parentheses without a word "
                       "with a key");
        return 1;
    }

    search->terms[search->nterms - 1].closes++;

    return 1;
}


static int
et_search_text(et_search_reader_t *reader, et_search_t *search)
{
    unsigned    wildcard;
    et_slice_t  value;

    if (!et_search_value(reader, " \t\r\n", &value, &wildcard)) {
        return 0;
    }

    reader->keyed = 0;
    search->text_wildcard |= wildcard;

    if (value.len != 0) {
        reader->joined = 0;

        if (reader->len != 0) {
            reader->text[reader->len++] = ' ';
        }

        memcpy(reader->text + reader->len, value.data, value.len);
        reader->len += value.len;
    }

    return 1;
}


static int
et_search_term(et_search_reader_t *reader, et_search_t *search,
    et_term_t *term)
{
    if (!et_search_values(reader, term)) {
        return 0;
    }

    if (reader->unclosed) {
        return et_search_fail(reader, "the query has a quote without its end");
    }

    term->or = reader->or;
    term->opens = (uint8_t) reader->opens;

    reader->keyed = 1;
    reader->joined = 0;
    reader->or = 0;

    if (!term->tag && et_slice_eq(term->key, et_slice("is", 2))
        && !et_search_assigned(term))
    {
        return et_search_is(search, term)
               ? 1 : et_search_fail(reader, "is: has to be unresolved, "
                                    "resolved, ignored or archived, assigned "
                                    "or unassigned");
    }

    if (search->nterms == ET_SEARCH_TERMS) {
        return et_search_fail(reader, "the query has too many words with a "
                              "key");
    }

    if (!term->tag) {
        term->has = et_slice_eq(term->key, et_slice("has", 3));
        et_search_user(term);
    }

    reader->opens = 0;
    search->terms[search->nterms++] = *term;

    return 1;
}


/* user:"id:7" is user.id:7: so are a tag's values named, and asked for. */

static void
et_search_user(et_term_t *term)
{
    size_t  i, k;

    static const struct {
        et_slice_t  prefix;
        et_slice_t  key;
    } kinds[] = {
        { ET_SLICE("id:"),       ET_SLICE("user.id") },
        { ET_SLICE("email:"),    ET_SLICE("user.email") },
        { ET_SLICE("username:"), ET_SLICE("user.username") },
        { ET_SLICE("ip:"),       ET_SLICE("user.ip") }
    };

    if (!et_slice_eq(term->key, et_slice("user", 4))) {
        return;
    }

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {

        for (k = 0; k < term->nvalues; k++) {
            if (term->values[k].len < kinds[i].prefix.len
                || memcmp(term->values[k].data, kinds[i].prefix.data,
                          kinds[i].prefix.len) != 0)
            {
                break;
            }
        }

        if (k == term->nvalues) {
            break;
        }
    }

    if (i == sizeof(kinds) / sizeof(kinds[0])) {
        return;
    }

    term->key = kinds[i].key;

    for (k = 0; k < term->nvalues; k++) {
        term->values[k].data += kinds[i].prefix.len;
        term->values[k].len -= kinds[i].prefix.len;
    }
}


/* What is before a colon: letters, digits and what names of tags have, or
 * anything in quotes.  Moves behind the colon; none is len 0. */

static et_slice_t
et_search_key(et_search_reader_t *reader, unsigned *tag)
{
    char         c;
    et_slice_t   key;
    const char  *p, *end;

    p = reader->pos;
    end = reader->end - p > ET_SEARCH_KEY ? p + ET_SEARCH_KEY : reader->end;
    *tag = 0;

    if (*p == '"') {
        for (p++; p < end && *p != '"'; p++) { /* void */ }

        if (end - p < 2 || p[1] != ':') {
            return et_slice(NULL, 0);
        }

        key = et_slice(reader->pos + 1, (size_t) (p - reader->pos) - 1);
        reader->pos = p + 2;

        return key;
    }

    /* tags[name] is the tag of that name */

    if (reader->end - p > 5 && memcmp(p, "tags[", 5) == 0) {
        for (p += 5; p < end && *p != ']'; p++) { /* void */ }

        if (end - p > 1 && p[1] == ':') {
            key = et_slice(reader->pos + 5, (size_t) (p - reader->pos) - 5);
            reader->pos = p + 2;
            *tag = 1;

            return key;
        }

        p = reader->pos;
    }

    for ( /* void */ ; p < end; p++) {
        c = et_lower(*p);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
              || c == '.' || c == '-'))
        {
            break;
        }
    }

    if (p == end || *p != ':') {
        return et_slice(NULL, 0);
    }

    key = et_slice(reader->pos, (size_t) (p - reader->pos));

    /* "http://host" is a text, and so is "TypeError: x is undefined" */

    if (end - p < 2 || et_search_blank(p[1])
        || (reader->end - p > 2 && p[1] == '/' && p[2] == '/'))
    {
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

    } else if (!et_search_one(reader, term, &values[0])) {
        return 0;
    }

    term->values = et_arena_alloc(reader->arena,
                                  term->nvalues * sizeof(et_slice_t));
    if (term->values == NULL) {
        return et_search_fail(reader, "");
    }

    memcpy(term->values, values, term->nvalues * sizeof(et_slice_t));

    return 1;
}


static int
et_search_one(et_search_reader_t *reader, et_term_t *term, et_slice_t *value)
{
    unsigned     wildcard;
    const char  *start;

    if (reader->pos < reader->end
        && (*reader->pos == '<' || *reader->pos == '>'))
    {
        term->op = *reader->pos++ == '<' ? ET_TERM_LT : ET_TERM_GT;

        if (reader->pos < reader->end && *reader->pos == '=') {
            term->op = term->op == ET_TERM_LT ? ET_TERM_LE : ET_TERM_GE;
            reader->pos++;
        }
    }

    start = reader->pos;

    if (!et_search_value(reader, reader->depth ? " \t\r\n)" : " \t\r\n",
                         value, &wildcard))
    {
        return 0;
    }

    if (reader->pos == start) {
        return et_search_fail(reader, "the query has a key without a value");
    }

    term->nvalues = 1;
    term->wildcard = wildcard;

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
    reader->unclosed = quoted;
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
