/*
 * What the readers of items share.
 */

#include <stdio.h>

#include "et_event_internal.h"
#include "et_item.h"


et_reason_t
et_item_json(et_ingest_t *ingest, et_item_t *item, cJSON **root)
{
    et_reason_t  reason;

    reason = et_json_parse(&ingest->arena, item->payload, item->len, root);

    if (reason == ET_OK && !cJSON_IsObject(*root)) {
        return ET_BAD_JSON;
    }

    return reason;
}


et_event_t *
et_item_record(et_ingest_t *ingest, const et_request_t *request,
    et_record_kind_t kind)
{
    et_event_t  *record;

    record = et_ingest_push(ingest);
    if (record == NULL) {
        return NULL;
    }

    record->kind = kind;
    record->n = 1;
    record->timestamp = request->received;
    record->received = request->received;
    record->platform = et_slice_str("other");
    record->sdk_name = et_event_cut(ingest->envelope.sdk_name, ET_MAX_SDK);
    record->sdk_version = et_event_cut(ingest->envelope.sdk_version,
                                       ET_MAX_SDK);

    return record;
}


int
et_item_attributes(et_ingest_t *ingest, et_event_t *record, size_t max)
{
    record->attributes = et_arena_alloc(&ingest->arena,
                                        max * sizeof(et_tag_t));
    record->nattributes = 0;

    return record->attributes != NULL;
}


void
et_item_attribute(et_event_t *record, const char *key, et_slice_t value)
{
    et_tag_t  *attribute;

    if (value.len == 0) {
        return;
    }

    attribute = &record->attributes[record->nattributes++];

    attribute->key = et_slice_str(key);
    attribute->value = value;
}


et_slice_t
et_item_number(et_ingest_t *ingest, uint64_t n)
{
    char  *text;

    text = et_arena_alloc(&ingest->arena, 21);
    if (text == NULL) {
        return et_slice("", 0);
    }

    return et_slice(text, snprintf(text, 21, "%llu", (unsigned long long) n));
}


uint64_t
et_item_count(const cJSON *value, uint64_t max)
{
    /* a NaN compares as false */

    if (!cJSON_IsNumber(value) || !(value->valuedouble >= 1)) {
        return 0;
    }

    return value->valuedouble >= (double) max ? max
                                              : (uint64_t) value->valuedouble;
}


int64_t
et_item_time(const et_ingest_t *ingest, const cJSON *value, int64_t received,
    int64_t otherwise)
{
    int64_t  time;

    /* what is read is never 0, the year 1970 being too old */

    time = et_event_timestamp(value, ingest->drift, received, 0);

    return time != 0 ? time : otherwise;
}
