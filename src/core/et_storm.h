/*
 * The storm limit: how many bodies of one error are kept in an interval.
 *
 * A table in memory that all workers share, without a lock.  A place is two
 * words: the error, and the interval's number with the count in it.  So a
 * place of an interval gone by is free for another error.
 *
 * Promise: no more than the limit of bodies of one error in an interval, over
 * all workers.  Where the eight places that an error may have are all taken
 * by others in this interval, it is not limited: a body too many is kept
 * rather than one too few.
 */

#ifndef ET_STORM_H
#define ET_STORM_H

#include "et_slice.h"


typedef struct {
    uint64_t  error;           /* hash of project and fingerprint */
    uint64_t  count;           /* interval << 32 | bodies kept in it */
} et_storm_slot_t;


/*
 * Counts an occurrence: 1 where its body is to be kept, 0 where the error has
 * had its limit in this interval.  slots is a power of two, at least 8, of
 * zeroed places; interval is a number that grows, such as time divided by the
 * interval's length.
 */
int et_storm_keep(et_storm_slot_t *table, size_t slots, uint64_t project,
    uint64_t fingerprint, uint32_t interval, uint32_t limit);


#endif /* ET_STORM_H */
