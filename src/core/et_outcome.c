/*
 * Names and the form of an outcome's record: type, value and message are the
 * outcome, its reason and its category; the three make its fingerprint, which
 * is what the aggregate tells rows apart by.
 */

#include "et_outcome.h"
#include "et_hash.h"


#define ET_OUTCOME_NAME(symbol, name)  name,

const char *const  et_outcome_names[ET_OUTCOME_COUNT] = {
    ET_OUTCOMES(ET_OUTCOME_NAME)
};

const char *const  et_category_names[ET_CATEGORY_COUNT] = {
    ET_CATEGORIES(ET_OUTCOME_NAME)
};


static const et_category_t  et_item_categories[ET_ITEM_TYPE_COUNT] = {
    [ET_ITEM_EVENT] = ET_CATEGORY_ERROR,
    [ET_ITEM_TRANSACTION] = ET_CATEGORY_TRANSACTION,
    [ET_ITEM_SECURITY] = ET_CATEGORY_SECURITY,
    [ET_ITEM_RAW_SECURITY] = ET_CATEGORY_SECURITY,
    [ET_ITEM_NEL] = ET_CATEGORY_ERROR,
    [ET_ITEM_ATTACHMENT] = ET_CATEGORY_ATTACHMENT,
    [ET_ITEM_FORM_DATA] = ET_CATEGORY_DEFAULT,
    [ET_ITEM_UNREAL_REPORT] = ET_CATEGORY_ERROR,
    [ET_ITEM_USER_REPORT] = ET_CATEGORY_FEEDBACK,
    [ET_ITEM_FEEDBACK] = ET_CATEGORY_FEEDBACK,
    [ET_ITEM_SESSION] = ET_CATEGORY_SESSION,
    [ET_ITEM_SESSIONS] = ET_CATEGORY_SESSION,
    [ET_ITEM_STATSD] = ET_CATEGORY_METRIC_BUCKET,
    [ET_ITEM_METRIC_BUCKETS] = ET_CATEGORY_METRIC_BUCKET,
    [ET_ITEM_CLIENT_REPORT] = ET_CATEGORY_DEFAULT,
    [ET_ITEM_PROFILE] = ET_CATEGORY_PROFILE,
    [ET_ITEM_PROFILE_CHUNK] = ET_CATEGORY_PROFILE,
    [ET_ITEM_REPLAY_EVENT] = ET_CATEGORY_REPLAY,
    [ET_ITEM_REPLAY_RECORDING] = ET_CATEGORY_REPLAY,
    [ET_ITEM_REPLAY_VIDEO] = ET_CATEGORY_REPLAY,
    [ET_ITEM_CHECK_IN] = ET_CATEGORY_MONITOR,
    [ET_ITEM_LOG] = ET_CATEGORY_LOG_ITEM,
    [ET_ITEM_TRACE_METRIC] = ET_CATEGORY_TRACE_METRIC,
    [ET_ITEM_SPAN] = ET_CATEGORY_SPAN,
    [ET_ITEM_OTEL_SPAN] = ET_CATEGORY_SPAN,
    [ET_ITEM_UNKNOWN] = ET_CATEGORY_DEFAULT,
};


et_category_t
et_item_category(et_item_type_t type)
{
    return et_item_categories[type];
}


et_category_t
et_category_parse(et_slice_t name)
{
    int  i;

    for (i = 0; i < ET_CATEGORY_COUNT; i++) {
        if (et_slice_eq(name, et_slice_str(et_category_names[i]))) {
            return (et_category_t) i;
        }
    }

    return ET_CATEGORY_UNKNOWN;
}


void
et_outcome_record(et_event_t *record, et_outcome_t outcome, et_slice_t reason,
    et_category_t category, uint64_t quantity, int64_t time)
{
    memset(record, 0, sizeof(et_event_t));

    if (reason.len > ET_MAX_REASON) {
        reason.len = et_utf8_prefix(reason.data, reason.len, ET_MAX_REASON);
    }

    record->kind = ET_RECORD_OUTCOME;
    record->folded = 1;
    record->n = quantity;
    record->timestamp = time;
    record->received = time;
    record->type = et_slice_str(et_outcome_names[outcome]);
    record->value = reason;
    record->message = et_slice_str(et_category_names[category]);

    record->grouping_hash = et_mix64(et_fnv1a(ET_FNV_BASIS, reason)
                                     ^ (uint64_t) outcome << 32
                                     ^ (uint64_t) category);
}
