#include <stdio.h>
#include <stdlib.h>

#include "et_fuzz.h"


/* a feedback's, RFC 5321 */
#define ET_FUZZ_MAX_EMAIL  254


typedef struct {
    et_slice_t  value;
    size_t      max;
} et_fuzz_field_t;


static void et_fuzz_event(const et_event_t *event);
static void et_fuzz_tags(const et_tag_t *tags, size_t n, size_t key,
    size_t value);
static void et_fuzz_text(et_slice_t text, size_t max);
static void et_fuzz_row(const et_event_t *record, int folded);


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
et_fuzz_request(et_request_t *request)
{
    static et_scrub_t  scrub;

    scrub.on = 1;

    memset(request, 0, sizeof(et_request_t));

    request->project = ET_FUZZ_PROJECT;
    request->auth.key = et_slice_str(ET_FUZZ_KEY);
    request->client_ip = et_slice_str("192.0.2.1");
    request->received = ET_FUZZ_NOW;
    request->scrub = &scrub;
    et_limits_default(&request->limits);
    request->limits.max_inflated = 1024 * 1024;
    request->limits.max_event = 256 * 1024;
    request->limits.max_attachment = 64 * 1024;
    request->limits.max_attachments = 128 * 1024;
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
et_fuzz_record(const et_event_t *record)
{
    size_t  i;

    const et_fuzz_field_t  fields[] = {
        { record->level, 16 },
        { record->platform, ET_MAX_PLATFORM },
        { record->type, ET_MAX_TYPE },
        { record->value, ET_MAX_VALUE },
        { record->message, ET_MAX_MESSAGE },
        { record->culprit, ET_MAX_CULPRIT },
        { record->logger, ET_MAX_LOGGER },
        { record->environment, ET_MAX_ENVIRONMENT },
        { record->release, ET_MAX_RELEASE },
        { record->dist, ET_MAX_DIST },
        { record->server_name, ET_MAX_SERVER_NAME },
        { record->transaction, ET_MAX_TRANSACTION },
        { record->trace_id, 32 },
        { record->user_id, ET_MAX_USER },
        { record->user_email, ET_FUZZ_MAX_EMAIL },
        { record->user_name, ET_MAX_USER },
        { record->user_ip, ET_MAX_USER },
        { record->sdk_name, ET_MAX_SDK },
        { record->sdk_version, ET_MAX_SDK },
        { record->grouping, ET_MAX_GROUPING }
    };

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        et_fuzz_text(fields[i].value, fields[i].max);
    }

    et_fuzz_tags(record->tags, record->ntags, ET_MAX_TAG_KEY,
                 ET_MAX_TAG_VALUE);
    et_fuzz_tags(record->attributes, record->nattributes, (size_t) -1,
                 (size_t) -1);

    for (i = 0; i < record->nnotes; i++) {
        et_fuzz_text(record->notes[i], (size_t) -1);
    }

    et_fuzz_check(record->timestamp <= record->received + ET_MAX_FUTURE);
    et_fuzz_check(record->timestamp >= record->received - ET_MAX_AGE);

    if (record->kind == ET_RECORD_EVENT) {
        et_fuzz_event(record);
    }

    if (record->folded || record->kind == ET_RECORD_EVENT) {
        et_fuzz_row(record, 1);
    }

    if (!record->folded) {
        et_fuzz_row(record, 0);
    }
}


static void
et_fuzz_event(const et_event_t *event)
{
    et_fuzz_check(event->n == 1);
    et_fuzz_check(event->level.len != 0 && event->level.len <= 7);
    et_fuzz_check(event->platform.len != 0);
    et_fuzz_check(event->user_email.len <= ET_MAX_USER);
    et_fuzz_check(event->ntags <= ET_MAX_TAGS);
    et_fuzz_check(event->nexceptions <= ET_MAX_EXCEPTIONS);
    et_fuzz_check(event->grouping_hash < (uint64_t) 1 << 53);
}


static void
et_fuzz_tags(const et_tag_t *tags, size_t n, size_t key, size_t value)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        et_fuzz_text(tags[i].key, key);
        et_fuzz_text(tags[i].value, value);
    }
}


static void
et_fuzz_text(et_slice_t text, size_t max)
{
    et_fuzz_check(text.len <= max);
    et_fuzz_check(text.len == 0 || et_utf8_valid(text.data, text.len));
}


/* A byte that is not written differs between two buffers that were. */

static void
et_fuzz_row(const et_event_t *record, int folded)
{
    char    *a, *b;
    size_t   size;

    size = folded ? et_row_fold_size(record) : et_row_size(record);

    et_fuzz_check(size <= (folded ? ET_ROW_FOLD_MAX
                                  : record->payload.len + ET_ROW_OVERHEAD));

    a = malloc(size);
    b = malloc(size);

    if (a != NULL && b != NULL) {
        memset(a, 0x00, size);
        memset(b, 0xff, size);

        if (folded) {
            et_row_fold_encode(a, record, ET_FUZZ_PROJECT);
            et_row_fold_encode(b, record, ET_FUZZ_PROJECT);

        } else {
            et_row_encode(a, record, ET_FUZZ_PROJECT);
            et_row_encode(b, record, ET_FUZZ_PROJECT);
        }

        et_fuzz_check(memcmp(a, b, size) == 0);
    }

    free(a);
    free(b);
}
