/*
 * The steps of the core, one after the other.
 */

#include "et_base64.h"
#include "et_crash.h"
#include "et_endpoint.h"


static et_reason_t et_ingest_decode(et_ingest_t *ingest,
    const et_request_t *request);
static et_reason_t et_ingest_decode_store(et_ingest_t *ingest,
    const et_request_t *request, et_slice_t *text);
static int et_ingest_is_object(et_slice_t text);
static et_reason_t et_ingest_check_dsn(et_ingest_t *ingest,
    const et_request_t *request, et_slice_t *key);
static et_reason_t et_ingest_endpoint(et_ingest_t *ingest,
    const et_request_t *request);
static et_reason_t et_ingest_items(et_ingest_t *ingest,
    const et_request_t *request);
static et_reason_t et_ingest_item(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);
static et_reason_t et_ingest_filtered(et_ingest_t *ingest,
    const et_request_t *request, const et_event_t *event);
static et_event_t *et_ingest_grow(et_ingest_t *ingest);
static int et_ingest_own_id(et_ingest_t *ingest, et_event_t *event);
static et_event_t *et_ingest_find_outcome(et_ingest_t *ingest,
    const et_event_t *outcome);


/* what a body is that is no envelope */

static const et_item_type_t  et_endpoint_items[ET_ENDPOINT_COUNT] = {
    [ET_ENDPOINT_STORE] = ET_ITEM_EVENT,
    [ET_ENDPOINT_SECURITY] = ET_ITEM_SECURITY,
    [ET_ENDPOINT_NEL] = ET_ITEM_NEL,
    [ET_ENDPOINT_MINIDUMP] = ET_ITEM_EVENT,
    [ET_ENDPOINT_UNREAL] = ET_ITEM_UNREAL_REPORT,
    [ET_ENDPOINT_ATTACHMENTS] = ET_ITEM_ATTACHMENT,
    [ET_ENDPOINT_CRON] = ET_ITEM_CHECK_IN,
    [ET_ENDPOINT_ERROR_PAGE] = ET_ITEM_USER_REPORT,
};


/* what is NULL is skipped and counted */

static const et_item_read_pt  et_item_readers[ET_ITEM_TYPE_COUNT] = {
    [ET_ITEM_ATTACHMENT] = et_item_attachment,
    [ET_ITEM_CHECK_IN] = et_item_check_in,
    [ET_ITEM_CLIENT_REPORT] = et_item_client_report,
    [ET_ITEM_FEEDBACK] = et_item_feedback,
    [ET_ITEM_FORM_DATA] = et_item_form_data,
    [ET_ITEM_LOG] = et_item_log,
    [ET_ITEM_NEL] = et_item_nel,
    [ET_ITEM_RAW_SECURITY] = et_item_raw_security,
    [ET_ITEM_SECURITY] = et_item_security,
    [ET_ITEM_SESSION] = et_item_session,
    [ET_ITEM_SESSIONS] = et_item_sessions,
    [ET_ITEM_UNREAL_REPORT] = et_item_unreal,
    [ET_ITEM_USER_REPORT] = et_item_user_report,
};


int
et_ingest_init(et_ingest_t *ingest)
{
    memset(ingest, 0, sizeof(et_ingest_t));

    et_arena_init(&ingest->arena, ET_ARENA_LIMIT_SIZE, ET_ARENA_KEEP);
    et_inflate_init(&ingest->inflate, ET_INFLATE_KEEP, -1);
    et_inflate_init(&ingest->inflate_report, 0, -1);

    return et_hasher_init(&ingest->hasher);
}


void
et_ingest_destroy(et_ingest_t *ingest)
{
    et_hasher_destroy(&ingest->hasher);
    et_inflate_destroy(&ingest->inflate_report);
    et_inflate_destroy(&ingest->inflate);
    et_arena_destroy(&ingest->arena);
}


