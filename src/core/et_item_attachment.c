/*
 * Attachments: files beside an event.
 *
 * A file is cut into chunks, a record each, so that one of any size fits the
 * zone's segments.  The record: event_id is the event's, payload a chunk's
 * bytes; attributes are attachment_id (the same for all chunks, and again if
 * the same envelope is sent again), chunk, chunks, size, filename,
 * content_type, attachment_type.  n is 1 of the first chunk, 0 of the others.
 */

#include "et_event_internal.h"
#include "et_hash.h"
#include "et_item.h"


/* bytes */
#define ET_ATTACHMENT_CHUNK       (512 * 1024)
#define ET_MAX_FILENAME           255
#define ET_MAX_CONTENT_TYPE       100
#define ET_MAX_ATTACHMENT_TYPE    64

#define ET_ATTACHMENT_ATTRIBUTES  7


static et_reason_t et_attachment_chunk(et_ingest_t *ingest,
    const et_request_t *request, const et_attachment_t *file, uint64_t id,
    size_t chunk, size_t chunks, et_slice_t data);
static et_slice_t et_attachment_text(et_slice_t text, size_t max);
static uint64_t et_attachment_id(et_ingest_t *ingest,
    const et_attachment_t *file);


et_reason_t
et_item_attachment(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item)
{
    et_attachment_t  file;

    if (!et_event_id_parse(ingest->envelope.event_id, file.event_id)) {
        return ET_BAD_EVENT_ID;
    }

    file.filename = item->filename;
    file.content_type = item->content_type;
    file.type = item->attachment_type;
    file.data = et_slice(item->payload, item->len);

    if (ingest->minidump.len == 0
        && et_slice_eq(file.type, et_slice_str("event.minidump")))
    {
        ingest->minidump = file.data;
    }

    return et_attachment(ingest, request, &file);
}


et_reason_t
et_attachment(et_ingest_t *ingest, const et_request_t *request,
    const et_attachment_t *file)
{
    size_t       chunk, chunks, max, from, len;
    uint64_t     id;
    et_reason_t  reason;

    if (file->data.len > request->limits.max_attachment
        || file->data.len > request->limits.max_attachments
                            - ingest->attachment_bytes)
    {
        return ET_ATTACHMENT_TOO_LARGE;
    }

    /* a chunk is no larger than an event: its row has to fit a segment */

    max = ET_ATTACHMENT_CHUNK < request->limits.max_event
          ? ET_ATTACHMENT_CHUNK : request->limits.max_event;

    chunks = file->data.len == 0 ? 1 : (file->data.len + max - 1) / max;

    if (chunks > ET_MAX_RECORDS - ET_MAX_OUTCOMES
                 - (ingest->nrecords - ingest->noutcomes))
    {
        return ET_TOO_MANY_RECORDS;
    }

    id = et_attachment_id(ingest, file);

    for (chunk = 0, from = 0; chunk < chunks; chunk++, from += len) {

        len = file->data.len - from < max ? file->data.len - from : max;

        reason = et_attachment_chunk(ingest, request, file, id, chunk, chunks,
                                     et_slice(file->data.data + from, len));
        if (reason != ET_OK) {
            return reason;
        }
    }

    ingest->nattachments++;
    ingest->attachment_bytes += file->data.len;

    return ET_OK;
}


static et_reason_t
et_attachment_chunk(et_ingest_t *ingest, const et_request_t *request,
    const et_attachment_t *file, uint64_t id, size_t chunk, size_t chunks,
    et_slice_t data)
{
    et_slice_t   type;
    et_event_t  *record;

    record = et_item_record(ingest, request, ET_RECORD_ATTACHMENT);

    if (record == NULL
        || !et_item_attributes(ingest, record, ET_ATTACHMENT_ATTRIBUTES))
    {
        return et_ingest_no_room(ingest);
    }

    memcpy(record->id, file->event_id, ET_EVENT_ID_LEN);

    record->n = (chunk == 0);
    record->payload = data;

    type = et_event_cut(file->type, ET_MAX_ATTACHMENT_TYPE);

    if (type.len == 0) {
        type = et_slice_str("event.attachment");
    }

    et_item_attribute(record, "attachment_id", et_item_number(ingest, id));
    et_item_attribute(record, "chunk", et_item_number(ingest, chunk));
    et_item_attribute(record, "chunks", et_item_number(ingest, chunks));
    et_item_attribute(record, "size",
                      et_item_number(ingest, file->data.len));
    et_item_attribute(record, "filename",
                      et_attachment_text(file->filename, ET_MAX_FILENAME));
    et_item_attribute(record, "content_type",
                      et_attachment_text(file->content_type,
                                         ET_MAX_CONTENT_TYPE));
    et_item_attribute(record, "attachment_type", type);

    ingest->nrecords++;

    return et_ingest_state(ingest);
}


/* A form's names may be no UTF-8, which a JSON header's can't. */

static et_slice_t
et_attachment_text(et_slice_t text, size_t max)
{
    text = et_event_cut(text, max);

    return et_utf8_valid(text.data, text.len) ? text : et_slice("", 0);
}


/* Which file of which event: the same when an SDK sends it again. */

static uint64_t
et_attachment_id(et_ingest_t *ingest, const et_attachment_t *file)
{
    uint64_t  hash;

    hash = et_fnv1a(ET_FNV_BASIS, et_slice((const char *) file->event_id,
                                           ET_EVENT_ID_LEN));
    hash = et_fnv1a(hash, file->filename);
    hash ^= et_mix64(file->data.len ^ (uint64_t) ingest->nattachments << 48);

    return et_mix64(hash);
}
