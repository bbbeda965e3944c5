/*
 * Open addressing over twice as many places as rows; a place of an older
 * round is empty, so that clearing is counting the round up.
 */

#include "et_aggregate.h"
#include "et_hash.h"


#define ET_AGGREGATE_MASK    (2 * ET_AGGREGATE_ROWS - 1)
#define ET_AGGREGATE_MINUTE  (60 * ET_SECOND)


static int et_aggregate_add_user(char *row, uint64_t user);


static inline uint64_t
et_aggregate_get(const char *row, size_t offset)
{
    uint64_t  n;

    memcpy(&n, row + offset, 8);

#if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
    n = __builtin_bswap64(n);
#endif

    return n;
}


/*
 * Eight bytes at once: memcpy() of a constant 8 is one store instruction, and
 * a kill falls between instructions.  The barrier keeps the order in which
 * the head's words are written.
 */

static inline void
et_aggregate_set(char *row, size_t offset, uint64_t n)
{
#if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
    n = __builtin_bswap64(n);
#endif

    memcpy(row + offset, &n, 8);

    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}


static uint64_t
et_aggregate_rest(const et_event_t *event)
{
    uint64_t          hash;
    const et_slice_t  end = ET_SLICE("\xff");

    /* \xff is in no UTF-8 text, so it parts the strings */

    hash = et_fnv1a(ET_FNV_BASIS, event->level);
    hash = et_fnv1a(et_fnv1a(hash, end), event->release);
    hash = et_fnv1a(et_fnv1a(hash, end), event->environment);

    return et_mix64(hash ^ (uint64_t) (event->timestamp / ET_AGGREGATE_MINUTE)
                    ^ (uint64_t) event->kind << 56);
}


void
et_aggregate_clear(et_aggregate_t *aggregate)
{
    aggregate->rows = 0;

    /* the round 0 is that of zeroed places, never that of an index */

    if (++aggregate->round == 0) {
        memset(aggregate->slots, 0, sizeof(aggregate->slots));
        aggregate->round = 1;
    }
}


int
et_aggregate_has_room(const et_aggregate_t *aggregate, size_t count)
{
    return count <= ET_AGGREGATE_ROWS - aggregate->rows;
}


int
et_aggregate_fold(et_aggregate_t *aggregate, char *base, size_t *used,
    const et_event_t *event, uint64_t project)
{
    int                   begun;
    char                 *row;
    uint64_t              rest, i, time;
    et_aggregate_slot_t  *slot;

    if (aggregate->round == 0) {
        et_aggregate_clear(aggregate);
    }

    rest = et_aggregate_rest(event);
    i = et_mix64(project ^ et_mix64(event->grouping_hash ^ rest));

    for ( ;; i++) {
        slot = &aggregate->slots[i & ET_AGGREGATE_MASK];

        if (slot->round != aggregate->round
            || (slot->fingerprint == event->grouping_hash
                && slot->project == project && slot->rest == rest))
        {
            break;
        }
    }

    begun = 0;

    if (slot->round != aggregate->round) {
        slot->project = project;
        slot->fingerprint = event->grouping_hash;
        slot->rest = rest;
        slot->round = aggregate->round;
        aggregate->rows++;
        begun = 1;

    } else if (!et_aggregate_add_user(base + slot->offset, event->user_hash)) {

        /* the row's places for users are taken: the error goes on in a new
         * row, and the full one keeps what it has counted */

        begun = 1;
    }

    if (begun) {
        slot->offset = (uint32_t) *used;
        et_row_fold_encode(base + *used, event, project);
        *used += et_row_fold_size(event);
        (void) et_aggregate_add_user(base + slot->offset, event->user_hash);
    }

    row = base + slot->offset;
    time = (uint64_t) event->timestamp;

    if ((int64_t) time > (int64_t) et_aggregate_get(row, ET_ROW_LAST)) {
        et_aggregate_set(row, ET_ROW_LAST, time);
    }

    if ((int64_t) time < (int64_t) et_aggregate_get(row, ET_ROW_FIRST)) {
        et_aggregate_set(row, ET_ROW_FIRST, time);
    }

    et_aggregate_set(row, ET_ROW_N, et_aggregate_get(row, ET_ROW_N)
                                    + event->n);

    return begun;
}


/* 1 where the user is in the row now, or is none; 0 where there is no place. */

static int
et_aggregate_add_user(char *row, uint64_t user)
{
    size_t    i, offset;
    uint64_t  taken;

    if (user == 0) {
        return 1;
    }

    for (i = 0; i < ET_ROW_FOLD_USERS; i++) {
        offset = ET_ROW_USERS + i * 8;
        taken = et_aggregate_get(row, offset);

        if (taken == user) {
            return 1;
        }

        if (taken == 0) {
            et_aggregate_set(row, offset, user);
            return 1;
        }
    }

    return 0;
}
