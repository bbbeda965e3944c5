/*
 * Sentry's web API: the events of an issue and of a project, and one event.
 */

#ifndef ET_SENTRY_EVENTS_H
#define ET_SENTRY_EVENTS_H

#include "et_call.h"


/* issues/{id}/events/, the same of an organization, and of a project */
et_call_rc_t et_sentry_issue_events(et_call_t *call);
et_call_rc_t et_sentry_organization_issue_events(et_call_t *call);
et_call_rc_t et_sentry_project_events(et_call_t *call);

/* issues/{id}/events/latest/, oldest/ and {event_id}/, and the same of an
 * organization */
et_call_rc_t et_sentry_issue_event(et_call_t *call);
et_call_rc_t et_sentry_organization_issue_event(et_call_t *call);

et_call_rc_t et_sentry_project_event(et_call_t *call);
et_call_rc_t et_sentry_event_id(et_call_t *call);
et_call_rc_t et_sentry_short_id(et_call_t *call);


#endif /* ET_SENTRY_EVENTS_H */
