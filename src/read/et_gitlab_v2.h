/*
 * What GitLab's errortracking-api has under /api/0/: see et_gitlab.c.
 */

#ifndef ET_GITLAB_V2_H
#define ET_GITLAB_V2_H

#include "et_call.h"


et_call_rc_t et_gitlab_issues(et_call_t *call);
et_call_rc_t et_gitlab_projects(et_call_t *call);
et_call_rc_t et_gitlab_stats(et_call_t *call);


#endif /* ET_GITLAB_V2_H */
