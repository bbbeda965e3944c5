/*
 * Leaky buckets in memory that all workers share, without a lock.
 *
 * A bucket is two words: whose it is, and the time at which it will be empty
 * (the generic cell rate algorithm, ITU-T I.371).  An empty bucket is like a
 * new one, so its place is free for another; a process that dies leaves none
 * half written.
 *
 * Promise: over any time no more is taken from a bucket than the burst and
 * what the rate gives, over all workers; a check is a few loads and at most
 * one exchange.  Where the eight places that a bucket may have are all in use
 * by others, it is not limited: too many are taken rather than too few.
 */

#ifndef ET_LIMIT_H
#define ET_LIMIT_H

#include "et_slice.h"


#define ET_LIMIT_SECOND     1000000000ull    /* of the times here: nanoseconds */

#define ET_LIMIT_MAX_RATE   1000000          /* a second */
#define ET_LIMIT_MAX_BURST  1000000000


typedef struct {
    uint64_t  id;              /* 0: never used */
    uint64_t  empty;           /* when it is empty, nanoseconds */
} et_limit_slot_t;

typedef struct {
    uint64_t  interval;        /* nanoseconds for one; 0: no limit */
    uint64_t  burst;           /* so many at once */
} et_limit_t;


/*
 * "1000r/m", as limit_req has it, also r/s and r/h; or "off".  The burst is
 * the rate's number.  0 where it is malformed.
 */
int et_limit_parse(et_slice_t text, et_limit_t *limit);

/* A burst: 1 to ET_LIMIT_MAX_BURST. */
int et_limit_parse_burst(et_slice_t text, uint64_t *burst);

/*
 * Takes n from the bucket of the id: 0, or the nanoseconds until there will
 * be room.  More than the burst at once is taken from an empty bucket, which
 * is then as much longer not empty.  slots is a power of two, at least 8, of
 * zeroed places; now is the time of a clock that goes forward only, not 0.
 */
uint64_t et_limit_take(et_limit_slot_t *table, size_t slots, uint64_t id,
    const et_limit_t *limit, uint64_t now, uint64_t n);

/* Gives back what et_limit_take() took a moment ago. */
void et_limit_give(et_limit_slot_t *table, size_t slots, uint64_t id,
    const et_limit_t *limit, uint64_t n);

/* What et_limit_take() of one would return now, taking nothing. */
uint64_t et_limit_ask(const et_limit_slot_t *table, size_t slots,
    uint64_t id, const et_limit_t *limit, uint64_t now);


#endif /* ET_LIMIT_H */
