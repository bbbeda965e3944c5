/*
 * Sessions, for release health: `session` is one session's update, `sessions`
 * are counts of sessions that began in the same minute (Sentry, "Sessions").
 *
 * Both become one kind of record.  An update's id is the session's, so that
 * ClickHouse can put the updates of a session together, by the largest of
 * each value: no session counts twice, in whatever order its updates come and
 * however often.  Counts have an id of their own, and say so in `aggregate`.
 *
 *     event_id         the session's id
 *     first_timestamp  when it began
 *     level            ok, exited, crashed, abnormal, errored
 *     users            its user (distinct id)
 *     attributes       errored, crashed, abnormal, duration, aggregate
 *     n                how many sessions are new by this record
 */

#include "et_event_internal.h"
#include "et_hash.h"
#include "et_item.h"


#define ET_SESSION_ATTRIBUTES  5

/* of one entry; more is no count */
#define ET_MAX_SESSIONS        1000000000

#define ET_MAX_DURATION        (10 * 365 * 86400.0)      /* seconds */


typedef struct {
    et_slice_t  release;
    et_slice_t  environment;
} et_session_attrs_t;


static int et_session_attrs(et_ingest_t *ingest, const cJSON *root,
    et_session_attrs_t *attrs);
static et_event_t *et_session_record(et_ingest_t *ingest,
    const et_request_t *request, const cJSON *root,
    const et_session_attrs_t *attrs);
static et_reason_t et_session_counts(et_ingest_t *ingest,
    const et_request_t *request, const cJSON *counts,
    const et_session_attrs_t *attrs);
static et_slice_t et_session_duration(et_ingest_t *ingest,
    const cJSON *duration);


static const et_slice_t  et_session_statuses[] = {
    ET_SLICE("ok"), ET_SLICE("exited"), ET_SLICE("crashed"),
    ET_SLICE("abnormal"), ET_SLICE("errored")
};


et_reason_t
et_item_session(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    cJSON               *root;
    size_t               i;
    uint64_t             errors;
    et_slice_t           status;
    et_event_t          *record;
    et_reason_t          reason;
    et_session_attrs_t   attrs;
    const et_slice_t     one = ET_SLICE("1");

    reason = et_item_json(ingest, item, &root);
    if (reason != ET_OK) {
        return reason;
    }

    if (!et_session_attrs(ingest, root, &attrs)) {
        return ET_BAD_ITEM_PAYLOAD;
    }

    status = et_json_str(et_json_get(root, "status"));

    if (status.len == 0) {
        status = et_session_statuses[0];
    }

    for (i = 0; i < ET_EVENT_NAMES(et_session_statuses); i++) {
        if (et_slice_eq(status, et_session_statuses[i])) {
            break;
        }
    }

    if (i == ET_EVENT_NAMES(et_session_statuses)) {
        return ET_BAD_ITEM_PAYLOAD;
    }

    record = et_session_record(ingest, request, root, &attrs);
    if (record == NULL) {
        return et_ingest_no_room(ingest);
    }

    if (!et_event_id_parse(et_json_str(et_json_get(root, "sid")), record->id))
    {
        return ET_BAD_ITEM_PAYLOAD;
    }

    record->level = et_session_statuses[i];
    record->n = cJSON_IsTrue(et_json_get(root, "init"));

    errors = et_item_count(et_json_get(root, "errors"), ET_MAX_SESSIONS);

    if (errors != 0 || i >= 2) {
        et_item_attribute(record, "errored", one);
    }

    if (i == 2) {
        et_item_attribute(record, "crashed", one);

    } else if (i == 3) {
        et_item_attribute(record, "abnormal", one);
    }

    et_item_attribute(record, "duration",
                      et_session_duration(ingest,
                                          et_json_get(root, "duration")));

    ingest->nrecords++;

    return et_ingest_state(ingest);
}


