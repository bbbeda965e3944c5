/*
 * Sentry's web API: which tags an issue, a project, an organization has, and
 * their values, with counts.
 */

#ifndef ET_SENTRY_TAGS_H
#define ET_SENTRY_TAGS_H

#include "et_call.h"


/* issues/{id}/tags/, tags/{key}/ and tags/{key}/values/; of an organization's
 * path, too */
et_call_rc_t et_sentry_issue_tags(et_call_t *call);
et_call_rc_t et_sentry_issue_tag(et_call_t *call);
et_call_rc_t et_sentry_issue_tag_values(et_call_t *call);

/* projects/{o}/{p}/tags/, and organizations/{o}/tags/ */
et_call_rc_t et_sentry_project_tags(et_call_t *call);
et_call_rc_t et_sentry_project_tag_values(et_call_t *call);
et_call_rc_t et_sentry_organization_tags(et_call_t *call);
et_call_rc_t et_sentry_organization_tag_values(et_call_t *call);


#endif /* ET_SENTRY_TAGS_H */
