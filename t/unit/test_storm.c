/*
 * The storm limit: exact for one error, over threads too; a clock that is
 * behind, a place that another error had, a table without a place.
 */

#include <pthread.h>

#include "et_storm.h"
#include "et_test.h"


#define ET_TEST_SLOTS      64
#define ET_TEST_THREADS    8
#define ET_TEST_HITS       20000
#define ET_TEST_LIMIT      100
#define ET_TEST_INTERVALS  20


static et_storm_slot_t     et_test_table[ET_TEST_SLOTS];
static unsigned            et_test_kept[ET_TEST_THREADS][ET_TEST_INTERVALS];
static pthread_barrier_t   et_test_barrier;


static int
et_test_keep(uint64_t fingerprint, uint32_t interval, uint32_t limit)
{
    return et_storm_keep(et_test_table, ET_TEST_SLOTS, 1, fingerprint,
                         interval, limit);
}


static unsigned
et_test_count(unsigned n, uint64_t fingerprint, uint32_t interval,
    uint32_t limit)
{
    unsigned  kept;

    for (kept = 0; n > 0; n--) {
        kept += et_test_keep(fingerprint, interval, limit);
    }

    return kept;
}


static void
et_test_clear(void)
{
    memset(et_test_table, 0, sizeof(et_test_table));
}


/* All threads begin and end each interval together, on one error. */

static void *
et_test_hammer(void *data)
{
    unsigned  i, n, *kept;

    kept = data;

    for (i = 0; i < ET_TEST_INTERVALS; i++) {
        (void) pthread_barrier_wait(&et_test_barrier);

        for (n = 0; n < ET_TEST_HITS / ET_TEST_INTERVALS; n++) {
            kept[i] += et_test_keep(7, 1000 + i, ET_TEST_LIMIT);
        }
    }

    return NULL;
}


/* The same, where some threads' clocks run ahead or behind by one. */

static void *
et_test_skewed(void *data)
{
    unsigned  i, n, *kept, skew;

    kept = data;
    skew = (kept - et_test_kept[0]) / ET_TEST_INTERVALS % 3;

    for (i = 0; i < ET_TEST_INTERVALS; i++) {
        (void) pthread_barrier_wait(&et_test_barrier);

        for (n = 0; n < ET_TEST_HITS / ET_TEST_INTERVALS; n++) {
            kept[i] += et_test_keep(7, 1000 + i + skew, ET_TEST_LIMIT);
        }
    }

    return NULL;
}


static void
et_test_threads(void *(*start)(void *))
{
    int        rc;
    unsigned   i;
    pthread_t  threads[ET_TEST_THREADS];

    et_test_clear();
    memset(et_test_kept, 0, sizeof(et_test_kept));

    rc = pthread_barrier_init(&et_test_barrier, NULL, ET_TEST_THREADS);
    et_check_int(rc, 0);

    for (i = 0; i < ET_TEST_THREADS; i++) {
        rc = pthread_create(&threads[i], NULL, start, et_test_kept[i]);

        if (rc != 0) {
            printf("Bail out! pthread_create() failed: %d\n", rc);
            exit(1);
        }
    }

    for (i = 0; i < ET_TEST_THREADS; i++) {
        (void) pthread_join(threads[i], NULL);
    }

    (void) pthread_barrier_destroy(&et_test_barrier);
}


