/*
 * Fields of events, functions over them, and the words of a search as
 * conditions on them: parts of et_discover.c.
 */

#ifndef ET_DISCOVER_INTERNAL_H
#define ET_DISCOVER_INTERNAL_H

#include "et_discover.h"


/* What stands in a function's parentheses. */
typedef enum {
    ET_ARGUMENT_NONE = 0,
    ET_ARGUMENT_FIELD,
    ET_ARGUMENT_TIME,          /* "timestamp", and nothing else */
    ET_ARGUMENT_CONDITION      /* field,operator,value */
} et_argument_t;

struct et_discover_function_s {
    const char          *name;
    et_argument_t        argument;
    et_discover_type_t   type;
    int                  counts;   /* error_counts can tell */
    const char          *sql;      /* of a field: before it, ")" is behind */
};

/* How the search looks for a field. */
typedef enum {
    ET_FIND_TEXT = 0,          /* equal, like a pattern, or as a number */
    ET_FIND_ID,                /* an event's */
    ET_FIND_ISSUE,             /* an id or a short id */
    ET_FIND_NUMBER,
    ET_FIND_PROJECT,           /* a slug */
    ET_FIND_TIME
} et_discover_find_t;

struct et_discover_column_s {
    const char          *name;
    et_discover_type_t   type;
    et_discover_find_t   find;
    const char          *sql;      /* of events */
    const char          *counts;   /* of error_counts; NULL: it has none */
    unsigned             users:1;  /* count_unique() is of their hashes */
    unsigned             newest:1; /* the order of the newest first */
};


/* NULL where it is none of the table: a tag. */
const et_discover_column_t *et_discover_column(et_slice_t name);

/* A tag's name: "tags[name]" or "name". */
et_slice_t et_discover_tag(et_slice_t name);

/* The column's SQL; of NULL that of the tag {t%u:String}. */
void et_discover_column_sql(et_sql_t *query,
    const et_discover_column_t *column, int counts, unsigned i);

/* NULL, or what is wrong with the words' values. */
const char *et_discover_search_check(et_call_t *call,
    const et_search_t *search);

/* Whether all of its words are of columns that error_counts has. */
int et_discover_search_counted(const et_search_t *search);

/* Whether it is for the events of some issues, or for some events by id. */
int et_discover_search_key(const et_search_t *search);

/* Adds the conditions, and, once in a query, the values of their parameters. */
void et_discover_search_where(et_sql_t *query, const et_search_t *search,
    int counts);
void et_discover_search_params(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover);


#endif /* ET_DISCOVER_INTERNAL_H */
