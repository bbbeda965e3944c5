/*
 * Sentry's search words: is:unresolved level:error !environment:dev "a text".
 *
 * A query is words separated by blanks.  A word is key:value, "!" before it
 * negates it, quotes around a value or a whole word keep blanks, a backslash
 * escapes a quote, "[a, b]" is one of several values, "*" in a value stands
 * for any text.  Words without a key are the text that is looked for, in the
 * order they came, with one blank between them.  tags[name]:value is the tag of
 * that name, and user:"id:7" is user.id:7.
 *
 * OR, AND and parentheses combine words with a key, AND before OR.  Where no
 * such word is beside them, or in small letters on both sides, they are text,
 * as they are in a message; and parentheses also where neither can combine.
 */

#ifndef ET_SEARCH_H
#define ET_SEARCH_H

#include "et_arena.h"


#define ET_SEARCH_TERMS   20
#define ET_SEARCH_VALUES  50


typedef enum {
    ET_STATUS_ANY = 0,
    ET_STATUS_UNRESOLVED,
    ET_STATUS_RESOLVED,
    ET_STATUS_IGNORED
} et_status_t;

typedef enum {
    ET_TERM_EQ = 0,            /* one of the values */
    ET_TERM_LT,
    ET_TERM_LE,
    ET_TERM_GT,
    ET_TERM_GE
} et_term_op_t;

typedef struct {
    et_slice_t     key;        /* as it was written */
    et_slice_t    *values;
    size_t         nvalues;    /* at least 1; one empty: key:"" */
    et_term_op_t   op;
    unsigned       negated:1;
    unsigned       wildcard:1; /* a value has a "*" that is not escaped */
    unsigned       tag:1;      /* tags[key]: no field of that name is meant */
    unsigned       has:1;      /* has: about the field or tag of its value */
    unsigned       or:1;       /* to what is before it, which is AND else */
    uint8_t        opens;      /* parentheses before it */
    uint8_t        closes;     /* and behind */
} et_term_t;

typedef struct {
    et_status_t    status;     /* is: */
    unsigned       not_status:1;
    et_slice_t     text;       /* len 0: none */
    unsigned       text_wildcard:1;
    unsigned       combined:1; /* by OR or parentheses */
    et_term_t      terms[ET_SEARCH_TERMS];
    size_t         nterms;
} et_search_t;


/*
 * NULL, or what is wrong with the query, as {"detail"} can say it; "" where
 * the arena is exhausted.  Unknown keys are tags, so they are no error.
 */
const char *et_search_parse(et_arena_t *arena, et_slice_t query,
    et_search_t *search);

/* The same of a query that may have OR and parentheses. */
const char *et_search_parse_combined(et_arena_t *arena, et_slice_t query,
    et_search_t *search);

/* A value with "*" as a pattern of LIKE, its own "%", "_" and "\" escaped. */
et_slice_t et_search_like(et_arena_t *arena, et_slice_t value);

et_slice_t et_status_name(et_status_t status);


#endif /* ET_SEARCH_H */
