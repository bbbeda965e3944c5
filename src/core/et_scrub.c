/*
 * The walk over the JSON, on its bytes: no tree, no copy of a string unless
 * it has escapes and something in it may have to go.
 *
 * It knows of JSON what it needs, no more: where strings begin and end, what
 * is a name and what its value, and what is inside of what.  White space is
 * what cJSON takes for it: any byte up to the space.
 */

#include "et_scrub_internal.h"


/* a string in the text */
typedef struct {
    size_t     from;
    size_t     to;             /* its closing quote, or the text's end */
    size_t     next;           /* what comes behind it */
    unsigned   forms;          /* there may be such in it */
    unsigned   escaped;        /* has escapes, */
    unsigned   unicode;        /* \u among them */
} et_scrub_span_t;

/* deeper texts are refused anyway */
#define ET_SCRUB_DEPTH   (ET_JSON_MAX_DEPTH + 1)

/* keeps what is seldom called out of the way that most strings take */
#define ET_SCRUB_NOINLINE  __attribute__((noinline))

/* bytes; a longer first element of an array is no name of the second */
#define ET_SCRUB_NAME    64

/* digits of the shortest card number, which may be a JSON number */
#define ET_SCRUB_NUMBER  14


/* an array or an object that is open */
typedef struct {
    unsigned char   place;     /* et_scrub_place_t */
    unsigned char   inner;     /* of an attribute's "value" */
    unsigned char   array;
    unsigned char   names;     /* names say something here */
    unsigned char   secret;    /* the name says so: of the next member, or,
                                  where the array is a pair, of its second */
    unsigned char   careful;   /* each name and value is to be checked */
    unsigned char   suspect;   /* the name may be secret, or cookies' */
    unsigned char   option;    /* array: the last element is one (--password),
                                  the next one is its value */
    unsigned char   string;    /* array: the second element is one */
    et_slice_t      name;      /* the member's, or an array's first string,
                                  decoded */
    size_t          count;     /* array: elements begun */
    size_t          from;      /* array: its second element */
    size_t          to;
    size_t          before;    /* splices before that */
} et_scrub_level_t;

typedef struct {
    const et_scrub_t  *scrub;
    et_arena_t        *arena;
    et_splices_t       splices;
    et_scrub_bits_t   *bits;
    const char        *text;
    size_t             len;
    size_t             depth;
    unsigned           failed;         /* the arena is exhausted */
    unsigned           careful;        /* options ask for each name */
    et_scrub_level_t   levels[ET_SCRUB_DEPTH];
} et_scrub_walk_t;


static et_reason_t et_scrub_walk(et_scrub_walk_t *w, et_scrub_root_t root);
static void et_scrub_level_init(const et_scrub_walk_t *w,
    et_scrub_level_t *level, et_scrub_place_t place, int array);
static void et_scrub_span(const et_scrub_walk_t *w, size_t pos,
    et_scrub_span_t *span);
static size_t et_scrub_members(et_scrub_walk_t *w, et_scrub_level_t *level,
    size_t pos);
static size_t et_scrub_lines(et_scrub_walk_t *w, et_scrub_level_t *level,
    size_t pos);
static size_t et_scrub_key(et_scrub_walk_t *w, et_scrub_level_t *level,
    size_t pos);
static void et_scrub_name(et_scrub_walk_t *w, et_scrub_level_t *level,
    const et_scrub_span_t *span);
static size_t et_scrub_value_string(et_scrub_walk_t *w,
    et_scrub_level_t *level, size_t pos);
static size_t et_scrub_value_scalar(et_scrub_walk_t *w, size_t pos);
static size_t et_scrub_value_open(et_scrub_walk_t *w, size_t pos);
static void et_scrub_close(et_scrub_walk_t *w, size_t pos);
static size_t et_scrub_skip(et_scrub_walk_t *w, size_t pos);
static int et_scrub_element(et_scrub_walk_t *w, const et_scrub_span_t *span,
    int string);
