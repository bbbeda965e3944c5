/*
 * A search's words as conditions.  A key that is none of the table's is a
 * tag's.
 */

#include "et_discover_sql.h"
#include "et_errors_internal.h"
#include "et_errors_search.h"
#include "et_errors_sql.h"
#include "et_route.h"
#include "et_search_sql.h"
#include "et_time.h"


typedef enum {
    ET_WORD_TAG = 0,
    ET_WORD_USER,              /* a field of events: of ids by an index */
    ET_WORD_LAST,              /* a field of the last event */
    ET_WORD_FIRST,             /* of the first */
    ET_WORD_DECISION,
    ET_WORD_NONE,              /* of Sentry's, about what is not known here */
    ET_WORD_NUMBER,
    ET_WORD_TIME
} et_word_kind_t;

typedef struct {
    const char      *key;
    et_word_kind_t   kind;
    const char      *field;
} et_word_t;


static et_slice_t et_word_name(const et_term_t *term);
static const et_word_t *et_word_find(const et_term_t *term);
static int et_words_need(const et_search_t *search, et_word_kind_t kind);
static void et_word_where(et_call_t *call, et_sql_t *query,
    const et_errors_filter_t *filter, unsigned i);
static void et_word_has(et_sql_t *query, const et_errors_filter_t *filter,
    const et_word_t *word, unsigned i, int negated);
static const char *et_word_rows(const et_word_t *word);
static void et_word_in(et_sql_t *query, const et_errors_filter_t *filter,
    const et_word_t *word, unsigned i);
static void et_word_tag(et_sql_t *query, const et_errors_filter_t *filter,
    unsigned i);
static void et_word_number(et_call_t *call, et_sql_t *query, unsigned i,
    const et_term_t *term, const et_word_t *word);
static int et_word_value(et_call_t *call, const et_term_t *term,
    const et_word_t *word, et_term_op_t *op, int64_t *value);


static const et_word_t  et_words[] = {
    { "user",          ET_WORD_USER,     ET_SQL_EVENT_USER },
    { "user.id",       ET_WORD_USER,     "user_id" },
    { "user.email",    ET_WORD_USER,     "user_email" },
    { "user.username", ET_WORD_USER,     "user_name" },
    { "user.ip",       ET_WORD_USER,     "user_ip" },
    { "error.type",    ET_WORD_LAST,     "l.type" },
    { "error.value",   ET_WORD_LAST,     "l.value" },
    { "message",       ET_WORD_LAST,     ET_SQL_MESSAGE("l.") },
    { "culprit",       ET_WORD_LAST,     "l.culprit" },
    { "location",      ET_WORD_LAST,     "l.culprit" },
    { "platform",      ET_WORD_LAST,     "l.platform" },
    { "platform.name", ET_WORD_LAST,     "l.platform" },
    { "title",         ET_WORD_LAST,     ET_SQL_TITLE("l.") },
    { "firstRelease",  ET_WORD_FIRST,    "f" },
    { "first_release", ET_WORD_FIRST,    "f" },
    { "assigned",      ET_WORD_DECISION, "assigned_to" },
    { "assigned_to",   ET_WORD_DECISION, "assigned_to" },
    { "timesSeen",     ET_WORD_NUMBER,   "n" },
    { "times_seen",    ET_WORD_NUMBER,   "n" },
    { "firstSeen",     ET_WORD_TIME,     "toUnixTimestamp64Micro(first_seen)" },
    { "first_seen",    ET_WORD_TIME,     "toUnixTimestamp64Micro(first_seen)" },
    { "lastSeen",      ET_WORD_TIME,     "toUnixTimestamp64Micro(last_seen)" },
    { "last_seen",     ET_WORD_TIME,     "toUnixTimestamp64Micro(last_seen)" },
    { "age",           ET_WORD_TIME,     "toUnixTimestamp64Micro(first_seen)" },
    { "bookmarks",     ET_WORD_NONE,     NULL },
    { "error.handled", ET_WORD_NONE,     NULL },
    { "error.main_thread", ET_WORD_NONE, NULL },
    { "error.mechanism", ET_WORD_NONE,   NULL },
    { "error.unhandled", ET_WORD_NONE,   NULL },
    { "issue",         ET_WORD_NONE,     NULL },
    { "issue.category", ET_WORD_NONE,    NULL },
    { "issue.id",      ET_WORD_NONE,     NULL },
    { "issue.priority", ET_WORD_NONE,    NULL },
    { "issue.type",    ET_WORD_NONE,     NULL },
    { "project",       ET_WORD_NONE,     NULL },
    { "project.id",    ET_WORD_NONE,     NULL },
    { "project.name",  ET_WORD_NONE,     NULL },
    { "release.build", ET_WORD_NONE,     NULL },
    { "release.package", ET_WORD_NONE,   NULL },
    { "release.stage", ET_WORD_NONE,     NULL },
    { "release.version", ET_WORD_NONE,   NULL },
    { "stack.abs_path", ET_WORD_NONE,    NULL },
    { "stack.filename", ET_WORD_NONE,    NULL },
    { "stack.function", ET_WORD_NONE,    NULL },
    { "stack.module",  ET_WORD_NONE,     NULL },
    { "timestamp",     ET_WORD_NONE,     NULL },
    { NULL,            ET_WORD_TAG,      NULL }
};


