/*
 * Sentry's web API: releases, their commits and deploys.  Each operation is of
 * an organization or of a project, as its path says.
 */

#ifndef ET_SENTRY_RELEASES_H
#define ET_SENTRY_RELEASES_H

#include "et_call.h"


et_call_rc_t et_sentry_releases(et_call_t *call);
et_call_rc_t et_sentry_release_create(et_call_t *call);
et_call_rc_t et_sentry_release(et_call_t *call);
et_call_rc_t et_sentry_release_update(et_call_t *call);
et_call_rc_t et_sentry_release_delete(et_call_t *call);
et_call_rc_t et_sentry_release_commits(et_call_t *call);
et_call_rc_t et_sentry_release_previous(et_call_t *call);
et_call_rc_t et_sentry_deploys(et_call_t *call);
et_call_rc_t et_sentry_deploy_create(et_call_t *call);

/* Uploads of source maps and debug files, which are not offered: 501. */
et_call_rc_t et_sentry_no_uploads(et_call_t *call);


#endif /* ET_SENTRY_RELEASES_H */
