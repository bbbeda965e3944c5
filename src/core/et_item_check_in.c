/*
 * Check-ins: a job says that it has begun, and that it has ended (Sentry,
 * "Check-Ins").
 *
 * The record: event_id is the check-in's id, so that its updates are put
 * together by ClickHouse; transaction is the monitor's slug, level the
 * status.  What the schedule says is in attributes: schedule_type, schedule,
 * schedule_unit, timezone, margin and max_runtime (minutes), and `expected`,
 * the time (seconds since 1970) at which the next one is due, so that what
 * was missed is a comparison.
 */

#include "et_event_internal.h"
#include "et_item.h"
#include "et_schedule.h"


/* bytes */
#define ET_MAX_SLUG            128
#define ET_MAX_SCHEDULE        100

#define ET_MAX_MINUTES         (366 * 24 * 60)
#define ET_MAX_CHECK_IN_TIME   (366 * 86400.0)       /* seconds */

#define ET_CHECK_IN_ATTRIBUTES  8


static et_slice_t et_check_in_slug(et_ingest_t *ingest, et_slice_t text);
static et_slice_t et_check_in_status(et_slice_t text);
static void et_check_in_schedule(et_ingest_t *ingest, et_event_t *record,
    const cJSON *config);
static int64_t et_check_in_expected(et_slice_t type, const cJSON *value,
    et_slice_t unit, et_slice_t zone, int64_t now);


static const et_slice_t  et_check_in_statuses[] = {
    ET_SLICE("in_progress"), ET_SLICE("ok"), ET_SLICE("error"),
};


et_reason_t
et_item_check_in(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    cJSON        *root;
    et_arena_t   *arena;
    et_event_t   *record;
    et_slice_t    slug, status;
    et_reason_t   reason;
    const cJSON  *duration;

    arena = &ingest->arena;

    reason = et_item_json(ingest, item, &root);
    if (reason != ET_OK) {
        return reason;
    }

    slug = et_check_in_slug(ingest,
                            et_event_text(arena,
                                          et_json_get(root, "monitor_slug"),
                                          ET_MAX_SLUG));
    status = et_check_in_status(et_json_str(et_json_get(root, "status")));

    if (slug.len == 0 || status.len == 0) {
        return ET_BAD_ITEM_PAYLOAD;
    }

    record = et_item_record(ingest, request, ET_RECORD_CHECK_IN);

    if (record == NULL
        || !et_item_attributes(ingest, record, ET_CHECK_IN_ATTRIBUTES))
    {
        return et_ingest_no_room(ingest);
    }

    if (!et_check_in_id(et_json_str(et_json_get(root, "check_in_id")),
                        record->id)
        && !et_event_id_make(record->id))
    {
        return ET_NO_MEMORY;
    }

    record->level = status;
    record->transaction = slug;
    record->environment = et_event_text(arena,
                                        et_json_get(root, "environment"),
                                        ET_MAX_ENVIRONMENT);

    if (record->environment.len == 0) {
        record->environment = et_slice_str("production");
    }

    record->release = et_event_text(arena, et_json_get(root, "release"),
                                    ET_MAX_RELEASE);
    record->trace_id = et_event_trace_id(arena,
                           et_json_get(et_json_get(et_json_get(root,
                                                               "contexts"),
                                                   "trace"), "trace_id"));
    record->payload = et_slice(item->payload, item->len);

    duration = et_json_get(root, "duration");

    if (cJSON_IsNumber(duration) && duration->valuedouble >= 0
        && duration->valuedouble <= ET_MAX_CHECK_IN_TIME)
    {
        et_item_attribute(record, "duration",
                          et_event_text(arena, duration, ET_MAX_TAG_VALUE));
    }

    et_check_in_schedule(ingest, record, et_json_get(root, "monitor_config"));

    ingest->nrecords++;

    return et_ingest_state(ingest);
}


