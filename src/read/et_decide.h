/*
 * Decisions about errors: resolved, ignored, unresolved again, assigned.
 */

#ifndef ET_DECIDE_H
#define ET_DECIDE_H

#include "et_call.h"
#include "et_search.h"


typedef struct {
    et_status_t   status;      /* ANY: stays as it is */
    et_slice_t    by;          /* who decides; data NULL: nobody known */

    /* RESOLVED */
    et_slice_t    release;     /* in this one; data NULL: from now on */
    unsigned      next_release:1;  /* in the one after the project's latest */
    unsigned      latest_release:1; /* in the project's latest */

    /* IGNORED; 0: without an end.  Counted from now on. */
    int64_t       until;       /* microseconds */
    uint64_t      count;
    uint64_t      users;

    et_slice_t    assigned_to; /* data NULL: stays as it is; len 0: nobody */
} et_decision_t;


/*
 * Adds the statement to the step: about n errors, each a project and a
 * fingerprint.  Errors that are not there stay that way.
 */
void et_decide(et_call_t *call, const et_decision_t *decision,
    const uint64_t *projects, const uint64_t *fingerprints, size_t n);


#endif /* ET_DECIDE_H */
