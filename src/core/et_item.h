/*
 * Items of an envelope that are no events: each file et_item_*.c makes
 * records of one kind of them.
 *
 * Promise: a damaged item costs that item alone.  Its reader says why, and
 * et_ingest makes an outcome of it; the envelope's other items are kept.
 */

#ifndef ET_ITEM_H
#define ET_ITEM_H

#include "et_ingest.h"


/*
 * Reads one item into records of ingest.  ET_OK; ET_NO_MEMORY and
 * ET_JSON_TOO_COMPLEX, after which nothing more can be read; any other reason
 * is the item's alone.
 */
typedef et_reason_t (*et_item_read_pt)(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);

et_reason_t et_item_attachment(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);
et_reason_t et_item_check_in(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);
et_reason_t et_item_client_report(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);
et_reason_t et_item_feedback(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);
et_reason_t et_item_log(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);
et_reason_t et_item_session(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);
et_reason_t et_item_sessions(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);
et_reason_t et_item_user_report(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);


/* A file beside an event. */
typedef struct {
    unsigned char   event_id[ET_EVENT_ID_LEN];
    et_slice_t      filename;
    et_slice_t      content_type;
    et_slice_t      type;              /* Sentry's attachment type */
    et_slice_t      data;
} et_attachment_t;

/*
 * Makes records of a file.  ET_ATTACHMENT_TOO_LARGE where it, or all of the
 * request's, pass their limits; ET_TOO_MANY_RECORDS; the arena's reasons.
 */
et_reason_t et_attachment(et_ingest_t *ingest, const et_request_t *request,
    const et_attachment_t *file);

/* A check-in's id; 0 where it is none, or the one of zeros, which says the
 * same. */
int et_check_in_id(et_slice_t text, unsigned char id[ET_EVENT_ID_LEN]);


/* What the readers share, et_item.c */

/* The item's JSON, which has to be an object. */
et_reason_t et_item_json(et_ingest_t *ingest, et_item_t *item, cJSON **root);

/*
 * A record of the kind, not counted yet, with what every record has: times,
 * n = 1, platform "other", the envelope's SDK.  NULL where there is no room:
 * et_ingest_no_room() says why.
 */
et_event_t *et_item_record(et_ingest_t *ingest, const et_request_t *request,
    et_record_kind_t kind);

/* Room for so many attributes of the record; 1, or 0 where there is none. */
int et_item_attributes(et_ingest_t *ingest, et_event_t *record, size_t max);

/* Adds one to that room, where the value is not empty; the key is not
 * copied. */
void et_item_attribute(et_event_t *record, const char *key,
    et_slice_t value);

/* A number as decimal text on the arena, "" where there is no memory. */
et_slice_t et_item_number(et_ingest_t *ingest, uint64_t n);

/* A count from JSON: 0 where it is none; no more than max. */
uint64_t et_item_count(const cJSON *value, uint64_t max);

/* A JSON time, string or number, as et_event_parse() takes a timestamp, the
 * clock's drift made good; otherwise where it is none or out of range. */
int64_t et_item_time(const et_ingest_t *ingest, const cJSON *value,
    int64_t received, int64_t otherwise);


#endif /* ET_ITEM_H */