int
et_errors_search_needs_last(const et_search_t *search)
{
    return et_words_need(search, ET_WORD_LAST);
}


int
et_errors_search_needs_first(const et_search_t *search)
{
    return et_words_need(search, ET_WORD_FIRST);
}


void
et_errors_search_in(et_sql_t *query, const et_errors_filter_t *filter,
    int negated)
{
    const et_search_t  *search;

    search = &filter->search;

    if (negated) {
        et_sql_add(query, ET_SQL_HIDDEN_NOT_IN);

    } else if (search->text.len != 0 || et_errors_search_needs_last(search)
               || et_errors_search_needs_first(search)
               || (filter->sort == ET_SORT_USERS
                   && !et_errors_of_bounds(filter)))
    {
        et_sql_add(query, ET_SQL_IN);

    } else {
        et_sql_add(query, ET_SQL_HIDDEN_IN);
    }
}


void
et_errors_search_tags(et_sql_t *query, const et_errors_filter_t *filter,
    const char *tags)
{
    et_sql_add(query, tags);

    if (!filter->all) {
        et_sql_add(query, " AND " ET_SQL_OF_PROJECTS);
    }
}


void
et_errors_search_where(et_call_t *call, et_sql_t *query,
    const et_errors_filter_t *filter)
{
    unsigned            i;
    const et_search_t  *search;

    search = &filter->search;

    if (search->text.len != 0) {
        et_sql_add(query, ET_SQL_AND);
        et_search_sql_text(query, "texts", search);
        et_search_sql_text_value(query, search);
    }

    for (i = 0; i < search->nterms; i++) {
        et_word_where(call, query, filter, i);
    }
}


static void
et_word_where(et_call_t *call, et_sql_t *query,
    const et_errors_filter_t *filter, unsigned i)
{
    const et_term_t  *term;
    const et_word_t  *word;

    term = &filter->search.terms[i];
    word = et_word_find(term);

    if (term->has) {
        et_word_has(query, filter, word, i, term->negated);
        return;
    }

    /* key:"" is what is without it, and !key:"" what has it */

    if (word->kind < ET_WORD_NONE && term->nvalues == 1
        && term->values[0].len == 0)
    {
        et_word_has(query, filter, word, i, !term->negated);
        return;
    }

    switch (word->kind) {

    case ET_WORD_TAG:
        et_word_tag(query, filter, i);
        break;

    case ET_WORD_USER:
    case ET_WORD_DECISION:
        et_word_in(query, filter, word, i);
        break;

    case ET_WORD_LAST:
    case ET_WORD_FIRST:
        et_sql_add(query, term->negated ? ET_SQL_AND_NOT : ET_SQL_AND);
        et_search_sql(query, word->field, term, i);
        et_search_sql_values(query, term, i);
        break;

    case ET_WORD_NUMBER:
    case ET_WORD_TIME:
        et_word_number(call, query, i, term, word);
        break;

    default:
        break;
    }
}


/* That there is a value of the word, or the tag, of that name. */

static void
et_word_has(et_sql_t *query, const et_errors_filter_t *filter,
    const et_word_t *word, unsigned i, int negated)
{
    switch (word->kind) {

    case ET_WORD_TAG:
        et_errors_search_in(query, filter, negated);
        et_errors_search_tags(query, filter, ET_SQL_TAGS);
        et_sql_add_n(query, ET_SQL_OF_KEY, i);
        et_sql_add(query, ")");

        et_sql_str(query, et_sql_name(query, "k%u", i),
                   et_word_name(&filter->search.terms[i]));
        break;

    case ET_WORD_USER:
    case ET_WORD_DECISION:
        et_errors_search_in(query, filter, negated);
        et_sql_add(query, et_word_rows(word));
        et_sql_add(query, word->field);
        et_sql_add(query, " != '')");
        break;

    case ET_WORD_LAST:
    case ET_WORD_FIRST:
        et_sql_add(query, ET_SQL_AND);
        et_sql_add(query, word->field);
        et_sql_add(query, negated ? " = ''" : " != ''");
        break;

    default:

        /* every error has the others */

        if (negated) {
            et_sql_add(query, ET_SQL_ERRORS_NONE);
        }

        break;
    }
}