static void et_scrub_replace(et_scrub_walk_t *w, size_t from, size_t to,
    et_slice_t with);
static et_scrub_place_t et_scrub_place(const et_scrub_walk_t *w);
static int et_scrub_excluded(const et_scrub_walk_t *w);
static int et_scrub_excludes(const et_scrub_walk_t *w, et_slice_t exclude);
static int et_scrub_is_word(et_slice_t value);
static void et_scrub_inside(et_scrub_walk_t *w, const et_scrub_span_t *span,
    unsigned rules);
static int et_scrub_is_id(et_slice_t name, et_slice_t value);
static et_reason_t et_scrub_end(et_scrub_walk_t *w, char **text, size_t *len);


static const et_slice_t  et_scrub_filtered_string = ET_SLICE("\"[Filtered]\"");
static const et_slice_t  et_scrub_null = ET_SLICE("null");

/* random, of hexadecimal digits: now and then one has the form of a card */

static const et_slice_t  et_scrub_ids[] = {
    ET_SLICE("span_id"), ET_SLICE("trace_id"), ET_SLICE("event_id"),
    ET_SLICE("replay_id"), ET_SLICE("profile_id"), ET_SLICE("check_in_id"),
    ET_SLICE("parent_span_id"), ET_SLICE("associated_event_id")
};


/* The bits of the 64 bytes from pos on. */

#define et_scrub_window(bits, member, pos)                                    \
    ((bits)[(pos) >> 6].member >> ((pos) & 63)                                \
     | (bits)[((pos) >> 6) + 1].member << 1 << (63 - ((pos) & 63)))


/* Whether there may be something, pairs or not, from from (included) to to
 * (excluded). */

ET_SCRUB_INLINE int
et_scrub_any(const et_scrub_bits_t *bits, size_t from, size_t to)
{
    while (to - from > 64) {
        if (et_scrub_window(bits, any, from) != 0) {
            return 1;
        }

        from += 64;
    }

    return to != from
           && et_scrub_window(bits, any, from) << (64 - (to - from)) != 0;
}


/* The same of forms alone. */

ET_SCRUB_INLINE int
et_scrub_forms(const et_scrub_bits_t *bits, size_t from, size_t to)
{
    while (to - from > 64) {
        if (et_scrub_window(bits, forms, from) != 0) {
            return 1;
        }

        from += 64;
    }

    return to != from
           && et_scrub_window(bits, forms, from) << (64 - (to - from)) != 0;
}


/* The string that begins at pos, behind its quote. */

static void
et_scrub_span(const et_scrub_walk_t *w, size_t pos, et_scrub_span_t *span)
{
    size_t            base, skip;
    uint64_t          stops;
    const et_scrub_bits_t  *block;

    span->from = pos;
    span->escaped = 0;
    span->unicode = 0;
    skip = pos;

    et_scrub_seek(w->bits, pos);

    for ( ;; ) {
        et_scrub_next(pos);

        if (pos < skip && pos != w->len) {
            continue;
        }

        if (pos == w->len || w->text[pos] == '"') {
            break;
        }

        /* a backslash, and what it stands before */

        span->escaped = 1;

        if (w->len - pos < 2) {
            pos = w->len;
            break;
        }

        span->unicode |= (w->text[pos + 1] == 'u');
        skip = pos + 2;
    }

    span->to = pos;
    span->next = pos < w->len ? pos + 1 : pos;
    span->forms = et_scrub_forms(w->bits, span->from, pos);
}


/*
 * Whether et_scrub_name_secret() and et_scrub_name_cookies() have to be
 * asked: each of their words has "ke" or "ki" (key, token, cookie), "wo" or
 * "wd" (password, two, passwd), "cr" (secret, credential), "th" (auth) or
 * "tp" (otp).
 */

