/*
 * The bucket's level is (empty - now) / interval.  To take n moves `empty` by
 * n intervals; there is room where that leaves it no more than burst intervals
 * ahead.
 */

#include "et_limit.h"
#include "et_route.h"


#define ET_LIMIT_WAYS  8

/* nanoseconds, some decades; what a client names can't pass it */
#define ET_LIMIT_FAR   (1ull << 60)


static et_limit_slot_t *et_limit_set(et_limit_slot_t *table, size_t slots,
    uint64_t id);
static et_limit_slot_t *et_limit_find(et_limit_slot_t *set, uint64_t id);
static et_limit_slot_t *et_limit_claim(et_limit_slot_t *set, uint64_t id,
    uint64_t now);
static uint64_t et_limit_room(const et_limit_t *limit, uint64_t empty,
    uint64_t now, uint64_t n, uint64_t *next);


/* No product of the two is longer than ET_LIMIT_FAR. */

static inline uint64_t
et_limit_times(uint64_t interval, uint64_t n)
{
    return interval != 0 && n > ET_LIMIT_FAR / interval ? ET_LIMIT_FAR
                                                        : interval * n;
}


int
et_limit_parse(et_slice_t text, et_limit_t *limit)
{
    size_t      i;
    uint64_t    n;
    et_slice_t  unit;

    static const struct {
        const char  *name;
        uint64_t     seconds;
    } units[] = {
        { "r/s", 1 },
        { "r/m", 60 },
        { "r/h", 3600 },
    };

    memset(limit, 0, sizeof(et_limit_t));

    if (et_slice_eq(text, et_slice_str("off"))) {
        return 1;
    }

    if (text.len < 4) {
        return 0;
    }

    unit = et_slice(text.data + text.len - 3, 3);
    text.len -= 3;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!et_slice_eq(unit, et_slice_str(units[i].name))) {
            continue;
        }

        if (!et_parse_u64(text, &n) || n == 0
            || n > ET_LIMIT_MAX_RATE * units[i].seconds)
        {
            return 0;
        }

        limit->interval = units[i].seconds * ET_LIMIT_SECOND / n;
        limit->burst = n < ET_LIMIT_MAX_BURST ? n : ET_LIMIT_MAX_BURST;

        return 1;
    }

    return 0;
}


int
et_limit_parse_burst(et_slice_t text, uint64_t *burst)
{
    return et_parse_u64(text, burst)
           && *burst != 0 && *burst <= ET_LIMIT_MAX_BURST;
}


uint64_t
et_limit_take(et_limit_slot_t *table, size_t slots, uint64_t id,
    const et_limit_t *limit, uint64_t now, uint64_t n)
{
    uint64_t          empty, next, wait;
    et_limit_slot_t  *set, *slot;

    if (limit->interval == 0 || n == 0) {
        return 0;
    }

    id |= 1;
    set = et_limit_set(table, slots, id);
    slot = et_limit_find(set, id);

    if (slot == NULL) {
        slot = et_limit_claim(set, id, now);
        if (slot == NULL) {
            return 0;
        }
    }

    empty = __atomic_load_n(&slot->empty, __ATOMIC_ACQUIRE);

    do {
        wait = et_limit_room(limit, empty, now, n, &next);
        if (wait != 0) {
            return wait;
        }

    } while (!__atomic_compare_exchange_n(&slot->empty, &empty, next, 0,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));

    return 0;
}


/* 0 and the next time, or how long until there is room. */

static uint64_t
et_limit_room(const et_limit_t *limit, uint64_t empty, uint64_t now,
    uint64_t n, uint64_t *next)
{
    uint64_t  burst, cost, level;

    level = empty > now ? empty - now : 0;
    burst = et_limit_times(limit->interval, limit->burst);
    cost = et_limit_times(limit->interval, n);

    if (cost > burst) {

        /* it is never to fit, so it needs an empty one */

        if (level != 0) {
            return level;
        }

    } else if (level > burst - cost) {
        return level - (burst - cost);
    }

    *next = now + level + cost;

    return 0;
}


void
et_limit_give(et_limit_slot_t *table, size_t slots, uint64_t id,
    const et_limit_t *limit, uint64_t n)
{
    et_limit_slot_t  *slot;

    if (limit->interval == 0 || n == 0) {
        return;
    }

    id |= 1;
    slot = et_limit_find(et_limit_set(table, slots, id), id);

    /* what another has taken meanwhile stands above it, and stays */

    if (slot != NULL) {
        (void) __atomic_fetch_sub(&slot->empty,
                                  et_limit_times(limit->interval, n),
                                  __ATOMIC_ACQ_REL);
    }
}


uint64_t
et_limit_ask(const et_limit_slot_t *table, size_t slots, uint64_t id,
    const et_limit_t *limit, uint64_t now)
{
    uint64_t          next;
    et_limit_slot_t  *slot;

    if (limit->interval == 0) {
        return 0;
    }

    id |= 1;
    slot = et_limit_find(et_limit_set((et_limit_slot_t *) table, slots, id),
                         id);

    return slot == NULL ? 0
           : et_limit_room(limit, __atomic_load_n(&slot->empty,
                                                  __ATOMIC_ACQUIRE),
                           now, 1, &next);
}


static et_limit_slot_t *
et_limit_set(et_limit_slot_t *table, size_t slots, uint64_t id)
{
    return &table[(id >> 1) & (slots - 1) & ~(uint64_t) (ET_LIMIT_WAYS - 1)];
}


static et_limit_slot_t *
et_limit_find(et_limit_slot_t *set, uint64_t id)
{
    unsigned  i;

    for (i = 0; i < ET_LIMIT_WAYS; i++) {
        if (__atomic_load_n(&set[i].id, __ATOMIC_SEQ_CST) == id) {
            return &set[i];
        }
    }

    return NULL;
}


/*
 * A place is claimed by exchanging its id; its time needs no reset, since it
 * has gone by.  Two workers that claim places for the same id at once both
 * look again from the front, and both settle on the first.
 */

static et_limit_slot_t *
et_limit_claim(et_limit_slot_t *set, uint64_t id, uint64_t now)
{
    unsigned  i;
    uint64_t  other;

    for (i = 0; i < ET_LIMIT_WAYS; i++) {
        other = __atomic_load_n(&set[i].id, __ATOMIC_SEQ_CST);

        if (other != 0
            && __atomic_load_n(&set[i].empty, __ATOMIC_ACQUIRE) > now)
        {
            continue;
        }

        if (__atomic_compare_exchange_n(&set[i].id, &other, id, 0,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        {
            return et_limit_find(set, id);
        }
    }

    return NULL;
}