et_reason_t
et_ingest_open(et_ingest_t *ingest, const et_request_t *request,
    et_slice_t *key)
{
    et_reason_t  reason;

    et_arena_reset(&ingest->arena);
    et_inflate_destroy(&ingest->inflate_report);

    memset(&ingest->envelope, 0, sizeof(et_envelope_t));
    ingest->minidump = et_slice("", 0);
    ingest->form = et_slice("", 0);
    ingest->drift = 0;
    memset(ingest->taken, 0, sizeof(ingest->taken));
    memset(ingest->skipped, 0, sizeof(ingest->skipped));
    memset(ingest->filtered, 0, sizeof(ingest->filtered));
    ingest->filter = ET_FILTER_COUNT;
    ingest->records = NULL;
    ingest->nrecords = 0;
    ingest->room = 0;
    ingest->nevents = 0;
    ingest->noutcomes = 0;
    ingest->nattachments = 0;
    ingest->attachment_bytes = 0;
    memset(&ingest->admission, 0, sizeof(et_admission_t));
    ingest->has_id = 0;

    *key = request->auth.key;

    /* a check-in may be all in its path and query */

    if (request->len == 0 && request->endpoint != ET_ENDPOINT_CRON) {
        return ET_EMPTY_BODY;
    }

    reason = et_ingest_decode(ingest, request);
    if (reason != ET_OK) {
        return reason;
    }

    if (request->endpoint == ET_ENDPOINT_ENVELOPE) {
        reason = et_envelope_open(&ingest->arena, ingest->text, ingest->len,
                                  &ingest->envelope);
        if (reason != ET_OK) {
            return reason;
        }

        ingest->drift = et_event_drift(ingest->envelope.sent_at,
                                       request->received);

        reason = et_ingest_check_dsn(ingest, request, key);
        if (reason != ET_OK) {
            return reason;
        }
    }

    return key->len == 0 ? ET_NO_KEY : ET_OK;
}


static et_reason_t
et_ingest_decode(et_ingest_t *ingest, const et_request_t *request)
{
    et_slice_t   text;
    et_reason_t  reason;

    reason = et_decode(&ingest->inflate, &request->encodings,
                       et_slice(request->body, request->len),
                       request->limits.max_inflated,
                       (unsigned) request->limits.max_ratio, &text);

    if (reason == ET_OK && request->endpoint == ET_ENDPOINT_STORE) {
        reason = et_ingest_decode_store(ingest, request, &text);
    }

    if (reason != ET_OK) {
        return reason;
    }

    if (text.len > request->limits.max_inflated) {
        return ET_INFLATED_TOO_LARGE;
    }

    if (text.len == 0 && request->len != 0) {
        return ET_EMPTY_BODY;
    }

    ingest->text = (char *) text.data;
    ingest->len = text.len;
    ingest->inflated = (ingest->inflate.steps != 0);

    return ET_OK;
}


/*
 * Old clients encode an event so that a form or a query could hold it: what
 * is no JSON object is base64, in which there is one, or a zlib stream of one.
 * It is inflated no further than an event may be large.
 */

static et_reason_t
et_ingest_decode_store(et_ingest_t *ingest, const et_request_t *request,
    et_slice_t *text)
{
    int          base64;
    size_t       len;
    et_reason_t  reason;

    if (et_ingest_is_object(*text)) {
        return ET_OK;
    }

    base64 = et_base64_decode(NULL, *text, &len);

    if (base64) {
        (void) et_base64_decode((char *) text->data, *text, &len);
        text->len = len;
    }

    reason = et_decode_more(&ingest->inflate, request->limits.max_event,
                            text);

    if (reason == ET_INFLATED_TOO_LARGE) {
        return ET_EVENT_TOO_LARGE;
    }

    if (reason == ET_OK && base64 && text->len != 0
        && !et_ingest_is_object(*text))
    {
        return ET_BAD_JSON;
    }

    return reason;
}


static int
et_ingest_is_object(et_slice_t text)
{
    size_t  i;

    i = (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) ? 3 : 0;

    while (i < text.len && memchr(" \t\r\n", text.data[i], 4) != NULL) {
        i++;
    }

    return i < text.len && text.data[i] == '{';
}


/*
 * The DSN of an envelope is what its SDK was configured with: its host is
 * anything (a tunnel's), its project and key have to be the request's.
 */

static et_reason_t
et_ingest_check_dsn(et_ingest_t *ingest, const et_request_t *request,
    et_slice_t *key)
{
    et_dsn_t  dsn;

    if (ingest->envelope.dsn.len == 0) {
        return ET_OK;
    }

    if (!et_dsn_parse(ingest->envelope.dsn, &dsn)) {
        return key->len == 0 ? ET_BAD_KEY : ET_OK;
    }

    if (dsn.project != request->project
        || (key->len != 0 && !et_slice_eq(dsn.key, *key)))
    {
        return ET_DSN_MISMATCH;
    }

    *key = dsn.key;

    return ET_OK;
}


