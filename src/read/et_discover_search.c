/*
 * The words of a search as conditions on events.  A word's tag is the
 * parameter k0, k1, ..., its values are v0, v1, ...
 */

#include "et_discover_internal.h"
#include "et_discover_sql.h"
#include "et_events.h"
#include "et_route.h"
#include "et_search_sql.h"
#include "et_sentry.h"
#include "et_time.h"


/* pairs of projects and issues that are looked up in the order of events;
 * more of them are compared one by one */
#define ET_DISCOVER_KEYS  4096


static const et_discover_column_t *et_word_column(const et_term_t *term);
static void et_word_where(et_sql_t *query, const et_term_t *term,
    int counts, unsigned i);
static const char *et_word_field(const et_discover_column_t *column,
    int counts);
static void et_word_text(et_sql_t *query, const et_term_t *term,
    const et_discover_column_t *column, int counts, unsigned i);
static et_term_op_t et_word_time_op(const et_term_t *term);
static int et_word_time(et_call_t *call, const et_term_t *term, int64_t *us);
static int et_word_number(const et_term_t *term,
    const et_discover_column_t *column, size_t k, uint64_t *number);
static void et_word_numbers(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover, unsigned i,
    const et_discover_column_t *column);
static void et_word_keys(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover, unsigned i, const uint64_t *ids, size_t n);
static uint64_t et_word_fingerprint(uint64_t project, uint64_t id);


static const char *const  et_word_ops[] = {
    " = ", " < ", " <= ", " > ", " >= "
};


const char *
et_discover_search_check(et_call_t *call, const et_search_t *search)
{
    size_t                       i, k;
    int64_t                      us;
    uint64_t                     number;
    const et_term_t             *term;
    const et_discover_column_t  *column;

    if (search->status != ET_STATUS_ANY) {
        return "is: is a word about issues, not about events";
    }

    for (i = 0; i < search->nterms; i++) {
        term = &search->terms[i];
        column = et_word_column(term);

        if (term->has && (term->nvalues != 1 || term->op != ET_TERM_EQ)) {
            return "has: is of one name";
        }

        if (column == NULL || term->has) {
            continue;
        }

        if (column->find == ET_FIND_TIME) {
            if (!et_word_time(call, term, &us)) {
                return "timestamp: has to be a time such as "
                       ">2024-02-29T12:00:00, or a period such as -24h";
            }

            continue;
        }

        if (term->op != ET_TERM_EQ && column->find != ET_FIND_TEXT) {
            return "this word of the query can't be compared";
        }

        for (k = 0; k < term->nvalues; k++) {
            switch (column->find) {

            case ET_FIND_ISSUE:
            case ET_FIND_NUMBER:
                if (!et_word_number(term, column, k, &number)) {
                    return "issue: and project.id: have to be ids";
                }

                break;

            case ET_FIND_ID:
                if (!et_event_id_known(term->values[k])) {
                    return "id: has to be an event's id, 32 hexadecimal "
                           "digits";
                }

                break;

            default:
                break;
            }
        }
    }

    return NULL;
}


int
et_discover_search_counted(const et_search_t *search)
{
    size_t                       i;
    const et_discover_column_t  *column;

    for (i = 0; i < search->nterms; i++) {
        column = et_word_column(&search->terms[i]);

        if (column == NULL || column->counts == NULL
            || column->find == ET_FIND_TIME)
        {
            return 0;
        }
    }

    return search->text.len == 0;
}


