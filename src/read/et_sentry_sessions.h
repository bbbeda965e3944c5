/*
 * organizations/{o}/sessions/: release health, sessions over time.
 */

#ifndef ET_SENTRY_SESSIONS_H
#define ET_SENTRY_SESSIONS_H

#include "et_call.h"


et_call_rc_t et_sentry_sessions(et_call_t *call);


#endif /* ET_SENTRY_SESSIONS_H */