et_reason_t
et_ingest_read(et_ingest_t *ingest, const et_request_t *request)
{
    size_t       i;
    et_reason_t  reason;

    reason = et_ingest_endpoint(ingest, request);
    if (reason != ET_OK) {
        return reason;
    }

    if (et_ingest_all_limited(ingest)) {
        return ET_RATE_LIMITED;
    }

    /* the client is told the envelope's id, also where no item made an event
     * yet: it has named it */

    for (i = 0; i < ingest->nrecords; i++) {
        if (ingest->records[i].kind == ET_RECORD_EVENT) {
            memcpy(ingest->id, ingest->records[i].id, ET_EVENT_ID_LEN);
            ingest->has_id = 1;
            return ET_OK;
        }
    }

    if (!ingest->has_id) {
        ingest->has_id = et_event_id_parse(ingest->envelope.event_id,
                                           ingest->id);
    }

    return ET_OK;
}


/* Each endpoint's own way from ingest->text to records. */

static et_reason_t
et_ingest_endpoint(et_ingest_t *ingest, const et_request_t *request)
{
    int          admitted;
    et_reason_t  reason;

    if (request->endpoint != ET_ENDPOINT_ENVELOPE) {
        reason = et_ingest_admit(ingest, request,
                                 et_endpoint_items[request->endpoint],
                                 ingest->len, &admitted);

        if (reason != ET_OK || !admitted) {
            return reason;
        }
    }

    switch (request->endpoint) {

    case ET_ENDPOINT_ENVELOPE:
        return et_ingest_items(ingest, request);

    case ET_ENDPOINT_STORE:
        return et_ingest_event(ingest, request, ingest->text, ingest->len);

    case ET_ENDPOINT_SECURITY:
        return et_security_read(ingest, request);

    case ET_ENDPOINT_NEL:
        return et_nel_read(ingest, request);

    case ET_ENDPOINT_MINIDUMP:
        return et_crash_minidump(ingest, request);

    case ET_ENDPOINT_UNREAL:
        return et_crash_unreal(ingest, request);

    case ET_ENDPOINT_ATTACHMENTS:
        return et_crash_attachments(ingest, request);

    case ET_ENDPOINT_CRON:
        return et_cron_read(ingest, request);

    case ET_ENDPOINT_ERROR_PAGE:
        return et_error_page_read(ingest, request);

    default:
        return ET_NOT_FOUND;
    }
}


static et_reason_t
et_ingest_items(et_ingest_t *ingest, const et_request_t *request)
{
    int          more;
    et_item_t    item;
    et_reason_t  reason;

    for ( ;; ) {
        reason = et_envelope_next(&ingest->arena, &ingest->envelope, &item,
                                  &more);

        if (reason != ET_OK) {
            return reason;
        }

        if (!more) {
            return et_crash_envelope(ingest, request);
        }

        reason = et_ingest_item(ingest, request, &item);
        if (reason != ET_OK) {
            return reason;
        }
    }
}


static et_reason_t
et_ingest_item(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    int          admitted;
    unsigned     limited;
    et_reason_t  reason;

    reason = et_ingest_admit(ingest, request, item->type, item->len,
                             &admitted);

    if (reason != ET_OK || !admitted) {
        return reason;
    }

    if (item->type == ET_ITEM_EVENT) {
        return et_ingest_event(ingest, request, item->payload, item->len);
    }

    /* a file goes with its event */

    if (item->type == ET_ITEM_ATTACHMENT && ingest->nevents == 0
        && ingest->filter != ET_FILTER_COUNT)
    {
        return et_ingest_outcome(ingest, ET_OUTCOME_FILTERED,
                             et_slice_str(et_filter_reasons[ingest->filter]),
                             ET_CATEGORY_ATTACHMENT, 1, request->received);
    }

    if (et_item_readers[item->type] == NULL) {
        ingest->skipped[item->type]++;
        return ET_OK;
    }

    limited = ingest->admission.limited;

    reason = et_ingest_scrub(ingest, request, item->type, &item->payload,
                             &item->len);

    if (reason == ET_OK) {
        reason = et_item_readers[item->type](ingest, request, item);
    }

    if (reason == ET_OK) {
        ingest->taken[item->type] += (limited == ingest->admission.limited);
        return ET_OK;
    }

    if (et_ingest_state(ingest) != ET_OK || reason == ET_NO_MEMORY) {
        return reason;
    }

    /* a damaged item is an outcome, the envelope's others are kept */

    return et_ingest_outcome(ingest, ET_OUTCOME_INVALID,
                             et_slice_str(et_reasons[reason].name),
                             et_item_category(item->type), 1,
                             request->received);
}


