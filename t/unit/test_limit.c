/*
 * Leaky buckets: what fits, how long to wait, clocks, places, and several
 * workers at once.
 */

#include <pthread.h>

#include "et_hash.h"
#include "et_limit.h"
#include "et_test.h"


#define SLOTS    64
#define SECOND   ET_LIMIT_SECOND
#define THREADS  4


static et_limit_slot_t  table[SLOTS];


static et_limit_t
limit(const char *text)
{
    et_limit_t  l;

    et_check(et_limit_parse(et_slice_str(text), &l));

    return l;
}


static uint64_t
take(const et_limit_t *l, uint64_t now, uint64_t n)
{
    return et_limit_take(table, SLOTS, 7, l, now, n);
}


static void
test_parse(void)
{
    size_t      i;
    uint64_t    burst;
    et_limit_t  l;

    static const struct {
        const char  *text;
        uint64_t     interval;
        uint64_t     burst;
    } good[] = {
        { "off", 0, 0 },
        { "1r/s", SECOND, 1 },
        { "1000r/s", SECOND / 1000, 1000 },
        { "1000000r/s", 1000, 1000000 },
        { "1r/m", 60 * SECOND, 1 },
        { "1000r/m", 60000000, 1000 },
        { "1r/h", 3600 * SECOND, 1 },
        { "3600000000r/h", 1000, ET_LIMIT_MAX_BURST },
    };

    static const char *const  bad[] = {
        "", "r/s", "0r/s", "1r/d", "1r", "1", "-1r/s", "1.5r/s", "1000001r/s",
        "3600000001r/h", "99999999999999999999r/s", " 1r/s", "1r/s ", "OFF",
    };

    ET_TEST("a rate is a number a second, minute or hour") {
        for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
            et_check(et_limit_parse(et_slice_str(good[i].text), &l));
            et_check_int(l.interval, good[i].interval);
            et_check_int(l.burst, good[i].burst);
        }

        for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            et_check(!et_limit_parse(et_slice_str(bad[i]), &l));
        }
    }

    ET_TEST("a burst is a number from 1") {
        et_check(et_limit_parse_burst(et_slice_str("1"), &burst));
        et_check(et_limit_parse_burst(et_slice_str("1000000000"), &burst));
        et_check_int(burst, 1000000000);
        et_check(!et_limit_parse_burst(et_slice_str("0"), &burst));
        et_check(!et_limit_parse_burst(et_slice_str("1000000001"), &burst));
        et_check(!et_limit_parse_burst(et_slice_str(""), &burst));
    }
}