et_reason_t
et_item_sessions(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    cJSON               *root;
    et_reason_t          reason;
    const cJSON         *list, *counts;
    et_session_attrs_t   attrs;

    reason = et_item_json(ingest, item, &root);
    if (reason != ET_OK) {
        return reason;
    }

    list = et_json_get(root, "aggregates");

    if (!et_session_attrs(ingest, root, &attrs) || !cJSON_IsArray(list)) {
        return ET_BAD_ITEM_PAYLOAD;
    }

    for (counts = list->child; counts != NULL; counts = counts->next) {
        reason = et_session_counts(ingest, request, counts, &attrs);
        if (reason != ET_OK) {
            return reason;
        }
    }

    return ET_OK;
}


/* What health is about is a release: without one there is nothing to say. */

static int
et_session_attrs(et_ingest_t *ingest, const cJSON *root,
    et_session_attrs_t *attrs)
{
    const cJSON  *object;

    object = et_json_get(root, "attrs");

    attrs->release = et_event_text(&ingest->arena,
                                   et_json_get(object, "release"),
                                   ET_MAX_RELEASE);
    attrs->environment = et_event_text(&ingest->arena,
                                       et_json_get(object, "environment"),
                                       ET_MAX_ENVIRONMENT);

    return attrs->release.len != 0;
}


static et_event_t *
et_session_record(et_ingest_t *ingest, const et_request_t *request,
    const cJSON *root, const et_session_attrs_t *attrs)
{
    et_slice_t   user;
    et_event_t  *record;

    record = et_item_record(ingest, request, ET_RECORD_SESSION);

    if (record == NULL
        || !et_item_attributes(ingest, record, ET_SESSION_ATTRIBUTES))
    {
        return NULL;
    }

    record->release = attrs->release;
    record->environment = attrs->environment;
    record->timestamp = et_item_time(ingest, et_json_get(root, "timestamp"),
                                     request->received, request->received);
    record->first_timestamp = et_item_time(ingest,
                                           et_json_get(root, "started"),
                                           request->received,
                                           record->timestamp);

    user = et_event_text(&ingest->arena, et_json_get(root, "did"),
                         ET_MAX_USER);

    if (user.len != 0) {
        record->user_id = user;
        record->user_hash = et_mix64(et_fnv1a(ET_FNV_BASIS, user)) | 1;
    }

    return record;
}


static et_reason_t
et_session_counts(et_ingest_t *ingest, const et_request_t *request,
    const cJSON *counts, const et_session_attrs_t *attrs)
{
    uint64_t     exited, errored, abnormal, crashed;
    et_event_t  *record;

    exited = et_item_count(et_json_get(counts, "exited"), ET_MAX_SESSIONS);
    errored = et_item_count(et_json_get(counts, "errored"), ET_MAX_SESSIONS);
    abnormal = et_item_count(et_json_get(counts, "abnormal"),
                             ET_MAX_SESSIONS);
    crashed = et_item_count(et_json_get(counts, "crashed"), ET_MAX_SESSIONS);

    if (exited + errored + abnormal + crashed == 0) {
        return ET_OK;
    }

    record = et_session_record(ingest, request, counts, attrs);
    if (record == NULL) {
        return et_ingest_no_room(ingest);
    }

    if (!et_event_id_make(record->id)) {
        return ET_NO_MEMORY;
    }

    record->level = crashed != 0 ? et_session_statuses[2]
                    : abnormal != 0 ? et_session_statuses[3]
                    : errored != 0 ? et_session_statuses[4]
                    : et_session_statuses[1];
    record->n = exited + errored + abnormal + crashed;

    /* these exclude each other, where an update that crashed has errored */

    et_item_attribute(record, "aggregate", et_slice_str("1"));
    et_item_attribute(record, "errored",
                      et_item_number(ingest, errored + abnormal + crashed));
    et_item_attribute(record, "crashed", et_item_number(ingest, crashed));
    et_item_attribute(record, "abnormal", et_item_number(ingest, abnormal));

    ingest->nrecords++;

    return et_ingest_state(ingest);
}


static et_slice_t
et_session_duration(et_ingest_t *ingest, const cJSON *duration)
{
    /* a NaN compares as false */

    if (!cJSON_IsNumber(duration) || !(duration->valuedouble >= 0)
        || duration->valuedouble > ET_MAX_DURATION)
    {
        return et_slice("", 0);
    }

    return et_event_text(&ingest->arena, duration, ET_MAX_TAG_VALUE);
}