int
et_discover_search_key(const et_search_t *search)
{
    size_t                       i;
    const et_discover_column_t  *column;

    if (search->combined) {
        return 0;
    }

    for (i = 0; i < search->nterms; i++) {
        column = et_word_column(&search->terms[i]);

        if (column != NULL && !search->terms[i].has && !search->terms[i].negated
            && (column->find == ET_FIND_ISSUE || column->find == ET_FIND_ID))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * AND before OR, in SQL as in the search.
 */

void
et_discover_search_where(et_sql_t *query, const et_search_t *search,
    int counts)
{
    unsigned          i, k;
    const et_term_t  *term;

    if (search->text.len != 0) {
        et_sql_add(query, " AND ");
        et_search_sql_text(query, ET_SQL_DISCOVER_TEXT, search);
    }

    for (i = 0; i < search->nterms; i++) {
        term = &search->terms[i];

        et_sql_add(query, i == 0 ? " AND (" : term->or ? " OR " : " AND ");

        for (k = 0; k < term->opens; k++) {
            et_sql_add(query, "(");
        }

        et_sql_add(query, term->negated ? "NOT (" : "(");
        et_word_where(query, term, counts, i);
        et_sql_add(query, ")");

        for (k = 0; k < term->closes; k++) {
            et_sql_add(query, ")");
        }
    }

    if (search->nterms != 0) {
        et_sql_add(query, ")");
    }
}


static void
et_word_where(et_sql_t *query, const et_term_t *term, int counts, unsigned i)
{
    const et_discover_column_t  *column;

    column = et_word_column(term);

    if (term->has) {
        et_sql_add(query, "toString(");
        et_sql_add_n(query, et_word_field(column, counts), i);
        et_sql_add(query, ") != ''");
        return;
    }

    switch (column == NULL ? ET_FIND_TEXT : column->find) {

    case ET_FIND_ID:
        et_sql_add_n(query, "event_id IN {v%u:Array(UUID)}", i);
        break;

    case ET_FIND_ISSUE:
        et_sql_add_n(query, "({w%u:UInt8} = 0 OR fingerprint IN "
                     "{x%u:Array(UInt64)}) AND bitAnd(fingerprint "
                     "+ project_id * 11400714819323198485, "
                     "9007199254740991) IN {v%u:Array(UInt64)}", i);
        break;

    case ET_FIND_NUMBER:
        et_sql_add_n(query, "project_id IN {v%u:Array(UInt64)}", i);
        break;

    case ET_FIND_PROJECT:
        et_sql_add_n(query, "project_id IN (SELECT project_id FROM "
                     "projects FINAL WHERE slug IN {v%u:Array(String)} "
                     "UNION DISTINCT SELECT toUInt64OrZero(arrayJoin("
                     "{v%u:Array(String)})))", i);
        break;

    case ET_FIND_TIME:
        et_sql_add_n(query, et_word_field(column, counts), i);
        et_sql_add(query, et_word_ops[et_word_time_op(term)]);
        et_sql_add_n(query, "fromUnixTimestamp64Micro({v%u:Int64}, 'UTC')",
                     i);
        break;

    default:
        et_word_text(query, term, column, counts, i);
    }
}


/* "has:name" is about the field of its value. */

static const et_discover_column_t *
et_word_column(const et_term_t *term)
{
    return term->tag ? NULL
                     : et_discover_column(term->has ? term->values[0]
                                                    : term->key);
}


/* for et_search_sql() */

static const char *
et_word_field(const et_discover_column_t *column, int counts)
{
    if (column == NULL) {
        return "tags[{k%u:String}]";
    }

    return counts ? column->counts : column->sql;
}


static void
et_word_text(et_sql_t *query, const et_term_t *term,
    const et_discover_column_t *column, int counts, unsigned i)
{
    if (term->op != ET_TERM_EQ) {
        et_sql_add(query, "toFloat64OrNull(");
        et_sql_add_n(query, et_word_field(column, counts), i);
        et_sql_add(query, ")");
        et_sql_add(query, et_word_ops[term->op]);
        et_sql_add_n(query, "toFloat64OrNull({v%u:Array(String)}[1])", i);
        return;
    }

    et_search_sql(query, et_word_field(column, counts), term, i);
}


/* "-24h" is later than 24 hours ago, "+24h" earlier. */

static et_term_op_t
et_word_time_op(const et_term_t *term)
{
    et_slice_t  text;

    text = term->values[0];

    if (text.len != 0 && text.data[0] == '-') {
        return ET_TERM_GE;
    }

    return text.len != 0 && text.data[0] == '+' ? ET_TERM_LE : term->op;
}


static int
et_word_time(et_call_t *call, const et_term_t *term, int64_t *us)
{
    et_slice_t  text;

    text = term->values[0];

    if (term->nvalues != 1 || text.len == 0) {
        return 0;
    }

    if (text.data[0] == '-' || text.data[0] == '+') {
        if (!et_period_parse(et_slice(text.data + 1, text.len - 1), us)) {
            return 0;
        }

        *us = *us < call->now ? call->now - *us : 0;

        return 1;
    }

    return et_time_parse(text, us);
}


static int
et_word_number(const et_term_t *term, const et_discover_column_t *column,
    size_t k, uint64_t *number)
{
    return column->find == ET_FIND_ISSUE
           ? et_issue_parse(term->values[k], number)
           : et_parse_u64(term->values[k], number);
}


void
et_discover_search_params(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover)
{
    int64_t                      us;
    unsigned                     i;
    const et_term_t             *term;
    const et_search_t           *search;
    const et_discover_column_t  *column;

    search = &discover->search;

    if (search->text.len != 0) {
        et_search_sql_text_value(query, search);
    }

    for (i = 0; i < search->nterms; i++) {
        term = &search->terms[i];
        column = et_word_column(term);

        if (column == NULL) {
            et_sql_str(query, et_sql_name(query, "k%u", i),
                       et_discover_tag(term->has ? term->values[0]
                                                 : term->key));
        }

        if (term->has) {
            continue;
        }

        switch (column == NULL ? ET_FIND_TEXT : column->find) {

        case ET_FIND_ISSUE:
        case ET_FIND_NUMBER:
            et_word_numbers(call, query, discover, i, column);
            break;

        case ET_FIND_TIME:
            if (et_word_time(call, term, &us)) {
                et_sql_i64(query, et_sql_name(query, "v%u", i), us);
            }

            break;

        default:
            et_search_sql_values(query, term, i);
        }
    }
}


static void
et_word_numbers(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover, unsigned i,
    const et_discover_column_t *column)
{
    size_t            k;
    uint64_t          numbers[ET_SEARCH_VALUES];
    const et_term_t  *term;

    term = &discover->search.terms[i];

    for (k = 0; k < term->nvalues; k++) {
        if (!et_word_number(term, column, k, &numbers[k])) {
            return;
        }
    }

    et_sql_u64s(query, et_sql_name(query, "v%u", i), numbers, term->nvalues);

    if (column->find == ET_FIND_ISSUE) {
        et_word_keys(call, query, discover, i, numbers, term->nvalues);
    }
}


/* The fingerprints that issues have, one in each project: what events are
 * sorted by. */

static void
et_word_keys(et_call_t *call, et_sql_t *query, const et_discover_t *discover,
    unsigned i, const uint64_t *ids, size_t n)
{
    size_t     k, p, total;
    uint64_t  *keys;

    total = n * discover->nprojects;
    keys = NULL;

    if (total <= ET_DISCOVER_KEYS) {
        keys = et_arena_alloc(call->arena, (total + 1) * sizeof(uint64_t));

        if (keys == NULL) {
            call->failed = 1;
            return;
        }
    }

    for (k = 0; keys != NULL && k < n; k++) {
        for (p = 0; p < discover->nprojects; p++) {
            keys[k * discover->nprojects + p] =
                et_word_fingerprint(discover->projects[p], ids[k]);
        }
    }

    et_sql_u64(query, et_sql_name(query, "w%u", i), keys != NULL);
    et_sql_u64s(query, et_sql_name(query, "x%u", i), keys,
                keys != NULL ? total : 0);
}


/* What et_issue_id() has made the id of. */

static uint64_t
et_word_fingerprint(uint64_t project, uint64_t id)
{
    return (id - et_issue_id(project, 0)) & ET_MAX_ID;
}