et_reason_t
et_ingest_scrub(et_ingest_t *ingest, const et_request_t *request,
    et_item_type_t type, char **payload, size_t *len)
{
    size_t           before;
    et_reason_t      reason;
    et_scrub_root_t  root;

    if (request->scrub == NULL) {
        return ET_OK;
    }

    switch (type) {

    case ET_ITEM_EVENT:
    case ET_ITEM_FEEDBACK:
    case ET_ITEM_SECURITY:
        root = ET_SCRUB_EVENT;
        break;

    case ET_ITEM_LOG:
        root = ET_SCRUB_LOGS;
        break;

    case ET_ITEM_CHECK_IN:
    case ET_ITEM_SESSION:
    case ET_ITEM_SESSIONS:
    case ET_ITEM_USER_REPORT:
    case ET_ITEM_RAW_SECURITY:
    case ET_ITEM_NEL:
        root = ET_SCRUB_OTHER;
        break;

    default:
        return ET_OK;
    }

    before = *len;

    reason = et_scrub_json(request->scrub, &ingest->arena, root, payload, len);
    if (reason != ET_OK) {
        return reason;
    }

    /* a great many secrets that are shorter than what stands for them */

    return *len > before && *len > request->limits.max_event
           ? ET_EVENT_TOO_LARGE : ET_OK;
}


et_reason_t
et_ingest_event(et_ingest_t *ingest, const et_request_t *request,
    char *payload, size_t len)
{
    et_event_t         *event;
    et_reason_t         reason;
    et_event_source_t   source;

    if (len > request->limits.max_event) {
        return ET_EVENT_TOO_LARGE;
    }

    reason = et_ingest_scrub(ingest, request, ET_ITEM_EVENT, &payload, &len);
    if (reason != ET_OK) {
        return reason;
    }

    if (ingest->nevents == ET_MAX_EVENTS) {
        return ET_TOO_MANY_EVENTS;
    }

    event = et_ingest_push(ingest);
    if (event == NULL) {
        return et_ingest_no_room(ingest);
    }

    et_ingest_source(ingest, request, &source);

    reason = et_event_parse(&ingest->arena, payload, len, &source, event);
    if (reason != ET_OK) {
        return reason;
    }

    if (!et_ingest_own_id(ingest, event)) {
        return ET_NO_MEMORY;
    }

    if (request->filter != NULL) {
        ingest->filter = et_filter(request->filter, event,
                                   request->client_ip);

        if (ingest->filter != ET_FILTER_COUNT) {
            return et_ingest_filtered(ingest, request, event);
        }
    }

    reason = et_group(&ingest->arena, &ingest->hasher, event);
    if (reason != ET_OK) {
        return reason;
    }

    ingest->nrecords++;
    ingest->nevents++;

    return ET_OK;
}


/* The client is told the event's id, as if it were kept. */

static et_reason_t
et_ingest_filtered(et_ingest_t *ingest, const et_request_t *request,
    const et_event_t *event)
{
    ingest->filtered[ingest->filter]++;

    if (!ingest->has_id) {
        memcpy(ingest->id, event->id, ET_EVENT_ID_LEN);
        ingest->has_id = 1;
    }

    return et_ingest_outcome(ingest, ET_OUTCOME_FILTERED,
                             et_slice_str(et_filter_reasons[ingest->filter]),
                             ET_CATEGORY_ERROR, 1, request->received);
}


void
et_ingest_source(const et_ingest_t *ingest, const et_request_t *request,
    et_event_source_t *source)
{
    memset(source, 0, sizeof(et_event_source_t));

    /* one id names one event: a second event has to have its own */

    if (ingest->nevents == 0) {
        source->event_id = ingest->envelope.event_id;
    }

    source->sdk_name = ingest->envelope.sdk_name;
    source->sdk_version = ingest->envelope.sdk_version;

    if (request->scrub == NULL || !request->scrub->ip) {
        source->client_ip = request->client_ip;
    }

    source->received = request->received;
    source->drift = ingest->drift;
    source->strict_id = (request->endpoint == ET_ENDPOINT_STORE);
}


