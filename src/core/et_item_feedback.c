/*
 * What users say: feedback items (an event whose context "feedback" has the
 * text), and their forerunners, user reports.
 *
 * Both become one kind of record: message, user_email, user_name; the
 * attributes associated_event_id (32 hex), url, source and replay_id.
 */

#include "et_event_internal.h"
#include "et_item.h"


/* bytes */
#define ET_MAX_FEEDBACK_EMAIL  254     /* RFC 5321 */
#define ET_MAX_FEEDBACK_URL    2000

#define ET_FEEDBACK_ATTRIBUTES  4


static void et_feedback_associate(et_ingest_t *ingest, et_event_t *record,
    const cJSON *id);


et_reason_t
et_item_feedback(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    et_event_t         *record;
    et_arena_t         *arena;
    et_reason_t         reason;
    const cJSON        *feedback;
    et_event_source_t   source;

    arena = &ingest->arena;

    if (item->len > request->limits.max_event) {
        return ET_EVENT_TOO_LARGE;
    }

    record = et_ingest_push(ingest);
    if (record == NULL) {
        return et_ingest_no_room(ingest);
    }

    et_ingest_source(ingest, request, &source);

    reason = et_event_parse(arena, item->payload, item->len, &source, record);
    if (reason != ET_OK) {
        return reason;
    }

    feedback = et_json_get(record->contexts, "feedback");

    record->kind = ET_RECORD_FEEDBACK;
    record->message = et_event_text(arena, et_json_get(feedback, "message"),
                                    ET_MAX_MESSAGE);

    if (record->message.len == 0) {
        return ET_BAD_ITEM_PAYLOAD;
    }

    if (cJSON_IsString(et_json_get(feedback, "contact_email"))) {
        record->user_email = et_event_text(arena,
                                     et_json_get(feedback, "contact_email"),
                                     ET_MAX_FEEDBACK_EMAIL);
    }

    if (cJSON_IsString(et_json_get(feedback, "name"))) {
        record->user_name = et_event_text(arena,
                                          et_json_get(feedback, "name"),
                                          ET_MAX_USER);
    }

    if (!et_item_attributes(ingest, record, ET_FEEDBACK_ATTRIBUTES)) {
        return et_ingest_no_room(ingest);
    }

    et_feedback_associate(ingest, record,
                          et_json_get(feedback, "associated_event_id"));
    et_item_attribute(record, "url",
                      et_event_text(arena, et_json_get(feedback, "url"),
                                    ET_MAX_FEEDBACK_URL));
    et_item_attribute(record, "source",
                      et_event_text(arena, et_json_get(feedback, "source"),
                                    ET_MAX_TAG_VALUE));
    et_item_attribute(record, "replay_id",
                      et_event_text(arena, et_json_get(feedback, "replay_id"),
                                    ET_MAX_TAG_VALUE));

    ingest->nrecords++;

    return et_ingest_state(ingest);
}


et_reason_t
et_item_user_report(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    cJSON        *root;
    et_arena_t   *arena;
    et_event_t   *record;
    et_reason_t   reason;

    arena = &ingest->arena;

    if (item->len > request->limits.max_event) {
        return ET_EVENT_TOO_LARGE;
    }

    reason = et_item_json(ingest, item, &root);
    if (reason != ET_OK) {
        return reason;
    }

    record = et_item_record(ingest, request, ET_RECORD_FEEDBACK);

    if (record == NULL
        || !et_item_attributes(ingest, record, ET_FEEDBACK_ATTRIBUTES))
    {
        return et_ingest_no_room(ingest);
    }

    if (!et_event_id_make(record->id)) {
        return ET_NO_MEMORY;
    }

    record->level = et_slice_str("info");
    record->payload = et_slice(item->payload, item->len);
    record->message = et_event_text(arena, et_json_get(root, "comments"),
                                    ET_MAX_MESSAGE);
    record->user_email = et_event_text(arena, et_json_get(root, "email"),
                                       ET_MAX_FEEDBACK_EMAIL);
    record->user_name = et_event_text(arena, et_json_get(root, "name"),
                                      ET_MAX_USER);

    if (record->message.len == 0) {
        return ET_BAD_ITEM_PAYLOAD;
    }

    et_feedback_associate(ingest, record, et_json_get(root, "event_id"));
    et_item_attribute(record, "source", et_slice_str("user_report"));

    ingest->nrecords++;

    return et_ingest_state(ingest);
}


static void
et_feedback_associate(et_ingest_t *ingest, et_event_t *record,
    const cJSON *id)
{
    char           *text;
    unsigned char   bytes[ET_EVENT_ID_LEN];

    if (!et_event_id_parse(et_json_str(id), bytes)) {
        return;
    }

    text = et_arena_alloc(&ingest->arena, 2 * ET_EVENT_ID_LEN);
    if (text == NULL) {
        return;
    }

    et_event_id_print(bytes, text);
    et_item_attribute(record, "associated_event_id",
                      et_slice(text, 2 * ET_EVENT_ID_LEN));
}
