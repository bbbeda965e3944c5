#include <stdio.h>
#include <stdlib.h>

#include "et_fuzz.h"


typedef struct {
    et_slice_t  value;
    size_t      max;
} et_fuzz_field_t;


static void et_fuzz_text(et_slice_t text, size_t max);
static void et_fuzz_row(const et_event_t *event, int folded);


void
et_fuzz_failed(const char *text, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
    abort();
}


char *
et_fuzz_copy(const void *data, size_t len)
{
    char  *copy;

    copy = malloc(len);
    if (copy == NULL) {
        return NULL;
    }

    if (len != 0) {
        memcpy(copy, data, len);
    }

    return copy;
}


void
et_fuzz_within(et_slice_t inner, et_slice_t outer)
{
    if (inner.len != 0) {
        et_fuzz_check(inner.data >= outer.data);
        et_fuzz_check(inner.data + inner.len <= outer.data + outer.len);
    }
}


void
et_fuzz_event(const et_event_t *event)
{
    size_t  i;

    const et_fuzz_field_t  fields[] = {
        { event->level, 7 },
        { event->platform, ET_MAX_PLATFORM },
        { event->type, ET_MAX_TYPE },
        { event->value, ET_MAX_VALUE },
        { event->message, ET_MAX_MESSAGE },
        { event->culprit, ET_MAX_CULPRIT },
        { event->logger, ET_MAX_LOGGER },
        { event->environment, ET_MAX_ENVIRONMENT },
        { event->release, ET_MAX_RELEASE },
        { event->dist, ET_MAX_DIST },
        { event->server_name, ET_MAX_SERVER_NAME },
        { event->transaction, ET_MAX_TRANSACTION },
        { event->trace_id, 32 },
        { event->user_id, ET_MAX_USER },
        { event->user_email, ET_MAX_USER },
        { event->user_name, ET_MAX_USER },
        { event->user_ip, ET_MAX_USER },
        { event->sdk_name, ET_MAX_SDK },
        { event->sdk_version, ET_MAX_SDK },
        { event->grouping, ET_MAX_GROUPING }
    };

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        et_fuzz_text(fields[i].value, fields[i].max);
    }

    et_fuzz_check(event->level.len != 0);
    et_fuzz_check(event->platform.len != 0);
    et_fuzz_check(event->ntags <= ET_MAX_TAGS);
    et_fuzz_check(event->nexceptions <= ET_MAX_EXCEPTIONS);
    et_fuzz_check(event->grouping_hash < (uint64_t) 1 << 53);
    et_fuzz_check(event->timestamp <= event->received + ET_MAX_FUTURE);
    et_fuzz_check(event->timestamp >= event->received - ET_MAX_AGE);

    for (i = 0; i < event->ntags; i++) {
        et_fuzz_text(event->tags[i].key, ET_MAX_TAG_KEY);
        et_fuzz_text(event->tags[i].value, ET_MAX_TAG_VALUE);
    }

    et_fuzz_row(event, 0);
    et_fuzz_row(event, 1);
}


static void
et_fuzz_text(et_slice_t text, size_t max)
{
    et_fuzz_check(text.len <= max);
    et_fuzz_check(text.len == 0 || et_utf8_valid(text.data, text.len));
}


/* A byte that is not written differs between two buffers that were. */

static void
et_fuzz_row(const et_event_t *event, int folded)
{
    char    *a, *b;
    size_t   size;

    size = folded ? et_row_fold_size(event) : et_row_size(event);

    et_fuzz_check(size <= (folded ? ET_ROW_FOLD_MAX
                                  : event->payload.len + ET_ROW_OVERHEAD));

    a = malloc(size);
    b = malloc(size);

    if (a != NULL && b != NULL) {
        memset(a, 0x00, size);
        memset(b, 0xff, size);

        if (folded) {
            et_row_fold_encode(a, event, ET_FUZZ_PROJECT);
            et_row_fold_encode(b, event, ET_FUZZ_PROJECT);

        } else {
            et_row_encode(a, event, ET_FUZZ_PROJECT);
            et_row_encode(b, event, ET_FUZZ_PROJECT);
        }

        et_fuzz_check(memcmp(a, b, size) == 0);
    }

    free(a);
    free(b);
}
