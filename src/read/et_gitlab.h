/*
 * GitLab's errortracking-api, as its client asks for it: see
 * docs/read-api.md.
 */

#ifndef ET_GITLAB_H
#define ET_GITLAB_H

#include "et_call.h"


extern const et_operation_t  et_gitlab_operations[];


#endif /* ET_GITLAB_H */