const char *
et_errors_search_check(et_call_t *call, const et_search_t *search)
{
    size_t            i;
    int64_t           value;
    et_term_op_t      op;
    const et_term_t  *term;
    const et_word_t  *word;

    for (i = 0; i < search->nterms; i++) {
        term = &search->terms[i];
        word = et_word_find(term);

        if (word->kind == ET_WORD_NONE) {
            return "a word of the query is about what is not searched for "
                   "here; tags[name]: is the tag that is called like it";
        }

        if (term->has && (term->nvalues != 1 || term->op != ET_TERM_EQ)) {
            return "has: is of one name";
        }

        if (term->op != ET_TERM_EQ && word->kind < ET_WORD_NUMBER) {
            return "only timesSeen:, firstSeen:, lastSeen: and age: can be "
                   "compared";
        }

        if (word->kind >= ET_WORD_NUMBER && !term->has
            && !et_word_value(call, term, word, &op, &value))
        {
            return word->kind == ET_WORD_NUMBER
                   ? "timesSeen: has to be a number such as >10"
                   : "firstSeen:, lastSeen: and age: have to be a period "
                     "such as -24h, or a time";
        }
    }

    return NULL;
}


/* Its key, or what "has:" is about. */

static et_slice_t
et_word_name(const et_term_t *term)
{
    return term->has ? term->values[0] : term->key;
}


static const et_word_t *
et_word_find(const et_term_t *term)
{
    et_slice_t        name;
    const et_word_t  *word;

    name = et_word_name(term);

    for (word = et_words; word->key != NULL; word++) {
        if (!term->tag && et_slice_eq(name, et_slice_str(word->key))) {
            break;
        }
    }

    return word;
}


static int
et_words_need(const et_search_t *search, et_word_kind_t kind)
{
    size_t  i;

    for (i = 0; i < search->nterms; i++) {
        if (et_word_find(&search->terms[i])->kind == kind) {
            return 1;
        }
    }

    return 0;
}


/* The query of what has the field, up to its condition. */

static const char *
et_word_rows(const et_word_t *word)
{
    return word->kind == ET_WORD_USER ? ET_SQL_EVENTS_OF
                                      : ET_SQL_DECISIONS_OF;
}


static void
et_word_in(et_sql_t *query, const et_errors_filter_t *filter,
    const et_word_t *word, unsigned i)
{
    const et_term_t  *term;

    term = &filter->search.terms[i];

    et_errors_search_in(query, filter, term->negated);
    et_sql_add(query, et_word_rows(word));
    et_search_sql(query, word->field, term, i);

    /* as with tags, where none is a value that is not there */

    if (term->wildcard) {
        et_sql_add(query, ET_SQL_AND);
        et_sql_add(query, word->field);
        et_sql_add(query, " != ''");
    }

    et_sql_add(query, ")");
    et_search_sql_values(query, term, i);
}


static void
et_word_tag(et_sql_t *query, const et_errors_filter_t *filter, unsigned i)
{
    const et_term_t  *term;

    term = &filter->search.terms[i];

    et_errors_search_in(query, filter, term->negated);
    et_errors_search_tags(query, filter, term->wildcard && !filter->all
                                         ? ET_SQL_TAGS : ET_SQL_BY_TAG);
    et_sql_add_n(query, ET_SQL_OF_KEY, i);
    et_sql_add(query, ET_SQL_AND);
    et_search_sql(query, "value", term, i);
    et_sql_add(query, ")");

    et_sql_str(query, et_sql_name(query, "k%u", i), term->key);
    et_search_sql_values(query, term, i);
}


static void
et_word_number(et_call_t *call, et_sql_t *query, unsigned i,
    const et_term_t *term, const et_word_t *word)
{
    int64_t       value;
    et_term_op_t  op;

    static const char *const  ops[] = { " = ", " < ", " <= ", " > ", " >= " };

    if (!et_word_value(call, term, word, &op, &value)) {
        return;
    }

    et_sql_add(query, term->negated ? ET_SQL_AND_NOT : ET_SQL_AND);
    et_sql_add(query, "(toInt64(");
    et_sql_add(query, word->field);
    et_sql_add(query, ")");
    et_sql_add(query, ops[op]);
    et_sql_add_n(query, "{v%u:Int64})", i);
    et_sql_i64(query, et_sql_name(query, "v%u", i), value);
}


/* "-24h": later than 24 hours ago; "+24h": earlier.  Of an age it is the
 * same; of a time given as such, ">" is later. */

static int
et_word_value(et_call_t *call, const et_term_t *term, const et_word_t *word,
    et_term_op_t *op, int64_t *value)
{
    int64_t     period;
    uint64_t    n;
    et_slice_t  text;

    text = term->values[0];
    *op = term->op;

    if (term->nvalues != 1 || text.len == 0) {
        return 0;
    }

    if (word->kind == ET_WORD_NUMBER) {
        if (!et_parse_u64(text, &n) || n > INT64_MAX) {
            return 0;
        }

        *value = (int64_t) n;
        return 1;
    }

    if ((text.data[0] == '-' || text.data[0] == '+')
        && et_period_parse(et_slice(text.data + 1, text.len - 1), &period))
    {
        *op = text.data[0] == '-' ? ET_TERM_GE : ET_TERM_LE;
        *value = call->now - period;
        return 1;
    }

    return et_time_parse(text, value);
}
