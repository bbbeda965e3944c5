/*
 * Sentry's web API: what users said.
 */

#ifndef ET_SENTRY_FEEDBACK_H
#define ET_SENTRY_FEEDBACK_H

#include "et_call.h"


/* projects/{o}/{p}/user-feedback/ */
et_call_rc_t et_sentry_feedback(et_call_t *call);


#endif /* ET_SENTRY_FEEDBACK_H */
