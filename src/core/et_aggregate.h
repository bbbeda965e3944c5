/*
 * The aggregate: occurrences whose bodies are not kept are counted in rows.
 *
 * A folded row lies, ready in RowBinary, in a buffer of its own (a segment of
 * the zone); each further occurrence of the same error counts up the row's n,
 * moves its first and last time and adds its user, in place.  So freezing the
 * aggregate is no work: the buffer is what will be sent.
 *
 * Promise: one writer, killed at any instant, leaves rows that are whole, and
 * whose n counts each occurrence once.  Occurrences share a row where they
 * agree in kind, project, fingerprint, level, release, environment and minute
 * of their time: every count by these stays exact.
 *
 * The index from error to row is the writer's alone, of fixed size, and needs
 * no saving: without it a new row is begun, and n is summed by readers.
 */

#ifndef ET_AGGREGATE_H
#define ET_AGGREGATE_H

#include "et_row.h"


#define ET_AGGREGATE_ROWS  4096        /* folded rows in one buffer at most */


typedef struct {
    uint64_t  project;
    uint64_t  fingerprint;
    uint64_t  rest;            /* hash of level, release, environment, minute */
    uint32_t  offset;          /* of the row in the buffer */
    uint32_t  round;           /* the place is taken where it is the index's */
} et_aggregate_slot_t;

typedef struct {
    uint32_t             round;
    uint32_t             rows;
    et_aggregate_slot_t  slots[2 * ET_AGGREGATE_ROWS];
} et_aggregate_t;


/* Zeroed memory is an empty aggregate's; this empties it again, for the next
 * buffer. */
void et_aggregate_clear(et_aggregate_t *aggregate);

/* 1 where rows for count further errors have places in the index. */
int et_aggregate_has_room(const et_aggregate_t *aggregate, size_t count);

/*
 * Counts event->n occurrences in base, the buffer whose first *used bytes are rows.
 * Where a row has to be begun, it is put there, and *used grows by its size;
 * the caller has seen to et_row_fold_size() bytes of room and to
 * et_aggregate_has_room().  Returns 1 where a row was begun, else 0.
 *
 * The caller publishes a row that was begun by publishing *used.  Until then
 * it can't be seen.
 */
int et_aggregate_fold(et_aggregate_t *aggregate, char *base, size_t *used,
    const et_event_t *event, uint64_t project);


#endif /* ET_AGGREGATE_H */