ET_SCRUB_INLINE int
et_scrub_suspect(const et_scrub_walk_t *w, size_t from, size_t to)
{
#ifdef __SSE2__
    size_t       len;
    unsigned     bits;
    __m128i      v, next;
    const char  *p;

    /* 16 bytes, and the one behind them */

    len = to - from;

    if (len > 16 || w->len - from < 17) {
        return 1;
    }

    p = w->text + from;

    v = _mm_or_si128(_mm_loadu_si128((const __m128i *) p),
                     _mm_set1_epi8(0x20));
    next = _mm_or_si128(_mm_loadu_si128((const __m128i *) (p + 1)),
                        _mm_set1_epi8(0x20));

#define et_scrub_is(v, c)  _mm_cmpeq_epi8(v, _mm_set1_epi8(c))

#define et_scrub_two(a, b, c)                                                 \
    _mm_and_si128(et_scrub_is(v, a),                                          \
                  _mm_or_si128(et_scrub_is(next, b), et_scrub_is(next, c)))

    v = _mm_or_si128(_mm_or_si128(et_scrub_two('k', 'e', 'i'),
                                  et_scrub_two('w', 'o', 'd')),
                     _mm_or_si128(et_scrub_two('t', 'h', 'p'),
                                  _mm_and_si128(et_scrub_is(v, 'c'),
                                                et_scrub_is(next, 'r'))));

    bits = (unsigned) _mm_movemask_epi8(v);

    return (bits & ((1u << len) - 1)) != 0;
#else
    (void) w;
    (void) from;
    (void) to;

    return 1;
#endif
}


et_reason_t
et_scrub_json(const et_scrub_t *scrub, et_arena_t *arena,
    et_scrub_root_t root, char **text, size_t *len)
{
    et_reason_t       reason;
    et_scrub_walk_t   w;

    if (!scrub->on || *len == 0) {
        return ET_OK;
    }

    w.scrub = scrub;
    w.arena = arena;
    w.text = *text;
    w.len = *len;
    w.failed = 0;
    w.careful = scrub->ip || scrub->nfields != 0 || scrub->nexcludes != 0;

    et_splices_init(&w.splices, arena, *text, *len);

    w.bits = et_scrub_index(arena, *text, *len, scrub->ip);

    if (w.bits == NULL) {
        w.failed = 1;
        return et_scrub_end(&w, text, len);
    }

    reason = et_scrub_walk(&w, root);

    return reason == ET_OK ? et_scrub_end(&w, text, len) : reason;
}


et_reason_t
et_scrub_plain(const et_scrub_t *scrub, et_arena_t *arena, char **text,
    size_t *len)
{
    et_scrub_walk_t    w;
    et_scrub_string_t  s;

    if (!scrub->on || *len == 0) {
        return ET_OK;
    }

    w.failed = 0;
    w.arena = arena;

    et_splices_init(&w.splices, arena, *text, *len);

    memset(&s, 0, sizeof(et_scrub_string_t));

    s.scrub = scrub;
    s.splices = &w.splices;
    s.text = *text;
    s.end = *len;
    s.rules = ET_SCRUB_ANY | (scrub->ip ? ET_SCRUB_IP : 0);
    s.bits = et_scrub_index(arena, *text, *len, scrub->ip);

    if (s.bits == NULL) {
        w.failed = 1;

    } else {
        et_scrub_string(&s);
        w.failed = s.failed;
    }

    return et_scrub_end(&w, text, len);
}


static et_reason_t
et_scrub_end(et_scrub_walk_t *w, char **text, size_t *len)
{
    char    *out;
    size_t   n;

    n = 0;
    out = w->failed ? NULL : et_splices_apply(&w->splices, &n);

    if (out == NULL) {
        return et_json_no_room(w->arena);
    }

    *text = out;
    *len = n;

    return ET_OK;
}


