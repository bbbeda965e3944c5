/*
 * A place is claimed by exchanging its error; the count needs no reset, since
 * a count of an older interval is none.  Two workers that claim places for
 * the same error at once both look again from the front, and both settle on
 * the first.
 */

#include "et_storm.h"
#include "et_hash.h"


#define ET_STORM_WAYS  8


static et_storm_slot_t *et_storm_find(et_storm_slot_t *set, uint64_t error);
static et_storm_slot_t *et_storm_claim(et_storm_slot_t *set, uint64_t error,
    uint32_t interval);


/*
 * Workers read the clock apart: the one that is behind by a moment counts in
 * the interval that has begun already, and never winds it back.  A place that
 * was never counted in is older than any interval, those from 2^31 on too.
 */

static inline int
et_storm_older(uint64_t count, uint32_t interval)
{
    return count == 0
           || (int32_t) ((uint32_t) (count >> 32) - interval) < 0;
}


int
et_storm_keep(et_storm_slot_t *table, size_t slots, uint64_t project,
    uint64_t fingerprint, uint32_t interval, uint32_t limit)
{
    uint64_t          error, count, next;
    et_storm_slot_t  *set, *slot;

    error = et_mix64(fingerprint ^ et_mix64(project + 1)) | 1;
    set = &table[(error >> 1) & (slots - 1) & ~(uint64_t) (ET_STORM_WAYS - 1)];

    slot = et_storm_find(set, error);

    if (slot == NULL) {
        slot = et_storm_claim(set, error, interval);
        if (slot == NULL) {
            return 1;
        }
    }

    count = __atomic_load_n(&slot->count, __ATOMIC_ACQUIRE);

    do {
        if (et_storm_older(count, interval)) {
            next = (uint64_t) interval << 32 | 1;

        } else if ((uint32_t) count >= limit) {
            return 0;

        } else {
            next = count + 1;
        }

    } while (!__atomic_compare_exchange_n(&slot->count, &count, next, 0,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));

    return 1;
}


static et_storm_slot_t *
et_storm_find(et_storm_slot_t *set, uint64_t error)
{
    unsigned  i;

    for (i = 0; i < ET_STORM_WAYS; i++) {
        if (__atomic_load_n(&set[i].error, __ATOMIC_SEQ_CST) == error) {
            return &set[i];
        }
    }

    return NULL;
}


static et_storm_slot_t *
et_storm_claim(et_storm_slot_t *set, uint64_t error, uint32_t interval)
{
    unsigned  i;
    uint64_t  other;

    for (i = 0; i < ET_STORM_WAYS; i++) {
        other = __atomic_load_n(&set[i].error, __ATOMIC_SEQ_CST);

        if (other != 0
            && !et_storm_older(__atomic_load_n(&set[i].count,
                                               __ATOMIC_ACQUIRE),
                               interval))
        {
            continue;
        }

        if (__atomic_compare_exchange_n(&set[i].error, &other, error, 0,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        {
            return et_storm_find(set, error);
        }
    }

    return NULL;
}