int
main(void)
{
    unsigned  i, k, kept;
    uint64_t  f;

    ET_TEST("the limit of bodies is kept in an interval, and no more") {
        et_test_clear();

        et_check_int(et_test_count(1000, 7, 5, 100), 100);
        et_check_int(et_test_count(1000, 7, 5, 100), 0);
    }

    ET_TEST("fewer occurrences than the limit are all kept") {
        et_test_clear();

        et_check_int(et_test_count(99, 7, 5, 100), 99);
        et_check_int(et_test_count(2, 7, 5, 100), 1);
    }

    ET_TEST("a limit of one keeps the first body") {
        et_test_clear();

        et_check_int(et_test_keep(7, 5, 1), 1);
        et_check_int(et_test_keep(7, 5, 1), 0);
    }

    ET_TEST("the next interval has a limit of its own, in the same place") {
        et_test_clear();

        for (i = 0; i < 100; i++) {
            et_check_int(et_test_count(50, 7, 5 + i, 10), 10);
        }

        for (i = 0, kept = 0; i < ET_TEST_SLOTS; i++) {
            kept += et_test_table[i].error != 0;
        }

        et_check_int(kept, 1);
    }

    ET_TEST("a worker whose clock is behind counts in the newer interval") {
        et_test_clear();

        et_check_int(et_test_count(4, 7, 6, 10), 4);
        et_check_int(et_test_count(3, 7, 5, 10), 3);
        et_check_int(et_test_count(50, 7, 6, 10), 3);
        et_check_int(et_test_count(50, 7, 5, 10), 0);
        et_check_int(et_test_count(50, 7, 6, 10), 0);
    }

    ET_TEST("the number of the interval may wrap round") {
        et_test_clear();

        et_check_int(et_test_count(50, 7, UINT32_MAX, 10), 10);
        et_check_int(et_test_count(50, 7, 0, 10), 10);
        et_check_int(et_test_count(50, 7, UINT32_MAX, 10), 0);
        et_check_int(et_test_count(50, 7, 1, 10), 10);
    }

    ET_TEST("an interval's number may be large from the first on") {
        et_test_clear();

        et_check_int(et_test_count(50, 7, 0x80000001, 10), 10);
        et_check_int(et_test_count(50, 7, 0x80000002, 10), 10);
    }

    ET_TEST("two errors have a limit each, and so have two projects") {
        et_test_clear();

        et_check_int(et_test_count(50, 7, 5, 10), 10);
        et_check_int(et_test_count(50, 8, 5, 10), 10);

        for (i = 0, kept = 0; i < 50; i++) {
            kept += et_storm_keep(et_test_table, ET_TEST_SLOTS, 2, 7, 5, 10);
        }

        et_check_int(kept, 10);
    }

    ET_TEST("an error that finds no place is kept, and others stay limited") {
        et_test_clear();

        /* eight places in all: eight errors get one, in order */

        for (f = 0; f < 8; f++) {
            for (i = 0, kept = 0; i < 20; i++) {
                kept += et_storm_keep(et_test_table, 8, 1, f, 5, 10);
            }

            et_check_int(kept, 10);
        }

        for (i = 0, kept = 0; i < 1000; i++) {
            kept += et_storm_keep(et_test_table, 8, 1, 100 + i % 10, 5, 10);
        }

        et_check_int(kept, 1000);

        for (f = 0, kept = 0; f < 8; f++) {
            kept += et_storm_keep(et_test_table, 8, 1, f, 5, 10);
        }

        et_check_int(kept, 0);
    }

    ET_TEST("the places of an interval gone by are other errors' places") {
        et_test_clear();

        for (f = 0; f < 8; f++) {
            (void) et_storm_keep(et_test_table, 8, 1, f, 5, 1);
        }

        for (f = 100; f < 108; f++) {
            et_check_int(et_storm_keep(et_test_table, 8, 1, f, 6, 1), 1);
            et_check_int(et_storm_keep(et_test_table, 8, 1, f, 6, 1), 0);
        }
    }

    ET_TEST("no place outside the table is touched, for any error") {
        static et_storm_slot_t  wide[3 * ET_TEST_SLOTS];

        for (f = 0; f < 100000; f++) {
            (void) et_storm_keep(wide + ET_TEST_SLOTS, ET_TEST_SLOTS, f * f,
                                 f, (uint32_t) (f / 50), 1);
        }

        for (i = 0; i < ET_TEST_SLOTS; i++) {
            et_check_int(wide[i].count, 0);
            et_check_int(wide[2 * ET_TEST_SLOTS + i].count, 0);
            et_check(wide[ET_TEST_SLOTS + i].count != 0);
        }
    }

    ET_TEST("eight threads on one error keep exactly its limit an interval") {
        et_test_threads(et_test_hammer);

        for (i = 0; i < ET_TEST_INTERVALS; i++) {
            for (k = 0, kept = 0; k < ET_TEST_THREADS; k++) {
                kept += et_test_kept[k][i];
            }

            et_check_int(kept, ET_TEST_LIMIT);
        }
    }

    ET_TEST("threads whose clocks differ keep no more than the limit either")
    {
        et_test_threads(et_test_skewed);

        for (i = 0, kept = 0; i < ET_TEST_INTERVALS; i++) {
            for (k = 0; k < ET_TEST_THREADS; k++) {
                kept += et_test_kept[k][i];
            }
        }

        /* the intervals 1000 to 1021 were counted in, 1000 and 1001 perhaps
         * only for a moment */

        et_check(kept <= (ET_TEST_INTERVALS + 2) * ET_TEST_LIMIT);
        et_check(kept >= ET_TEST_INTERVALS * ET_TEST_LIMIT);
    }

    return et_test_done();
}