static et_reason_t
et_scrub_walk(et_scrub_walk_t *w, et_scrub_root_t root)
{
    int                name;
    char               c;
    size_t             pos;
    et_scrub_level_t  *level;

    static const unsigned char  roots[] = {
        [ET_SCRUB_EVENT] = ET_PLACE_EVENT,
        [ET_SCRUB_LOGS] = ET_PLACE_LOGS,
        [ET_SCRUB_OTHER] = ET_PLACE_ANY
    };

    /* around the text is, as it were, an array */

    w->depth = 0;
    level = &w->levels[0];
    et_scrub_level_init(w, level, roots[root], 1);

    name = 0;
    pos = 0;

    while (pos < w->len) {
        c = w->text[pos];

        if (c == '"') {
            if (name) {
                pos = et_scrub_members(w, level, pos + 1);
                name = 0;

            } else if (level->array && !level->names) {
                pos = et_scrub_lines(w, level, pos + 1);

            } else {
                pos = et_scrub_value_string(w, level, pos + 1);
            }

        } else if (c == ',') {
            name = !level->array;
            level->count++;
            pos++;

        } else if (c == ':' || (unsigned char) c <= ' ') {
            pos++;

        } else if (c == '{' || c == '[') {
            pos = et_scrub_value_open(w, pos);

            if (w->depth == ET_SCRUB_DEPTH) {
                return ET_JSON_TOO_DEEP;
            }

            /* it is level still where the value has been dropped */

            name = level != &w->levels[w->depth] && c == '{';
            level = &w->levels[w->depth];

        } else if (c == '}' || c == ']') {
            et_scrub_close(w, pos);
            level = &w->levels[w->depth];
            name = 0;
            pos++;

        } else {
            pos = et_scrub_value_scalar(w, pos);
        }
    }

    return ET_OK;
}


/*
 * The members of an object from the one on whose name begins at pos, behind
 * its quote, as long as they are strings.  Nothing has to be done about most
 * of them: this is the way that most of an event takes.  Returns what comes
 * behind the last name or value.
 */

static ET_SCRUB_NOINLINE size_t
et_scrub_members(et_scrub_walk_t *w, et_scrub_level_t *level, size_t pos)
{
    int               careful, names;
    size_t            to, base, safe;
    uint64_t          stops;
    const char       *text;
    const et_scrub_bits_t  *bits, *block;

    text = w->text;
    bits = w->bits;
    careful = level->careful;
    names = level->names;
    safe = w->len < 4 ? 0 : w->len - 4;

    et_scrub_seek(bits, pos);

    for ( ;; ) {

        /* the name */

        et_scrub_next(to);

        level->name = et_slice(text + pos, to - pos);
        level->secret = 0;
        level->suspect = 0;

        if (to >= safe || text[to] != '"'
            || (careful | et_scrub_suspect(w, pos, to))
            || et_scrub_forms(bits, pos, to))
        {
            to = et_scrub_key(w, level, pos) - 1;

            if (to >= safe) {
                return to + 1;
            }

            et_scrub_seek(bits, to + 1);
        }

        pos = to + 2;
        pos += (text[pos] == ' ');

        if (text[to + 1] != ':' || text[pos] != '"') {
            break;
        }

        /* the value; stops goes on behind its opening quote */

        et_scrub_next(to);
        et_scrub_next(to);
        pos++;

        if (to >= safe || text[to] != '"' || (careful | level->secret)
            || (names ? et_scrub_any(bits, pos, to)
                      : et_scrub_forms(bits, pos, to)))
        {
            to = et_scrub_value_string(w, level, pos) - 1;

            if (to >= safe) {
                return to + 1;
            }

            et_scrub_seek(bits, to + 1);
        }

        pos = to + 2;
        pos += (text[pos] == ' ');

        if (text[to + 1] != ',' || text[pos] != '"') {
            break;
        }

        et_scrub_next(to);
        pos++;
    }

    return to + 1;
}


/* The same of an array's strings where names say nothing: lines of code. */

