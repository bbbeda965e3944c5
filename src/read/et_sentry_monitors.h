/*
 * Sentry's web API: monitored jobs and their check-ins.
 */

#ifndef ET_SENTRY_MONITORS_H
#define ET_SENTRY_MONITORS_H

#include "et_call.h"


/* organizations/{o}/monitors/, and of a project's path, {slug}/ and
 * {slug}/checkins/ */
et_call_rc_t et_sentry_monitors(et_call_t *call);
et_call_rc_t et_sentry_monitor(et_call_t *call);
et_call_rc_t et_sentry_check_ins(et_call_t *call);
et_call_rc_t et_sentry_project_monitor(et_call_t *call);
et_call_rc_t et_sentry_project_check_ins(et_call_t *call);


#endif /* ET_SENTRY_MONITORS_H */
