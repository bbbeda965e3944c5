/*
 * The members of an answer: cJSON's, of values as ClickHouse has them.
 *
 * Names are constants, which cJSON does not copy.  A string that is not
 * UTF-8, or holds a NUL, is mended with U+FFFD: the answer is JSON whatever
 * is in the database.
 *
 * A failed allocation shows at the end, in et_call_json().
 */

#ifndef ET_OUT_H
#define ET_OUT_H

#include <cjson/cJSON.h>

#include "et_slice.h"


/* bytes of "2023-11-14T22:13:20.123456Z" and a NUL */
#define ET_OUT_TIME  28


void et_out_str(cJSON *object, const char *name, et_slice_t value);
void et_out_text(cJSON *object, const char *name, const char *value);

/* Every digit of it, however large. */
void et_out_u64(cJSON *object, const char *name, uint64_t value);

/* The same as a string: "12". */
void et_out_digits(cJSON *object, const char *name, uint64_t value);

void et_out_bool(cJSON *object, const char *name, int value);
void et_out_null(cJSON *object, const char *name);

/* RFC 3339, in UTC; null where the time is 0. */
void et_out_time(cJSON *object, const char *name, int64_t us);

/* A value of its own, or NULL. */
void et_out_item(cJSON *object, const char *name, cJSON *item);
cJSON *et_out_object(cJSON *object, const char *name);
cJSON *et_out_array(cJSON *object, const char *name);

/* Items of arrays. */
cJSON *et_new_str(et_slice_t value);
cJSON *et_new_u64(uint64_t value);

/* The text of a time, microseconds, and how long it is. */
size_t et_time_print(int64_t us, char out[ET_OUT_TIME]);


#endif /* ET_OUT_H */