static ET_SCRUB_NOINLINE size_t
et_scrub_lines(et_scrub_walk_t *w, et_scrub_level_t *level, size_t pos)
{
    size_t            to, base, safe;
    uint64_t          stops;
    const char       *text;
    const et_scrub_bits_t  *bits, *block;

    text = w->text;
    bits = w->bits;
    safe = w->len < 4 ? 0 : w->len - 4;

    et_scrub_seek(bits, pos);

    for ( ;; ) {
        et_scrub_next(to);

        if (to >= safe || text[to] != '"' || level->careful
            || et_scrub_forms(bits, pos, to))
        {
            to = et_scrub_value_string(w, level, pos) - 1;

            if (to >= safe) {
                return to + 1;
            }

            et_scrub_seek(bits, to + 1);
        }

        pos = to + 2;
        pos += (text[pos] == ' ');

        if (text[to + 1] != ',' || text[pos] != '"') {
            return to + 1;
        }

        level->count++;

        et_scrub_next(to);
        pos++;
    }
}

static void
et_scrub_level_init(const et_scrub_walk_t *w, et_scrub_level_t *level,
    et_scrub_place_t place, int array)
{
    level->place = place;
    level->inner = 0;
    level->array = array;
    level->secret = 0;
    level->suspect = 0;
    level->option = 0;
    level->name = et_slice(NULL, 0);
    level->count = 1;
    level->from = 0;
    level->to = 0;
    level->names = place != ET_PLACE_NONE && place != ET_PLACE_SOURCE
                   && place != ET_PLACE_SDK;
    level->careful = w->careful || place == ET_PLACE_COOKIES;
}


/* The name that begins at pos; what comes behind it. */

static ET_SCRUB_NOINLINE size_t
et_scrub_key(et_scrub_walk_t *w, et_scrub_level_t *level, size_t pos)
{
    et_scrub_span_t  span;

    et_scrub_span(w, pos, &span);

    level->name = et_slice(w->text + span.from, span.to - span.from);
    level->secret = 0;
    level->suspect = 1;

    if (level->place == ET_PLACE_NONE) {
        return span.next;
    }

    /* a name may be made of what was typed */

    if (span.unicode || span.forms) {
        et_scrub_inside(w, &span, ET_SCRUB_FORMS
                                  | (w->scrub->ip ? ET_SCRUB_IP : 0));
    }

    et_scrub_name(w, level, &span);

    return span.next;
}


/* Sets the level's name to the string, and whether it is secret. */

static void
et_scrub_name(et_scrub_walk_t *w, et_scrub_level_t *level,
    const et_scrub_span_t *span)
{
    et_slice_t  name;

    name = et_slice(w->text + span->from, span->to - span->from);

    if (span->escaped) {
        name = et_scrub_decode(w->arena, w->text, w->bits, span->from,
                               span->to, NULL);

        if (name.data == NULL) {
            name = et_slice("", 0);
            w->failed = 1;
        }
    }

    level->name = name;

    if (level->place == ET_PLACE_ATTRIBUTE
        && et_slice_eq(name, et_slice_str("value")))
    {
        level->secret = (level->inner == ET_PLACE_DROP);

    } else if (level->place == ET_PLACE_COOKIES) {
        level->secret = et_scrub_name_cookie(w->scrub, name.data, name.len);

    } else {
        level->secret = level->names
                        && et_scrub_name_secret(w->scrub, name.data,
                                                name.len);
    }

    if (level->secret && w->scrub->nexcludes != 0 && et_scrub_excluded(w)) {
        level->secret = 0;
    }
}


/* The value that begins at pos, behind its quote; what comes behind it. */

