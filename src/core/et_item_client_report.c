/*
 * Client reports: what an SDK did not send, and why.  They become outcomes,
 * by the SDK's own reasons (Sentry, "Client Reports").
 */

#include "et_event_internal.h"
#include "et_item.h"


/* of one report's entry; more is no count */
#define ET_MAX_DISCARDED  1000000000


static et_reason_t et_client_report_list(et_ingest_t *ingest,
    const et_request_t *request, const cJSON *list, et_outcome_t outcome,
    int64_t time);


static const struct {
    const char    *name;
    et_outcome_t   outcome;
} et_client_report_lists[] = {
    { "discarded_events", ET_OUTCOME_CLIENT_DISCARD },
    { "rate_limited_events", ET_OUTCOME_RATE_LIMITED },
    { "filtered_events", ET_OUTCOME_FILTERED },
    { "filtered_sampling_events", ET_OUTCOME_FILTERED },
};


et_reason_t
et_item_client_report(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    cJSON       *root;
    size_t       i;
    int64_t      time;
    et_reason_t  reason;

    reason = et_item_json(ingest, item, &root);
    if (reason != ET_OK) {
        return reason;
    }

    time = et_item_time(ingest, et_json_get(root, "timestamp"),
                        request->received, request->received);

    for (i = 0; i < ET_EVENT_NAMES(et_client_report_lists); i++) {
        reason = et_client_report_list(ingest, request,
                           et_json_get(root, et_client_report_lists[i].name),
                           et_client_report_lists[i].outcome, time);
        if (reason != ET_OK) {
            return reason;
        }
    }

    return ET_OK;
}


static et_reason_t
et_client_report_list(et_ingest_t *ingest, const et_request_t *request,
    const cJSON *list, et_outcome_t outcome, int64_t time)
{
    uint64_t      quantity;
    et_slice_t    why;
    et_reason_t   reason;
    const cJSON  *entry;

    (void) request;

    if (!cJSON_IsArray(list)) {
        return ET_OK;
    }

    for (entry = list->child; entry != NULL; entry = entry->next) {

        quantity = et_item_count(et_json_get(entry, "quantity"),
                                 ET_MAX_DISCARDED);
        if (quantity == 0) {
            continue;
        }

        why = et_event_text(&ingest->arena, et_json_get(entry, "reason"),
                            ET_MAX_REASON);

        reason = et_ingest_outcome(ingest, outcome, why,
                          et_category_parse(
                              et_json_str(et_json_get(entry, "category"))),
                          quantity, time);
        if (reason != ET_OK) {
            return reason;
        }
    }

    return ET_OK;
}
