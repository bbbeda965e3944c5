/*
 * Sentry's web API: the files beside an event.
 */

#ifndef ET_SENTRY_ATTACHMENTS_H
#define ET_SENTRY_ATTACHMENTS_H

#include "et_call.h"


/* projects/{o}/{p}/events/{event}/attachments/, and {id}/, which with
 * "download" is the file itself */
et_call_rc_t et_sentry_attachments(et_call_t *call);
et_call_rc_t et_sentry_attachment(et_call_t *call);


#endif /* ET_SENTRY_ATTACHMENTS_H */
