/*
 * Sentry's web API: log entries, which are organizations/{o}/events/ with
 * dataset=logs.
 */

#ifndef ET_SENTRY_LOGS_H
#define ET_SENTRY_LOGS_H

#include "et_call.h"


et_call_rc_t et_sentry_logs(et_call_t *call);


#endif /* ET_SENTRY_LOGS_H */
