/*
 * Native crashes: a minidump, or a report of the Unreal Engine, posted by
 * itself.  An event is made for it, and its files are the event's
 * attachments.
 *
 * The client's own fields of the event, in the form field "sentry" (JSON, in
 * pieces sentry__1, sentry__2 where it is long), as sentry[release] and the
 * like, or in the Unreal context's "__sentry", are taken first; what they
 * leave out is told by the minidump.  Other fields become "extra".
 */

#ifndef ET_CRASH_H
#define ET_CRASH_H

#include "et_item.h"


/*
 * The endpoint's body, which et_ingest_open() has decompressed.  ET_BAD_CRASH
 * where there is no minidump in it; ET_BAD_MULTIPART; those of
 * et_event_parse() and et_attachment().
 */
et_reason_t et_crash_minidump(et_ingest_t *ingest,
    const et_request_t *request);
et_reason_t et_crash_unreal(et_ingest_t *ingest,
    const et_request_t *request);

/* The same as items of an envelope. */
et_reason_t et_item_unreal(et_ingest_t *ingest, const et_request_t *request,
    et_item_t *item);

/*
 * A Relay passes a minidump on as an envelope without an event, in which the
 * fields of the form are an item: names and values in turn, each behind its
 * length, 32 bits, little-endian.  The item is kept until the envelope's end,
 * where the event is made, under the envelope's id; also of a minidump that
 * came without a form.
 */
et_reason_t et_item_form_data(et_ingest_t *ingest,
    const et_request_t *request, et_item_t *item);
et_reason_t et_crash_envelope(et_ingest_t *ingest,
    const et_request_t *request);

/* multipart/form-data with files, for the event of the path. */
et_reason_t et_crash_attachments(et_ingest_t *ingest,
    const et_request_t *request);


#endif /* ET_CRASH_H */
