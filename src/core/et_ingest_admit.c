/*
 * Which items are read: their limits, the categories that are taken, quotas.
 *
 * Each costs little before an item's payload is looked at: what is refused
 * here is not parsed.
 */

#include "et_ingest.h"


/* where the limits of an item's size and number are; 0: it has none of its
 * own, since max_inflated, the first, is a body's */

#define ET_ADMIT_LIMIT(field)  offsetof(et_limits_t, field)

static const struct {
    size_t  size;
    size_t  count;
} et_admit_limits[ET_ITEM_TYPE_COUNT] = {
    [ET_ITEM_ATTACHMENT] = { 0, ET_ADMIT_LIMIT(max_files) },
    [ET_ITEM_CHECK_IN] = { ET_ADMIT_LIMIT(max_check_in), 0 },
    [ET_ITEM_CLIENT_REPORT] = { ET_ADMIT_LIMIT(max_client_report),
                                ET_ADMIT_LIMIT(max_client_reports) },
    [ET_ITEM_LOG] = { ET_ADMIT_LIMIT(max_log_container), 0 },
    [ET_ITEM_SESSION] = { ET_ADMIT_LIMIT(max_session),
                          ET_ADMIT_LIMIT(max_sessions) },
    [ET_ITEM_SESSIONS] = { ET_ADMIT_LIMIT(max_session),
                           ET_ADMIT_LIMIT(max_sessions) },
};


static et_reason_t et_admit_not_taken(et_ingest_t *ingest,
    const et_request_t *request, et_item_type_t type);
static et_reason_t et_admit_within(et_ingest_t *ingest,
    const et_limits_t *limits, et_item_type_t type, size_t len);
static et_reason_t et_admit_limited(et_ingest_t *ingest,
    const et_request_t *request, et_item_type_t type, uint64_t n,
    const char *why);


static inline size_t
et_admit_limit(const et_limits_t *limits, size_t offset)
{
    return *(const size_t *) ((const char *) limits + offset);
}


et_reason_t
et_ingest_admit(et_ingest_t *ingest, const et_request_t *request,
    et_item_type_t type, size_t len, int *admitted)
{
    const char     *why;
    et_reason_t     reason;
    et_category_t   category;

    *admitted = 0;
    category = et_item_category(type);

    if (++ingest->admission.nitems > request->limits.max_items) {
        return ET_TOO_MANY_ITEMS;
    }

    if (request->not_taken >> category & 1) {
        return et_admit_not_taken(ingest, request, type);
    }

    reason = et_admit_within(ingest, &request->limits, type, len);
    if (reason != ET_OK) {
        return reason;
    }

    if (type == ET_ITEM_CLIENT_REPORT || type == ET_ITEM_UNKNOWN
        || request->quota == NULL)
    {
        *admitted = 1;
        return ET_OK;
    }

    if (type == ET_ITEM_ATTACHMENT && ingest->admission.event_limited) {
        return et_admit_limited(ingest, request, type, 1, "event_limited");
    }

    if (type != ET_ITEM_LOG) {
        return et_ingest_admit_many(ingest, request, type, 1, admitted);
    }

    if (!et_quota_ask(request->quota, category, &why)) {
        return et_admit_limited(ingest, request, type, 1, why);
    }

    *admitted = 1;

    return ET_OK;
}


et_reason_t
et_ingest_admit_many(et_ingest_t *ingest, const et_request_t *request,
    et_item_type_t type, uint64_t n, int *admitted)
{
    const char  *why;

    *admitted = (request->quota == NULL
                 || et_quota_take(request->quota, et_item_category(type), n,
                                  &why));

    return *admitted ? ET_OK
                     : et_admit_limited(ingest, request, type, n, why);
}


int
et_ingest_all_limited(const et_ingest_t *ingest)
{
    return ingest->admission.limited != 0
           && ingest->nrecords == ingest->noutcomes
           && ingest->taken[ET_ITEM_CLIENT_REPORT] == 0;
}


static et_reason_t
et_admit_not_taken(et_ingest_t *ingest, const et_request_t *request,
    et_item_type_t type)
{
    ingest->admission.not_taken |= 1u << type;
    ingest->skipped[type]++;

    return et_ingest_outcome(ingest, ET_OUTCOME_FILTERED,
                             et_slice_str("not_taken"),
                             et_item_category(type), 1, request->received);
}


static et_reason_t
et_admit_within(et_ingest_t *ingest, const et_limits_t *limits,
    et_item_type_t type, size_t len)
{
    size_t  size, count;

    size = et_admit_limits[type].size;
    count = et_admit_limits[type].count;

    if (size != 0 && len > et_admit_limit(limits, size)) {
        return ET_ITEM_TOO_LARGE;
    }

    ingest->admission.seen[type]++;

    if (count != 0
        && ingest->admission.seen[type] > et_admit_limit(limits, count))
    {
        return ET_TOO_MANY_ITEMS;
    }

    return ET_OK;
}


static et_reason_t
et_admit_limited(et_ingest_t *ingest, const et_request_t *request,
    et_item_type_t type, uint64_t n, const char *why)
{
    ingest->admission.limited++;
    ingest->admission.limits[type]++;

    if (type == ET_ITEM_EVENT) {
        ingest->admission.event_limited = 1;
    }

    return et_ingest_outcome(ingest, ET_OUTCOME_RATE_LIMITED,
                             et_slice_str(why), et_item_category(type), n,
                             request->received);
}