/* An event that has the id of one before it in the envelope gets another.
 * 1, or 0 where there is no entropy. */

static int
et_ingest_own_id(et_ingest_t *ingest, et_event_t *event)
{
    size_t             i;
    const et_event_t  *other;

    for (i = 0; i < ingest->nrecords; i++) {
        other = &ingest->records[i];

        if (other->kind == ET_RECORD_EVENT
            && memcmp(other->id, event->id, ET_EVENT_ID_LEN) == 0)
        {
            et_event_note(&ingest->arena, event,
                          "event_id: another event's, a new one made");

            return et_event_id_make(event->id);
        }
    }

    return 1;
}


et_event_t *
et_ingest_push(et_ingest_t *ingest)
{
    if (ingest->nrecords - ingest->noutcomes
        == ET_MAX_RECORDS - ET_MAX_OUTCOMES)
    {
        return NULL;
    }

    return et_ingest_grow(ingest);
}


static et_event_t *
et_ingest_grow(et_ingest_t *ingest)
{
    size_t       room;
    et_event_t  *records;

    if (ingest->nrecords == ingest->room) {
        room = ingest->room == 0 ? 1 : ingest->room * 4;

        records = et_arena_alloc(&ingest->arena, room * sizeof(et_event_t));
        if (records == NULL) {
            return NULL;
        }

        if (ingest->nrecords != 0) {
            memcpy(records, ingest->records,
                   ingest->nrecords * sizeof(et_event_t));
        }

        ingest->records = records;
        ingest->room = room;
    }

    memset(&ingest->records[ingest->nrecords], 0, sizeof(et_event_t));

    return &ingest->records[ingest->nrecords];
}


et_reason_t
et_ingest_no_room(const et_ingest_t *ingest)
{
    et_reason_t  reason;

    reason = et_ingest_state(ingest);

    return reason != ET_OK ? reason : ET_TOO_MANY_RECORDS;
}


et_reason_t
et_ingest_state(const et_ingest_t *ingest)
{
    return ingest->arena.state == ET_ARENA_FINE
           ? ET_OK : et_json_no_room(&ingest->arena);
}


et_reason_t
et_ingest_outcome(et_ingest_t *ingest, et_outcome_t outcome,
    et_slice_t reason, et_category_t category, uint64_t quantity,
    int64_t time)
{
    et_event_t  record, *found;

    /* places are left for "other" of each outcome and category */

    if (ingest->noutcomes >= ET_MAX_OUTCOMES
                             - ET_OUTCOME_COUNT * ET_CATEGORY_COUNT)
    {
        reason = et_slice_str("other");
    }

    et_outcome_record(&record, outcome, reason, category, quantity, time);

    found = et_ingest_find_outcome(ingest, &record);

    if (found != NULL) {
        found->n += quantity;
        return ET_OK;
    }

    found = et_ingest_grow(ingest);
    if (found == NULL) {
        return et_ingest_no_room(ingest);
    }

    *found = record;

    ingest->nrecords++;
    ingest->noutcomes++;

    return ET_OK;
}


void
et_ingest_remove_attachments(et_ingest_t *ingest)
{
    size_t  i, n;

    for (i = 0, n = 0; i < ingest->nrecords; i++) {
        if (ingest->records[i].kind != ET_RECORD_ATTACHMENT) {
            ingest->records[n++] = ingest->records[i];
        }
    }

    ingest->nrecords = n;
    ingest->nattachments = 0;
    ingest->attachment_bytes = 0;
}


et_reason_t
et_ingest_drop_attachments(et_ingest_t *ingest, et_outcome_t outcome,
    const char *why, int64_t time)
{
    size_t  n;

    n = ingest->nattachments;

    if (n == 0) {
        return ET_OK;
    }

    et_ingest_remove_attachments(ingest);

    return et_ingest_outcome(ingest, outcome, et_slice_str(why),
                             ET_CATEGORY_ATTACHMENT, n, time);
}


static et_event_t *
et_ingest_find_outcome(et_ingest_t *ingest, const et_event_t *outcome)
{
    size_t       i;
    et_event_t  *record;

    if (ingest->noutcomes == 0) {
        return NULL;
    }

    for (i = 0; i < ingest->nrecords; i++) {
        record = &ingest->records[i];

        if (record->kind == ET_RECORD_OUTCOME
            && record->grouping_hash == outcome->grouping_hash)
        {
            return record;
        }
    }

    return NULL;
}
