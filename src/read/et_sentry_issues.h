/*
 * Sentry's web API: issues, listed, opened, decided about, deleted.
 */

#ifndef ET_SENTRY_ISSUES_H
#define ET_SENTRY_ISSUES_H

#include "et_decide.h"
#include "et_errors.h"
#include "et_sentry.h"


/* lists, and what is done to several: et_sentry_issues.c */
et_call_rc_t et_sentry_project_issues(et_call_t *call);
et_call_rc_t et_sentry_organization_issues(et_call_t *call);
et_call_rc_t et_sentry_update_project_issues(et_call_t *call);
et_call_rc_t et_sentry_update_organization_issues(et_call_t *call);
et_call_rc_t et_sentry_delete_project_issues(et_call_t *call);
et_call_rc_t et_sentry_delete_organization_issues(et_call_t *call);

/* one: et_sentry_issue.c */
et_call_rc_t et_sentry_issue(et_call_t *call);
et_call_rc_t et_sentry_organization_issue(et_call_t *call);
et_call_rc_t et_sentry_update_issue(et_call_t *call);
et_call_rc_t et_sentry_update_organization_issue(et_call_t *call);
et_call_rc_t et_sentry_delete_issue(et_call_t *call);
et_call_rc_t et_sentry_delete_organization_issue(et_call_t *call);

/*
 * What a PUT's body decides: 1, or 0 where the call is answered 400.  The
 * decision may be none: neither a status nor an assignee.
 */
int et_sentry_decision(et_call_t *call, et_decision_t *decision);

/* An issue's members; period is the name of the counts that it has.  Details
 * are more: what happened to it. */
void et_out_issue(et_call_t *call, cJSON *object, const et_sentry_t *sentry,
    const et_project_t *project, const et_error_t *error,
    const et_buckets_t *buckets, const char *period);
void et_out_issue_details(cJSON *object, const et_error_t *error);

/* {version, shortVersion ...}, or null where the release is "". */
void et_out_release(cJSON *object, const char *name, et_slice_t version);
et_slice_t et_release_short(et_slice_t version);


#endif /* ET_SENTRY_ISSUES_H */
