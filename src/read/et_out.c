/*
 * The members of an answer.
 */

#include <stdio.h>
#include <time.h>

#include "et_json.h"
#include "et_out.h"
#include "et_time.h"


#define ET_OUT_FFFD  "\xef\xbf\xbd"


static char *et_out_mend(et_slice_t value);


void
et_out_item(cJSON *object, const char *name, cJSON *item)
{
    if (item != NULL) {
        cJSON_AddItemToObjectCS(object, name, item);
    }
}


void
et_out_str(cJSON *object, const char *name, et_slice_t value)
{
    et_out_item(object, name, et_new_str(value));
}


void
et_out_text(cJSON *object, const char *name, const char *value)
{
    et_out_item(object, name, cJSON_CreateStringReference(value));
}


void
et_out_u64(cJSON *object, const char *name, uint64_t value)
{
    et_out_item(object, name, et_new_u64(value));
}


void
et_out_digits(cJSON *object, const char *name, uint64_t value)
{
    char  text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long) value);

    et_out_item(object, name, cJSON_CreateString(text));
}


void
et_out_bool(cJSON *object, const char *name, int value)
{
    et_out_item(object, name, cJSON_CreateBool(value));
}


void
et_out_null(cJSON *object, const char *name)
{
    et_out_item(object, name, cJSON_CreateNull());
}


void
et_out_time(cJSON *object, const char *name, int64_t us)
{
    char  text[ET_OUT_TIME];

    if (us == 0) {
        et_out_null(object, name);
        return;
    }

    et_time_print(us, text);
    et_out_item(object, name, cJSON_CreateString(text));
}


cJSON *
et_out_object(cJSON *object, const char *name)
{
    cJSON  *item;

    item = cJSON_CreateObject();
    et_out_item(object, name, item);

    return item;
}


cJSON *
et_out_array(cJSON *object, const char *name)
{
    cJSON  *item;

    item = cJSON_CreateArray();
    et_out_item(object, name, item);

    return item;
}


cJSON *
et_new_str(et_slice_t value)
{
    char   *text;
    cJSON  *item;

    text = et_out_mend(value);
    if (text == NULL) {
        return NULL;
    }

    item = cJSON_CreateStringReference(text);

    return item;
}


cJSON *
et_new_u64(uint64_t value)
{
    char  text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long) value);

    return cJSON_CreateRaw(text);
}


size_t
et_time_print(int64_t us, char out[ET_OUT_TIME])
{
    int        len;
    time_t     seconds;
    struct tm  tm;

    seconds = (time_t) (us / ET_SECOND);

    /* a time before 1970 is none of ours; gmtime_r() reads no environment */

    if (us < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099) {
        out[0] = '\0';
        return 0;
    }

    len = snprintf(out, ET_OUT_TIME, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
                   (unsigned) tm.tm_year % 8100 + 1900,
                   (unsigned) (tm.tm_mon + 1) % 100,
                   (unsigned) tm.tm_mday % 100, (unsigned) tm.tm_hour % 100,
                   (unsigned) tm.tm_min % 100, (unsigned) tm.tm_sec % 100,
                   (unsigned) (us % ET_SECOND) % 1000000);

    return len > 0 ? (size_t) len : 0;
}


/* A copy that is UTF-8 and ends with the only NUL. */

static char *
et_out_mend(et_slice_t value)
{
    char    *out, *p;
    size_t   i, n;

    if (value.len == 0) {
        return (char *) "";
    }

    if (memchr(value.data, '\0', value.len) == NULL
        && et_utf8_valid(value.data, value.len))
    {
        out = et_json_alloc(value.len + 1);

        if (out != NULL) {
            memcpy(out, value.data, value.len);
            out[value.len] = '\0';
        }

        return out;
    }

    out = et_json_alloc(3 * value.len + 1);
    if (out == NULL) {
        return NULL;
    }

    p = out;

    for (i = 0; i < value.len; i += n) {

        /* the one length of a character that is well-formed, if any */

        for (n = 1; n <= 4 && n <= value.len - i; n++) {
            if (value.data[i] != '\0' && et_utf8_valid(value.data + i, n)) {
                break;
            }
        }

        if (n > 4 || n > value.len - i) {
            memcpy(p, ET_OUT_FFFD, 3);
            p += 3;
            n = 1;
            continue;
        }

        memcpy(p, value.data + i, n);
        p += n;
    }

    *p = '\0';

    return out;
}