static ET_SCRUB_NOINLINE size_t
et_scrub_value_string(et_scrub_walk_t *w, et_scrub_level_t *level,
    size_t pos)
{
    unsigned           rules;
    et_slice_t         value;
    et_scrub_span_t    span;
    et_scrub_place_t   place;

    et_scrub_span(w, pos, &span);

    value = et_slice(w->text + span.from, span.to - span.from);

    if (level->array ? et_scrub_element(w, &span, 1) : level->secret) {
        if (!et_scrub_is_word(value)) {
            et_scrub_replace(w, span.from, span.to, et_scrub_filtered);
        }

        return span.next;
    }

    if (!span.forms && !span.unicode && !level->careful
        && (!level->names
            || !et_scrub_any(w->bits, span.from, span.to)))
    {
        return span.next;
    }

    place = et_scrub_place(w);

    if (place == ET_PLACE_REMOVE) {
        et_scrub_replace(w, span.from - 1, span.next, et_scrub_null);
        return span.next;
    }

    rules = et_scrub_rules(w->scrub, place, level->name);

    if (rules != 0
        && (span.forms || span.unicode || (rules & ET_SCRUB_PAIRS))
        && !et_scrub_is_id(level->name, value))
    {
        et_scrub_inside(w, &span, rules);
    }

    return span.next;
}


/* Relay's exceptions: they say nothing. */

static int
et_scrub_is_word(et_slice_t value)
{
    size_t  i;

    static const et_slice_t  words[] = {
        ET_SLICE("true"), ET_SLICE("false"), ET_SLICE("null"),
        ET_SLICE("undefined"), ET_SLICE("[Filtered]")
    };

    for (i = 0; i < sizeof(words) / sizeof(et_slice_t); i++) {
        if (et_slice_eq(value, words[i])) {
            return 1;
        }
    }

    return value.len == 0;
}


static int
et_scrub_is_id(et_slice_t name, et_slice_t value)
{
    char    c;
    size_t  i;

    if (value.len != 16 && value.len != 32) {
        return 0;
    }

    for (i = 0; i < sizeof(et_scrub_ids) / sizeof(et_slice_t); i++) {
        if (et_slice_eq(name, et_scrub_ids[i])) {
            break;
        }
    }

    if (i == sizeof(et_scrub_ids) / sizeof(et_slice_t)) {
        return 0;
    }

    for (i = 0; i < value.len; i++) {
        c = et_lower(value.data[i]);

        if (!et_scrub_is_digit(c) && (c < 'a' || c > 'f')) {
            return 0;
        }
    }

    return 1;
}


/* A number, true, false, null, NaN; or what is no JSON. */

static size_t
et_scrub_value_scalar(et_scrub_walk_t *w, size_t pos)
{
    char                     c;
    int                      secret;
    size_t                   end, digits;
    const char              *p;
    et_scrub_span_t          span;
    et_scrub_place_t         place;
    const et_scrub_level_t  *level;

    level = &w->levels[w->depth];
    p = w->text + pos;
    digits = 0;

    for (end = pos; end < w->len; end++) {
        c = w->text[end];

        if (et_scrub_is_digit(c)) {
            digits++;

        } else if ((unsigned char) c <= ' ' || c == ',' || c == ']'
                   || c == '}' || c == ':' || c == '"' || c == '['
                   || c == '{')
        {
            break;
        }
    }

    secret = level->secret;

    if (level->array) {
        span.from = pos;
        span.to = end;
        secret = et_scrub_element(w, &span, 0);
    }

    if (*p == 't' || *p == 'f' || *p == 'n') {
        return end;
    }

    /* how many tokens a model has used is no secret */

    if (secret
        && (level->name.len < 6
            || !et_slice_eq_nocase(et_slice(level->name.data
                                            + level->name.len - 6, 6),
                                   et_slice_str("tokens"))))
    {
        et_scrub_replace(w, pos, end, et_scrub_filtered_string);
        return end;
    }

    if (digits != end - pos || digits < ET_SCRUB_NUMBER) {
        return end;
    }

    place = et_scrub_place(w);

    if ((et_scrub_rules(w->scrub, place, level->name) & ET_SCRUB_CARD)
        && et_scrub_card(p, p, w->text + end) == end - pos)
    {
        et_scrub_replace(w, pos, end, et_scrub_filtered_string);
    }

    return end;
}


