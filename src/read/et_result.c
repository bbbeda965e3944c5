/*
 * ClickHouse's answer, read row by row.  Numbers are little-endian and lie
 * anywhere; a length is a LEB128.
 */

#include "et_result.h"


static int et_result_type(char column, et_slice_t type);
static et_slice_t et_result_inner(et_slice_t type);
static int et_result_value(et_result_t *result, char column,
    et_value_t *value);
static int et_result_fixed(et_result_t *result, void *value, size_t size);
static int et_result_varint(const char **pos, const char *end, uint64_t *n);
static int et_result_string(const char **pos, const char *end, et_slice_t *s);


int
et_result_open(et_result_t *result, const char *columns, et_slice_t answer)
{
    size_t      i, n;
    uint64_t    got;
    et_slice_t  s;

    memset(result, 0, sizeof(et_result_t));

    result->pos = answer.data;
    result->end = answer.len == 0 ? answer.data : answer.data + answer.len;
    result->columns = columns;
    result->bad = 1;

    n = strlen(columns);

    if (n > ET_RESULT_COLUMNS
        || !et_result_varint(&result->pos, result->end, &got) || got != n)
    {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (!et_result_string(&result->pos, result->end, &s)) {
            return 0;
        }
    }

    for (i = 0; i < n; i++) {
        if (!et_result_string(&result->pos, result->end, &s)
            || !et_result_type(columns[i], s))
        {
            return 0;
        }
    }

    result->bad = 0;

    return 1;
}


int
et_result_next(et_result_t *result)
{
    size_t  i;

    if (result->bad || result->pos == result->end) {
        return 0;
    }

    for (i = 0; result->columns[i] != '\0'; i++) {
        if (!et_result_value(result, result->columns[i], &result->row[i])) {
            result->bad = 1;
            return 0;
        }
    }

    return 1;
}


static int
et_result_type(char column, et_slice_t type)
{
    size_t  i;

    static const struct {
        char        column;
        et_slice_t  type;
    } types[] = {
        { 'Q', ET_SLICE("UInt64") },
        { 'q', ET_SLICE("Int64") },
        { 'C', ET_SLICE("UInt8") },
        { 'd', ET_SLICE("Float64") },
        { 's', ET_SLICE("String") },
        { 't', ET_SLICE("DateTime64(6)") },
        { 't', ET_SLICE("DateTime64(6, 'UTC')") },
        { 'S', ET_SLICE("Array(String)") },
        { 'S', ET_SLICE("Array(LowCardinality(String))") },
        { 'A', ET_SLICE("Array(UInt64)") },
        { 'M', ET_SLICE("Map(String, String)") },
        { 'M', ET_SLICE("Map(LowCardinality(String), String)") }
    };

    type = et_result_inner(type);

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (column == types[i].column && et_slice_eq(type, types[i].type)) {
            return 1;
        }
    }

    return 0;
}


static et_slice_t
et_result_inner(et_slice_t type)
{
    const char  *comma;

    static const et_slice_t  low = ET_SLICE("LowCardinality(");
    static const et_slice_t  simple = ET_SLICE("SimpleAggregateFunction(");

    if (type.len > low.len && memcmp(type.data, low.data, low.len) == 0) {
        return et_slice(type.data + low.len, type.len - low.len - 1);
    }

    if (type.len > simple.len
        && memcmp(type.data, simple.data, simple.len) == 0)
    {
        comma = memchr(type.data, ',', type.len);

        if (comma != NULL && type.data + type.len - comma > 3) {
            comma += 2;
            return et_slice(comma,
                            (size_t) (type.data + type.len - comma) - 1);
        }
    }

    return type;
}


static int
et_result_value(et_result_t *result, char column, et_value_t *value)
{
    int          strings;
    uint64_t     n, i;
    et_slice_t   s;
    const char  *start;

    switch (column) {

    case 'Q':
    case 'q':
    case 't':
    case 'd':
        return et_result_fixed(result, &value->u, sizeof(uint64_t));

    case 'C':
        if (result->pos == result->end) {
            return 0;
        }

        value->u = (unsigned char) *result->pos++;
        return 1;

    case 's':
        return et_result_string(&result->pos, result->end, &value->s);
    }

    /* lists: what they hold is gone over once here, and read by the caller */

    if (!et_result_varint(&result->pos, result->end, &n)
        || n > (uint64_t) (result->end - result->pos))
    {
        return 0;
    }

    start = result->pos;
    strings = column != 'A';

    for (i = 0; i < (column == 'M' ? 2 * n : n); i++) {

        if (strings) {
            if (!et_result_string(&result->pos, result->end, &s)) {
                return 0;
            }

        } else {
            if (result->end - result->pos < (ptrdiff_t) sizeof(uint64_t)) {
                return 0;
            }

            result->pos += sizeof(uint64_t);
        }
    }

    value->n = (size_t) n;
    value->s = et_slice(start, (size_t) (result->pos - start));

    return 1;
}


et_slice_t
et_value_str(et_value_t *value)
{
    et_slice_t   s;
    const char  *pos;

    pos = value->s.data;

    if (!et_result_string(&pos, pos + value->s.len, &s)) {
        return et_slice("", 0);
    }

    value->s.len -= (size_t) (pos - value->s.data);
    value->s.data = pos;

    return s;
}


uint64_t
et_value_u64(et_value_t *value)
{
    uint64_t  n;

    if (value->s.len < sizeof(n)) {
        return 0;
    }

    memcpy(&n, value->s.data, sizeof(n));
    value->s = et_slice(value->s.data + sizeof(n), value->s.len - sizeof(n));

    return n;
}


static int
et_result_fixed(et_result_t *result, void *value, size_t size)
{
    if ((size_t) (result->end - result->pos) < size) {
        return 0;
    }

    memcpy(value, result->pos, size);
    result->pos += size;

    return 1;
}


static int
et_result_varint(const char **pos, const char *end, uint64_t *n)
{
    unsigned       shift;
    unsigned char  byte;

    *n = 0;

    for (shift = 0; shift < 63; shift += 7) {

        if (*pos == end) {
            return 0;
        }

        byte = (unsigned char) *(*pos)++;
        *n |= (uint64_t) (byte & 0x7f) << shift;

        if (byte < 0x80) {
            return 1;
        }
    }

    return 0;
}


static int
et_result_string(const char **pos, const char *end, et_slice_t *s)
{
    uint64_t  len;

    if (!et_result_varint(pos, end, &len) || len > (uint64_t) (end - *pos)) {
        return 0;
    }

    *s = et_slice(*pos, (size_t) len);
    *pos += len;

    return 1;
}