static void
test_take(void)
{
    int         i;
    uint64_t    now;
    et_limit_t  l;

    now = 5 * SECOND;
    l = limit("60r/m");
    l.burst = 10;

    ET_TEST("the burst fits at once, and then one for each interval") {
        memset(table, 0, sizeof(table));

        for (i = 0; i < 10; i++) {
            et_check_int(take(&l, now, 1), 0);
        }

        et_check_int(take(&l, now, 1), SECOND);
        et_check_int(take(&l, now + SECOND / 4, 1), SECOND * 3 / 4);
        et_check_int(take(&l, now + SECOND, 1), 0);
        et_check_int(take(&l, now + SECOND, 1), SECOND);
        et_check_int(take(&l, now + 4 * SECOND, 3), 0);
        et_check_int(take(&l, now + 4 * SECOND, 1), SECOND);
    }

    ET_TEST("what is refused takes nothing") {
        memset(table, 0, sizeof(table));

        et_check_int(take(&l, now, 10), 0);

        for (i = 0; i < 1000; i++) {
            et_check_int(take(&l, now, 1), SECOND);
        }

        et_check_int(take(&l, now + SECOND, 1), 0);
    }

    ET_TEST("several fit together or not at all") {
        memset(table, 0, sizeof(table));

        et_check_int(take(&l, now, 8), 0);
        et_check_int(take(&l, now, 3), SECOND);
        et_check_int(take(&l, now, 2), 0);
    }

    ET_TEST("more than the burst needs an empty bucket, and is paid for") {
        memset(table, 0, sizeof(table));

        et_check_int(take(&l, now, 25), 0);
        et_check_int(take(&l, now, 1), 16 * SECOND);
        et_check_int(take(&l, now + 16 * SECOND, 1), 0);
        et_check_int(take(&l, now + 16 * SECOND, 25), 10 * SECOND);
        et_check_int(take(&l, now + 26 * SECOND, UINT64_MAX), 0);
        et_check(take(&l, now + 3600 * SECOND, 1) > 1000000 * SECOND);
    }

    ET_TEST("an idle bucket is no more than empty") {
        memset(table, 0, sizeof(table));

        et_check_int(take(&l, now, 1), 0);
        et_check_int(take(&l, now + 3600 * SECOND, 10), 0);
        et_check_int(take(&l, now + 3600 * SECOND, 1), SECOND);
    }

    ET_TEST("to ask takes nothing; to give back makes room") {
        memset(table, 0, sizeof(table));

        et_check_int(et_limit_ask(table, SLOTS, 7, &l, now), 0);
        et_check_int(take(&l, now, 10), 0);
        et_check_int(et_limit_ask(table, SLOTS, 7, &l, now), SECOND);
        et_limit_give(table, SLOTS, 7, &l, 2);
        et_check_int(et_limit_ask(table, SLOTS, 7, &l, now), 0);
        et_check_int(take(&l, now, 2), 0);
        et_check_int(take(&l, now, 1), SECOND);
    }

    ET_TEST("no limit is none") {
        l = limit("off");
        memset(table, 0, sizeof(table));

        et_check_int(take(&l, now, UINT64_MAX), 0);
        et_check_int(et_limit_ask(table, SLOTS, 7, &l, now), 0);
        et_check_int(table[0].id, 0);
    }
}


static void
test_places(void)
{
    int         i, n;
    uint64_t    id, now;
    et_limit_t  l;

    now = 5 * SECOND;
    l = limit("1r/s");

    ET_TEST("buckets are limited apart, until their places are all in use") {
        memset(table, 0, sizeof(table));

        for (n = 0, i = 0; i < 8; i++) {
            id = (uint64_t) i << 40;
            n += et_limit_take(table, SLOTS, id, &l, now, 1) == 0;
            n += et_limit_take(table, SLOTS, id, &l, now, 1) == SECOND;
        }

        et_check_int(n, 16);

        id = (uint64_t) 8 << 40;
        et_check_int(et_limit_take(table, SLOTS, id, &l, now, 1), 0);
        et_check_int(et_limit_take(table, SLOTS, id, &l, now, 1), 0);
    }

    ET_TEST("an empty bucket's place is free for another") {
        now += SECOND;
        et_check_int(et_limit_take(table, SLOTS, id, &l, now, 1), 0);
        et_check_int(et_limit_take(table, SLOTS, id, &l, now, 1), SECOND);
    }
}


static void *
worker(void *data)
{
    int         i;
    size_t     *n = data;
    et_limit_t  l;

    (void) et_limit_parse(et_slice_str("1r/h"), &l);
    l.burst = 50000;

    for (i = 0; i < 100000; i++) {
        *n += et_limit_take(table, SLOTS, 7, &l, 5 * SECOND, 1) == 0;
    }

    return NULL;
}


static void
test_threads(void)
{
    int        i;
    size_t     n[THREADS], sum;
    pthread_t  threads[THREADS];

    ET_TEST("workers that take at once take what there is, exactly") {
        memset(table, 0, sizeof(table));
        memset(n, 0, sizeof(n));

        for (i = 0; i < THREADS; i++) {
            et_check(pthread_create(&threads[i], NULL, worker, &n[i]) == 0);
        }

        for (i = 0, sum = 0; i < THREADS; i++) {
            et_check(pthread_join(threads[i], NULL) == 0);
            sum += n[i];
        }

        et_check_int(sum, 50000);
    }
}


int
main(void)
{
    test_parse();
    test_take();
    test_places();
    test_threads();

    return et_test_done();
}
