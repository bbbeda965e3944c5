/*
 * One query to ClickHouse: its SQL, its parameters, its answer.
 *
 * Promise: no value is ever pasted into SQL.  SQL is made of constants of
 * this source; values go beside it as parameters ({name:Type} in the SQL,
 * param_name in the URL), escaped the way ClickHouse reads them, so that
 * every byte of a value arrives as the byte it is.
 *
 * An answer has the format RowBinaryWithNamesAndTypes: exact (integers of 64
 * bits, any bytes), read without a copy, and checked against the types that
 * its reader expects, so that a schema of another version is an error and
 * not nonsense.
 */

#ifndef ET_SQL_H
#define ET_SQL_H

#include "et_text.h"


/* a condition of many queries; the parameter is "projects" */
#define ET_SQL_OF_PROJECTS  "project_id IN {projects:Array(UInt64)}"


typedef struct {
    et_text_t    sql;
    et_text_t    args;         /* "&param_a=..." */
    const char  *columns;      /* of the answer: see et_result.h; NULL: none */
    unsigned     write:1;      /* it changes something */
    unsigned     slow:1;       /* it may take the time that deleting takes */
    unsigned     small:1;      /* in one thread, as others run beside it */

    et_slice_t   answer;       /* set by whoever runs the query */
} et_sql_t;

/* What a query may cost.  0: no limit. */
typedef struct {
    const char  *database;
    unsigned     seconds;      /* of execution */
    unsigned     threads;
    uint64_t     read_rows;
    uint64_t     read_bytes;
    uint64_t     memory;       /* bytes */
    uint64_t     answer;       /* bytes */
} et_sql_limits_t;


void et_sql_init(et_sql_t *query, et_arena_t *arena, const char *columns);

/* Adds constant SQL.  Each "%u" in it is replaced by n, which numbers the
 * parameters of repeated parts. */
void et_sql_add(et_sql_t *query, const char *sql);
void et_sql_add_n(et_sql_t *query, const char *sql, unsigned n);

/*
 * Adds ET_SQL_OF_PROJECTS.  Where these are all projects it is hidden from the
 * index, which would be asked about each granule to no avail, and takes longer
 * than reading them.
 */
void et_sql_of_projects(et_sql_t *query, int all);

/* The value of {name:UInt64}, {name:Int64}, {name:String}. */
void et_sql_u64(et_sql_t *query, const char *name, uint64_t value);
void et_sql_i64(et_sql_t *query, const char *name, int64_t value);
void et_sql_str(et_sql_t *query, const char *name, et_slice_t value);

/* That of {name:Array(UInt64)}, {name:Array(Tuple(UInt64, UInt64))},
 * {name:Array(String)}. */
void et_sql_u64s(et_sql_t *query, const char *name,
    const uint64_t *values, size_t n);
void et_sql_pairs(et_sql_t *query, const char *name,
    const uint64_t (*pairs)[2], size_t n);
void et_sql_strs(et_sql_t *query, const char *name,
    const et_slice_t *values, size_t n);

/* As the ones above, for names with a number: "%u" as in SQL. */
const char *et_sql_name(et_sql_t *query, const char *name, unsigned n);

/*
 * The query string to send the query with, the format of the answer
 * included; data NULL where an allocation has failed, here or before.
 */
et_slice_t et_sql_args(et_sql_t *query, const et_sql_limits_t *limits);

/* The body: the SQL. */
et_slice_t et_sql_body(et_sql_t *query);


#endif /* ET_SQL_H */
