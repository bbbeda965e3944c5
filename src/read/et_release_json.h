/*
 * Releases as JSON: what a client says about one, and what it is shown.
 */

#ifndef ET_RELEASE_JSON_H
#define ET_RELEASE_JSON_H

#include "et_releases.h"
#include "et_sentry.h"


/*
 * What a request says of a release, or of a deploy; members that it does not
 * have stay as they are.  The version is not read.  1, or 0 where the call is
 * answered 400.
 */
int et_release_parse(et_call_t *call, const cJSON *body,
    et_release_put_t *put);
int et_deploy_parse(et_call_t *call, const cJSON *body, et_deploy_t *deploy);

/* A text of at most max bytes: data NULL where it is not there, or null. */
int et_release_text(et_call_t *call, const cJSON *body, const char *name,
    size_t max, et_slice_t *value);

/* 1 where Sentry would take it as a version, too. */
int et_release_version_valid(et_slice_t version);

cJSON *et_release_json(et_call_t *call, const et_sentry_t *sentry,
    const et_release_t *release);
cJSON *et_deploy_json(const et_deploy_t *deploy);

/* Of the JSON that is kept: an array. */
cJSON *et_commits_json(et_call_t *call, et_slice_t commits);

/* Members of what an event says of its release, too. */
void et_out_version(cJSON *object, et_slice_t version);


#endif /* ET_RELEASE_JSON_H */
