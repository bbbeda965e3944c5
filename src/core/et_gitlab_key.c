/*
 * GitLab's answers.  Only what says so plainly is a yes or a no: a proxy's
 * page, a redirection to a login, a cut body say nothing of the key.
 */

#include <inttypes.h>
#include <stdio.h>

#include "et_auth.h"
#include "et_gitlab_key.h"


#define ET_GITLAB_NAME(symbol, name)  name,

const char *const  et_gitlab_names[ET_GITLAB_COUNT] = {
    ET_GITLABS(ET_GITLAB_NAME)
};


size_t
et_gitlab_form(char *form, et_slice_t key, uint64_t project)
{
    int  len;

    len = key.len < ET_KEY_MAX ? (int) key.len : ET_KEY_MAX;

    /* no character of a key needs to be escaped */

    return (size_t) snprintf(form, ET_GITLAB_FORM,
                             "public_key=%.*s&project_id=%" PRIu64, len,
                             key.data, project);
}


et_gitlab_t
et_gitlab_judge(et_arena_t *arena, unsigned status, char *body, size_t len)
{
    cJSON  *root, *enabled;

    switch (status) {

    case 200:
        if (et_json_parse(arena, body, len, &root) != ET_OK) {
            return ET_GITLAB_UNEXPECTED;
        }

        enabled = et_json_get(root, "enabled");

        if (cJSON_IsTrue(enabled)) {
            return ET_GITLAB_ENABLED;
        }

        return cJSON_IsFalse(enabled) ? ET_GITLAB_DISABLED
                                      : ET_GITLAB_UNEXPECTED;

    case 401:
        return ET_GITLAB_UNAUTHORIZED;

    case 404:
        return ET_GITLAB_NOT_FOUND;

    case 422:
        return ET_GITLAB_INVALID;

    default:
        return status >= 500 ? ET_GITLAB_FAILED : ET_GITLAB_UNEXPECTED;
    }
}


et_answer_t
et_gitlab_answer(et_gitlab_t said)
{
    switch (said) {

    case ET_GITLAB_ENABLED:
        return ET_ANSWER_YES;

    case ET_GITLAB_DISABLED:
    case ET_GITLAB_NOT_FOUND:
    case ET_GITLAB_INVALID:
        return ET_ANSWER_NO;

    default:
        return ET_ANSWER_NONE;
    }
}