static size_t
et_scrub_value_open(et_scrub_walk_t *w, size_t pos)
{
    int                secret, array;
    size_t             end;
    et_scrub_span_t    span;
    et_scrub_level_t  *level, *inner;
    et_scrub_place_t   place;

    level = &w->levels[w->depth];
    array = (w->text[pos] == '[');

    secret = level->secret;

    if (level->array) {
        span.from = pos;
        span.to = pos;
        secret = et_scrub_element(w, &span, 0);
    }

    if (secret && (array || level->place != ET_PLACE_ATTRIBUTES)) {
        end = et_scrub_skip(w, pos);
        et_scrub_replace(w, pos, end, et_scrub_filtered_string);

        return end;
    }

    place = et_scrub_place(w);

    if (place == ET_PLACE_REMOVE) {
        end = et_scrub_skip(w, pos);
        et_scrub_replace(w, pos, end, et_scrub_null);

        return end;
    }

    if (w->depth + 1 == ET_SCRUB_DEPTH) {
        w->depth = ET_SCRUB_DEPTH;
        return pos;
    }

    inner = &w->levels[++w->depth];

    et_scrub_level_init(w, inner, place, array);

    if (level->place == ET_PLACE_ATTRIBUTES && !level->array && !array
        && place != ET_PLACE_NONE)
    {
        inner->place = ET_PLACE_ATTRIBUTE;
        inner->inner = secret ? ET_PLACE_DROP : place;
        inner->careful = 1;
    }

    return pos + 1;
}


/* Behind the bracket that closes the one at pos. */

static size_t
et_scrub_skip(et_scrub_walk_t *w, size_t pos)
{
    int     quoted;
    size_t  depth;

    quoted = 0;

    for (depth = 0; pos < w->len; pos++) {

        if (quoted && w->text[pos] != '"') {
            pos += (w->text[pos] == '\\');
            continue;
        }

        switch (w->text[pos]) {

        case '"':
            quoted = !quoted;
            break;

        case '{':
        case '[':
            depth++;
            break;

        case '}':
        case ']':
            if (--depth == 0) {
                return pos + 1;
            }

            break;
        }
    }

    return w->len;
}


/*
 * SDKs send names and values as pairs, too: [["Cookie", "a=b"], ...].  Only
 * when an array is closed it is known to be one.
 */

static void
et_scrub_close(et_scrub_walk_t *w, size_t pos)
{
    et_scrub_level_t  *level;

    if (w->depth == 0) {
        return;
    }

    level = &w->levels[w->depth--];

    if (level->array && level->secret && level->count == 2
        && !et_scrub_is_word(et_slice(w->text + level->from,
                                      level->to - level->from)))
    {
        et_splices_keep(&w->splices, level->before);
        et_scrub_replace(w, level->from, level->to,
                         level->string ? et_scrub_filtered
                                       : et_scrub_filtered_string);
    }

    level = &w->levels[w->depth];

    if (level->array && level->count == 2) {
        level->to = pos + 1;
    }
}


/* What an array's element says of others; 1 where it has to go itself. */

static int
et_scrub_element(et_scrub_walk_t *w, const et_scrub_span_t *span, int string)
{
    int                option;
    size_t             len;
    const char        *p;
    et_scrub_level_t  *level;

    level = &w->levels[w->depth];

    if (!level->names) {
        return 0;
    }

    p = w->text + span->from;
    len = span->to - span->from;

    option = level->option;
    level->option = string && !option && len > 1 && *p == '-'
                    && memchr(p, '=', len) == NULL
                    && et_scrub_name_secret(w->scrub, p, len);

    if (level->count == 1) {

        /* the first may be the name of the second, where it is no prose */

        if (string && len <= ET_SCRUB_NAME) {
            level->name = et_slice(p, len);
            level->suspect = 1;

            if (span->escaped || level->careful
                || et_scrub_suspect(w, span->from, span->to))
            {
                et_scrub_name(w, level, span);
            }
        }

    } else if (level->count == 2) {
        level->from = span->from;
        level->to = span->to;
        level->string = string;
        level->before = w->splices.n;

    } else {
        level->name = et_slice(NULL, 0);
    }

    return option;
}


