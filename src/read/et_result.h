/*
 * ClickHouse's answer, read row by row: RowBinaryWithNamesAndTypes.
 *
 * A reader says which columns it expects, a letter each:
 *
 *     Q  UInt64                q  Int64
 *     s  String                t  DateTime64(6), microseconds
 *     d  Float64               C  UInt8
 *     S  Array(String)         A  Array(UInt64)       M  Map(String, String)
 *
 * LowCardinality(String) and SimpleAggregateFunction(f, T) are read as what
 * they hold.
 *
 * Promise: whatever the bytes are, nothing outside of them is read, and an
 * answer that is not what was expected is told from one that is.  Nothing is
 * copied: strings lie in the answer.
 */

#ifndef ET_RESULT_H
#define ET_RESULT_H

#include "et_slice.h"


#define ET_RESULT_COLUMNS  32


typedef struct {
    union {
        uint64_t  u;           /* Q, C */
        int64_t   i;           /* q, t */
        double    d;
        size_t    n;           /* S, A, M: how many items (M: pairs) */
    };
    et_slice_t    s;           /* s; of S, A, M what is not read yet */
} et_value_t;

typedef struct {
    const char  *pos;
    const char  *end;
    const char  *columns;
    int          bad;
    et_value_t   row[ET_RESULT_COLUMNS];
} et_result_t;


/* 1, or 0 where the answer has other columns than these, and bad is set. */
int et_result_open(et_result_t *result, const char *columns,
    et_slice_t answer);

/* 1 and the next row; 0 at the end, or where the answer is damaged, and bad
 * is set then. */
int et_result_next(et_result_t *result);

/* The next string of S, or of M (key, value, key ...); of A the next number. */
et_slice_t et_value_str(et_value_t *value);
uint64_t et_value_u64(et_value_t *value);


#endif /* ET_RESULT_H */
