/*
 * Logs: a container of entries, {"items": [{timestamp, trace_id, level, body,
 * severity_number, attributes: {name: {value, type}}}]} (Sentry, "Logs").
 *
 * Each entry is a record: message is its body, level its level; attributes
 * are its attributes, those that have a column of their own excepted.
 */

#include "et_event_internal.h"
#include "et_item.h"


#define ET_MAX_LOG_ATTRIBUTES  128     /* count; further ones are dropped */
#define ET_MAX_LOG_VALUE       4096    /* bytes of a value */
#define ET_MAX_LOG_SIZE        (64 * 1024)     /* bytes of all of them */


static et_reason_t et_log_entry(et_ingest_t *ingest,
    const et_request_t *request, const cJSON *entry);
static void et_log_attributes(et_ingest_t *ingest, et_event_t *record,
    const cJSON *attributes);
static et_slice_t *et_log_column(et_event_t *record, et_slice_t name,
    size_t *max);
static et_slice_t et_log_level(et_ingest_t *ingest, const cJSON *entry);


static const et_slice_t  et_log_levels[] = {
    ET_SLICE("trace"), ET_SLICE("debug"), ET_SLICE("info"), ET_SLICE("warn"),
    ET_SLICE("error"), ET_SLICE("fatal")
};


et_reason_t
et_item_log(et_ingest_t *ingest, const et_request_t *request, et_item_t *item)
{
    int           admitted;
    cJSON        *root;
    et_reason_t   reason;
    const cJSON  *list, *entry;

    reason = et_item_json(ingest, item, &root);
    if (reason != ET_OK) {
        return reason;
    }

    list = et_json_get(root, "items");

    if (!cJSON_IsArray(list)) {
        return ET_BAD_ITEM_PAYLOAD;
    }

    reason = et_ingest_admit_many(ingest, request, ET_ITEM_LOG,
                                  (uint64_t) cJSON_GetArraySize(list),
                                  &admitted);

    if (reason != ET_OK || !admitted) {
        return reason;
    }

    for (entry = list->child; entry != NULL; entry = entry->next) {
        reason = et_log_entry(ingest, request, entry);

        if (reason == ET_BAD_ITEM_PAYLOAD) {
            reason = et_ingest_outcome(ingest, ET_OUTCOME_INVALID,
                               et_slice_str(et_reasons[reason].name),
                               ET_CATEGORY_LOG_ITEM, 1, request->received);
        }

        if (reason != ET_OK) {
            return reason;
        }
    }

    return ET_OK;
}


static et_reason_t
et_log_entry(et_ingest_t *ingest, const et_request_t *request,
    const cJSON *entry)
{
    et_slice_t   body;
    et_event_t  *record;

    body = et_event_scalar(&ingest->arena, et_json_get(entry, "body"),
                           ET_MAX_MESSAGE);

    if (!cJSON_IsObject(entry) || body.len == 0) {
        return ET_BAD_ITEM_PAYLOAD;
    }

    record = et_item_record(ingest, request, ET_RECORD_LOG);
    if (record == NULL) {
        return et_ingest_no_room(ingest);
    }

    record->message = body;
    record->timestamp = et_item_time(ingest, et_json_get(entry, "timestamp"),
                                     request->received, request->received);
    record->level = et_log_level(ingest, entry);
    record->trace_id = et_event_trace_id(&ingest->arena,
                                         et_json_get(entry, "trace_id"));

    if (!et_event_id_make(record->id)) {
        return ET_NO_MEMORY;
    }

    et_log_attributes(ingest, record, et_json_get(entry, "attributes"));

    ingest->nrecords++;

    return et_ingest_state(ingest);
}


static void
et_log_attributes(et_ingest_t *ingest, et_event_t *record,
    const cJSON *attributes)
{
    size_t        n, max, size;
    et_slice_t    name, value, *column;
    const cJSON  *item, *typed;

    if (!cJSON_IsObject(attributes) || attributes->child == NULL) {
        return;
    }

    n = cJSON_GetArraySize(attributes);

    if (!et_item_attributes(ingest, record,
                            n < ET_MAX_LOG_ATTRIBUTES
                            ? n : ET_MAX_LOG_ATTRIBUTES))
    {
        return;
    }

    size = 0;

    for (item = attributes->child; item != NULL; item = item->next) {

        typed = cJSON_IsObject(item) ? et_json_get(item, "value") : item;
        name = et_event_cut(et_slice_str(item->string), ET_MAX_TAG_KEY);

        column = et_log_column(record, name, &max);

        value = et_event_scalar(&ingest->arena, typed,
                                column != NULL ? max : ET_MAX_LOG_VALUE);

        if (value.len == 0) {
            continue;
        }

        if (column != NULL) {
            *column = value;
            continue;
        }

        size += name.len + value.len;

        if (record->nattributes == ET_MAX_LOG_ATTRIBUTES
            || size > ET_MAX_LOG_SIZE || name.len == 0)
        {
            continue;
        }

        record->attributes[record->nattributes].key = name;
        record->attributes[record->nattributes++].value = value;
    }
}


/* The column that an attribute belongs to, and what it may hold; or NULL. */

static et_slice_t *
et_log_column(et_event_t *record, et_slice_t name, size_t *max)
{
    if (et_slice_eq(name, et_slice_str("sentry.environment"))) {
        *max = ET_MAX_ENVIRONMENT;
        return &record->environment;
    }

    if (et_slice_eq(name, et_slice_str("sentry.release"))) {
        *max = ET_MAX_RELEASE;
        return &record->release;
    }

    if (et_slice_eq(name, et_slice_str("server.address"))) {
        *max = ET_MAX_SERVER_NAME;
        return &record->server_name;
    }

    if (et_slice_eq(name, et_slice_str("logger.name"))) {
        *max = ET_MAX_LOGGER;
        return &record->logger;
    }

    *max = ET_MAX_SDK;

    if (et_slice_eq(name, et_slice_str("sentry.sdk.name"))) {
        return &record->sdk_name;
    }

    if (et_slice_eq(name, et_slice_str("sentry.sdk.version"))) {
        return &record->sdk_version;
    }

    *max = ET_MAX_USER;

    if (et_slice_eq(name, et_slice_str("user.id"))) {
        return &record->user_id;
    }

    if (et_slice_eq(name, et_slice_str("user.email"))) {
        return &record->user_email;
    }

    if (et_slice_eq(name, et_slice_str("user.name"))) {
        return &record->user_name;
    }

    return NULL;
}


/* By its name, else by OpenTelemetry's severity number, 1 to 24. */

static et_slice_t
et_log_level(et_ingest_t *ingest, const cJSON *entry)
{
    size_t      i;
    uint64_t    severity;
    et_slice_t  level;

    level = et_event_text(&ingest->arena, et_json_get(entry, "level"),
                          ET_MAX_TAG_KEY);

    if (et_slice_eq_nocase(level, et_slice_str("warning"))) {
        return et_log_levels[3];
    }

    for (i = 0; i < ET_EVENT_NAMES(et_log_levels); i++) {
        if (et_slice_eq_nocase(level, et_log_levels[i])) {
            return et_log_levels[i];
        }
    }

    severity = et_item_count(et_json_get(entry, "severity_number"), 24);

    return severity != 0 ? et_log_levels[(severity - 1) / 4]
                         : et_log_levels[2];
}