static void
et_scrub_replace(et_scrub_walk_t *w, size_t from, size_t to, et_slice_t with)
{
    if (!et_splice(&w->splices, from, to, with)) {
        w->failed = 1;
    }
}


/* The place of the value that comes. */

static et_scrub_place_t
et_scrub_place(const et_scrub_walk_t *w)
{
    et_scrub_place_t         place;
    const et_scrub_level_t  *level;

    level = &w->levels[w->depth];
    place = level->place;

    if (level->name.len == 0 || place == ET_PLACE_NONE
        || (place == ET_PLACE_ANY && !level->suspect && !level->careful))
    {
        return place;
    }

    if (w->scrub->nexcludes != 0 && et_scrub_excluded(w)) {
        return ET_PLACE_NONE;
    }

    if (level->array) {

        /* a pair, so far */

        return level->count == 2
               && (place == ET_PLACE_ANY || place == ET_PLACE_HEADERS
                   || place == ET_PLACE_ENV || place == ET_PLACE_USER)
               ? et_scrub_member(w->scrub, place, level->name) : place;
    }

    if (place == ET_PLACE_ATTRIBUTE
        && et_slice_eq(level->name, et_slice_str("value")))
    {
        return level->inner;
    }

    return et_scrub_member(w->scrub, place, level->name);
}


static int
et_scrub_excluded(const et_scrub_walk_t *w)
{
    size_t  i;

    for (i = 0; i < w->scrub->nexcludes; i++) {
        if (et_scrub_excludes(w, w->scrub->excludes[i])) {
            return 1;
        }
    }

    return 0;
}


/*
 * The name itself, or the names from the top with dots between them; arrays
 * have no part in it.  A name may have dots, too.
 */

static int
et_scrub_excludes(const et_scrub_walk_t *w, et_slice_t exclude)
{
    size_t       i, n;
    et_slice_t   name;

    if (et_slice_eq_nocase(exclude, w->levels[w->depth].name)) {
        return 1;
    }

    for (i = 1; i <= w->depth; i++) {
        name = w->levels[i].name;

        if (name.len == 0 || (w->levels[i].array && i != w->depth)) {
            continue;
        }

        n = name.len;

        if (exclude.len > 0 && exclude.data[0] == '*') {
            n = 1;

        } else if (exclude.len < n
                   || !et_slice_eq_nocase(et_slice(exclude.data, n), name))
        {
            return 0;
        }

        if (exclude.len == n) {
            return i == w->depth;
        }

        if (exclude.data[n] != '.') {
            return 0;
        }

        exclude = et_slice(exclude.data + n + 1, exclude.len - n - 1);
    }

    return 0;
}


/* Looks for something in the string. */

static void
et_scrub_inside(et_scrub_walk_t *w, const et_scrub_span_t *span,
    unsigned rules)
{
    et_slice_t         text;
    et_scrub_string_t  s;

    s.scrub = w->scrub;
    s.splices = &w->splices;
    s.text = w->text;
    s.bits = w->bits;
    s.start = span->from;
    s.end = span->to;
    s.rules = rules;
    s.raw = NULL;
    s.map = NULL;
    s.failed = 0;

    if (span->escaped) {
        text = et_scrub_decode(w->arena, w->text, w->bits, span->from,
                               span->to, NULL);

        if (text.data == NULL) {
            w->failed = 1;
            return;
        }

        s.arena = w->arena;
        s.raw = w->text;
        s.raw_bits = w->bits;
        s.raw_start = span->from;
        s.raw_end = span->to;
        s.text = text.data;
        s.start = 0;
        s.end = text.len;
        s.bits = et_scrub_index(w->arena, text.data, text.len, w->scrub->ip);

        if (s.bits == NULL) {
            w->failed = 1;
            return;
        }
    }

    et_scrub_string(&s);

    if (s.failed) {
        w->failed = 1;
    }
}
