/*
 * Deleting a project's data: of every table that has a column "project_id",
 * so that a table of a later schema is not forgotten.
 */

#ifndef ET_DELETE_H
#define ET_DELETE_H

#include "et_call.h"


/*
 * An operation's steps, in turn: which tables, their rows are deleted, and
 * what was deleted is removed from the disk.  ET_CALL_ASK until the rows are
 * gone for every reader; the call is answered 204 then.
 */
et_call_rc_t et_delete_project(et_call_t *call, uint64_t project);

/*
 * The same for n errors, each a project and a fingerprint, with the files and
 * the feedback of their events.  *phase is 0 before the first time.  1 once
 * nothing more is asked; -1 where this is to be called again at the next step;
 * 0 where the call is answered.
 */
int et_delete_errors(et_call_t *call, unsigned *phase,
    const uint64_t *projects, const uint64_t *fingerprints, size_t n);


#endif /* ET_DELETE_H */
