/*
 * Sentry's web API: who asks, organizations, projects and their keys.
 */

#ifndef ET_SENTRY_ORG_H
#define ET_SENTRY_ORG_H

#include "et_call.h"


et_call_rc_t et_sentry_info(et_call_t *call);
et_call_rc_t et_sentry_me(et_call_t *call);
et_call_rc_t et_sentry_organizations(et_call_t *call);
et_call_rc_t et_sentry_organization_details(et_call_t *call);
et_call_rc_t et_sentry_organization_projects(et_call_t *call);
et_call_rc_t et_sentry_repositories(et_call_t *call);
et_call_rc_t et_sentry_teams(et_call_t *call);
et_call_rc_t et_sentry_projects(et_call_t *call);
et_call_rc_t et_sentry_project_details(et_call_t *call);
et_call_rc_t et_sentry_keys(et_call_t *call);


#endif /* ET_SENTRY_ORG_H */