/* An id of zeros, which some SDKs send, says "none". */

int
et_check_in_id(et_slice_t text, unsigned char id[ET_EVENT_ID_LEN])
{
    size_t  i;

    if (!et_event_id_parse(text, id)) {
        return 0;
    }

    for (i = 0; i < ET_EVENT_ID_LEN; i++) {
        if (id[i] != 0) {
            return 1;
        }
    }

    return 0;
}


/* Lower-case letters, digits, "_" and "-"; anything else becomes a "-". */

static et_slice_t
et_check_in_slug(et_ingest_t *ingest, et_slice_t text)
{
    char    c, *slug;
    size_t  i, n;

    slug = et_arena_alloc(&ingest->arena, text.len + 1);
    if (slug == NULL) {
        return et_slice("", 0);
    }

    for (i = 0, n = 0; i < text.len; i++) {
        c = et_lower(text.data[i]);

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
            slug[n++] = c;

        } else if (n != 0 && slug[n - 1] != '-') {
            slug[n++] = '-';
        }
    }

    while (n != 0 && slug[n - 1] == '-') {
        n--;
    }

    return et_slice(slug, n);
}


static et_slice_t
et_check_in_status(et_slice_t text)
{
    size_t  i;

    for (i = 0; i < ET_EVENT_NAMES(et_check_in_statuses); i++) {
        if (et_slice_eq(text, et_check_in_statuses[i])) {
            return et_check_in_statuses[i];
        }
    }

    return et_slice("", 0);
}


static void
et_check_in_schedule(et_ingest_t *ingest, et_event_t *record,
    const cJSON *config)
{
    int64_t       expected;
    uint64_t      minutes;
    et_arena_t   *arena;
    et_slice_t    type, unit, zone;
    const cJSON  *schedule, *value;

    if (!cJSON_IsObject(config)) {
        return;
    }

    arena = &ingest->arena;
    schedule = et_json_get(config, "schedule");
    value = et_json_get(schedule, "value");
    type = et_event_text(arena, et_json_get(schedule, "type"),
                         ET_MAX_SCHEDULE);
    unit = et_event_text(arena, et_json_get(schedule, "unit"),
                         ET_MAX_SCHEDULE);
    zone = et_event_text(arena, et_json_get(config, "timezone"),
                         ET_MAX_SCHEDULE);

    et_item_attribute(record, "schedule_type", type);
    et_item_attribute(record, "schedule",
                      et_event_text(arena, value, ET_MAX_SCHEDULE));
    et_item_attribute(record, "schedule_unit", unit);
    et_item_attribute(record, "timezone", zone);

    minutes = et_item_count(et_json_get(config, "checkin_margin"),
                            ET_MAX_MINUTES);
    if (minutes != 0) {
        et_item_attribute(record, "margin", et_item_number(ingest, minutes));
    }

    minutes = et_item_count(et_json_get(config, "max_runtime"),
                            ET_MAX_MINUTES);
    if (minutes != 0) {
        et_item_attribute(record, "max_runtime",
                          et_item_number(ingest, minutes));
    }

    expected = et_check_in_expected(type, value, unit, zone,
                                    record->timestamp / ET_SECOND);
    if (expected > 0) {
        et_item_attribute(record, "expected",
                          et_item_number(ingest, (uint64_t) expected));
    }
}


static int64_t
et_check_in_expected(et_slice_t type, const cJSON *value, et_slice_t unit,
    et_slice_t zone, int64_t now)
{
    int64_t       seconds;
    et_crontab_t  crontab;

    if (et_slice_eq(type, et_slice_str("crontab"))) {
        return et_crontab_parse(et_json_str(value), &crontab)
               ? et_crontab_next(&crontab, zone, now) : 0;
    }

    seconds = et_interval_seconds(et_item_count(value, ET_MAX_MINUTES), unit);

    return seconds == 0 ? 0 : now + seconds;
}
