/*
 * Questions about events, as Sentry's Discover has them: fields, functions
 * over them, a search, a period; as rows, or counted over time.
 *
 * A field that is a function groups the events by the others.  Occurrences
 * without a body are counted, too: count() is sum(n).  Rows are of events
 * with a body.  What counts by error, level, environment, release and minute
 * alone can answer is read from error_counts, and not from events.
 *
 * Promise: names are looked up in a table of this source, and what is not
 * there is a tag, whose name is a parameter of the query as every value is.
 */

#ifndef ET_DISCOVER_H
#define ET_DISCOVER_H

#include "et_projects.h"
#include "et_search.h"


#define ET_DISCOVER_FIELDS   20
#define ET_DISCOVER_BUCKETS  10000
#define ET_DISCOVER_GROUPS   10   /* of a chart */


typedef enum {
    ET_DISCOVER_STRING = 0,
    ET_DISCOVER_INTEGER,
    ET_DISCOVER_NUMBER,
    ET_DISCOVER_TIME,
    ET_DISCOVER_PROJECT,       /* a number that stands for a slug */
    ET_DISCOVER_ISSUE          /* the same for a short id */
} et_discover_type_t;

typedef struct et_discover_column_s    et_discover_column_t;
typedef struct et_discover_function_s  et_discover_function_t;

typedef struct {
    et_slice_t                     name;      /* as it was asked for */
    et_discover_type_t             type;
    const et_discover_column_t    *column;    /* NULL: none, or a tag */
    const et_discover_function_t  *function;  /* NULL: a plain field */
    et_slice_t                     tag;       /* its name; len 0: none */
    unsigned                       op;        /* of count_if() */
    et_slice_t                     value;
    unsigned                       hidden:1;  /* for the order alone */
} et_discover_field_t;

typedef struct {
    const uint64_t        *projects;
    size_t                 nprojects;
    const et_slice_t      *environments;
    size_t                 nenvironments;
    et_discover_field_t    fields[ET_DISCOVER_FIELDS + 1];
    size_t                 nfields;
    et_search_t            search;
    int64_t                from;              /* microseconds */
    int64_t                to;
    int64_t                step;              /* seconds; 0: no buckets */
    size_t                 nbuckets;
    int                    sort;              /* a field; -1: none */
    unsigned               descending:1;
    uint64_t               limit;
    uint64_t               offset;

    /* set by et_discover_ready() */
    unsigned               grouped:1;         /* a function is asked for */
    unsigned               counts:1;          /* error_counts will do */
} et_discover_t;

/* Which part of a chart a query is about. */
typedef enum {
    ET_DISCOVER_ALL = 0,
    ET_DISCOVER_TOP,           /* the groups that come first */
    ET_DISCOVER_OTHER          /* all but them */
} et_discover_part_t;


/*
 * The parameters that questions have in common: start and end or statsPeriod
 * (24h), environment, query.  1, or 0 where the call is answered 400.
 */
int et_discover_parse(et_call_t *call, et_discover_t *discover);

/*
 * Adds a field by its name, or finds it where it was added before.  Its
 * number, or -1 where the call is answered 400.
 */
int et_discover_field(et_call_t *call, et_discover_t *discover,
    et_slice_t name);

/* "-count()": the field's number is set as the sort; 1, or 0 and 400. */
int et_discover_sort(et_call_t *call, et_discover_t *discover,
    et_slice_t name);

/* When all has been set: 1, or 0 where the call is answered 400. */
int et_discover_ready(et_call_t *call, et_discover_t *discover);

/*
 * Adds a query to the step.  Its columns are the fields in order, and behind
 * them, where there are buckets and "series" is set, the bucket.
 */
void et_discover_ask(et_call_t *call, const et_discover_t *discover,
    et_discover_part_t part, int series);

/* The letters of its columns, on the arena. */
const char *et_discover_columns(et_call_t *call,
    const et_discover_t *discover, et_discover_part_t part, int series);

/*
 * Of a list that has a query of its own over the table events: the conditions
 * of its search and environments behind " WHERE ...", and their parameters.
 */
void et_discover_where(et_call_t *call, et_sql_t *query,
    const et_discover_t *discover);

/* A field's value as JSON has it, and the name of its type. */
cJSON *et_discover_value(et_call_t *call, const et_discover_field_t *field,
    const et_value_t *value, const et_projects_t *projects);
const char *et_discover_type(const et_discover_field_t *field);

/* A member with a name that is no constant, mended as a string is. */
void et_out_named(cJSON *object, et_slice_t name, cJSON *item);


#endif /* ET_DISCOVER_H */
