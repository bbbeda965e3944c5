/*
 * A worker killed before any store to shared memory while it forms, sends,
 * spools or frees a batch: what it leaves is taken over, and each row is
 * delivered once.
 *
 * The functions under test are the module's; what they call of NGINX is here.
 * ClickHouse and the spool are models: of two deliveries under one token the
 * second is dropped, whatever it has.
 */

#include <setjmp.h>
#include <stdio.h>


static void  test_store(void);

/* each is a moment to be killed at */
#define __atomic_store_n(p, value, order)                                     \
    do { test_store(); *(p) = (value); } while (0)

#include "ngx_http_errortracking_zone_batch.c"


#define SEGMENTS  8
#define BATCH     3

#define OLD       100          /* pids */
#define NEW       200


typedef struct {
    uint64_t    token;
    ngx_uint_t  n;
    uintptr_t   rows[SEGMENTS];
} test_delivery_t;


ngx_pid_t             ngx_pid;
volatile ngx_msec_t   ngx_current_msec = 1000;

static ngx_http_errortracking_segment_t  test_segments[SEGMENTS];
static ngx_http_errortracking_shm_t      test_shm;
static ngx_http_errortracking_worker_t   test_worker;
static ngx_http_errortracking_zone_t     test_zone;
static ngx_slab_pool_t                   test_pool;

static test_delivery_t  test_sent[4 * SEGMENTS], test_spool[4 * SEGMENTS];
static ngx_uint_t       test_nsent, test_nspool;

static jmp_buf          test_killed;
static ngx_uint_t       test_countdown;


static void
test_store(void)
{
    if (test_countdown != 0 && --test_countdown == 0) {
        longjmp(test_killed, 1);
    }
}


void
ngx_shmtx_lock(ngx_shmtx_t *mtx)
{
}


void
ngx_shmtx_unlock(ngx_shmtx_t *mtx)
{
}


ngx_uint_t
ngx_http_errortracking_is_dead(int32_t pid)
{
    return pid != NEW;
}


void
ngx_http_errortracking_zone_seal_segment(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment)
{
    segment->sequence = ++zone->sh->sequence;

    ngx_http_errortracking_set_state(segment, NGX_HTTP_ERRORTRACKING_SEALED);
}


/* Rows are numbered by the segment's address of data. */

static void
test_begin(void)
{
    ngx_uint_t  i;

    ngx_memzero(&test_shm, sizeof(test_shm));
    ngx_memzero(test_segments, sizeof(test_segments));

    test_shm.segments = test_segments;
    test_shm.nsegments = SEGMENTS;
    test_shm.batch = 7;
    test_zone.sh = &test_shm;
    test_zone.shpool = &test_pool;
    test_zone.worker = &test_worker;

    test_nsent = 0;
    test_nspool = 0;

    for (i = 0; i < SEGMENTS; i++) {
        test_segments[i].owner = OLD;
        test_segments[i].published = (uint64_t) 1 << 32 | 1;
        test_segments[i].journaled = 1;
        test_segments[i].data = (char *) (i + 1);
        test_segments[i].sequence = (i * 5) % SEGMENTS;
        test_segments[i].state = NGX_HTTP_ERRORTRACKING_SEALED;
    }

    /* and one is being filled */

    test_segments[3].state = NGX_HTTP_ERRORTRACKING_FILLING;
}


static void
test_deliver(test_delivery_t *to, ngx_uint_t *nto,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t n)
{
    ngx_uint_t  i;

    to = &to[(*nto)++];
    to->token = batch[0]->batch;
    to->n = n;

    for (i = 0; i < n; i++) {
        to->rows[i] = (uintptr_t) batch[i]->data;
    }
}


/* One batch; killed where test_countdown says. */

static void
test_old(ngx_uint_t spool)
{
    ngx_uint_t                         n;
    ngx_http_errortracking_segment_t  *batch[BATCH];

    ngx_pid = OLD;

    n = ngx_http_errortracking_zone_form(&test_zone, 1000, 1000, 0, batch,
                                         BATCH);
    test_store();

    if (spool) {
        test_deliver(test_spool, &test_nspool, batch, n);
    } else {
        test_deliver(test_sent, &test_nsent, batch, n);
    }

    test_store();

    ngx_http_errortracking_zone_free(&test_zone, batch, n);
}


static void
test_new(void)
{
    ngx_uint_t                         i, n;
    ngx_http_errortracking_segment_t  *batch[BATCH];

    ngx_pid = NEW;

    for (i = 0; i < 4 * SEGMENTS; i++) {

        n = ngx_http_errortracking_zone_take_over(&test_zone, batch, BATCH);

        if (n == 0) {
            n = ngx_http_errortracking_zone_form(&test_zone, 1000, 1000, 0,
                                                 batch, BATCH);
        }

        if (n == 0) {
            break;
        }

        test_deliver(test_sent, &test_nsent, batch, n);
        ngx_http_errortracking_zone_free(&test_zone, batch, n);
    }

    /* and what is in the spool, when all else is done */

    for (i = 0; i < test_nspool; i++) {
        test_sent[test_nsent++] = test_spool[i];
    }
}


/* Whether ClickHouse has each row once, and the zone is empty. */

static ngx_uint_t
test_is_whole(void)
{
    ngx_uint_t  i, k, counts[SEGMENTS + 1];

    ngx_memzero(counts, sizeof(counts));

    for (i = 0; i < test_nsent; i++) {

        for (k = 0; k < i && test_sent[k].token != test_sent[i].token; k++) {
            /* void */
        }

        for (k = (k == i) ? 0 : test_sent[i].n; k < test_sent[i].n; k++) {
            counts[test_sent[i].rows[k]]++;
        }
    }

    for (i = 0; i < SEGMENTS; i++) {
        if (counts[i + 1] != 1
            || test_segments[i].state != NGX_HTTP_ERRORTRACKING_FREE)
        {
            return 0;
        }
    }

    return 1;
}


/* Killed before each store in turn; how many there are. */

static ngx_uint_t
test_kills(ngx_uint_t spool, ngx_uint_t *whole)
{
    volatile ngx_uint_t  nth;

    *whole = 1;

    for (nth = 1; nth < 1000; nth++) {

        test_begin();
        test_countdown = nth;

        if (setjmp(test_killed) == 0) {
            test_old(spool);
        }

        if (test_countdown != 0) {
            break;
        }

        test_new();

        if (!test_is_whole()) {
            printf("# killed before store %d\n", (int) nth);
            *whole = 0;
        }
    }

    test_countdown = 0;

    return nth - 1;
}


int
main(void)
{
    ngx_uint_t  stores, whole, failed;

    stores = test_kills(0, &whole);
    failed = !whole || stores < 2 * BATCH;
    printf("%sok 1 - a worker killed before any of %d stores loses and doubles "
           "no row\n", failed ? "not " : "", (int) stores);

    stores = test_kills(1, &whole);
    printf("%sok 2 - nor where the batch is in the spool alone\n",
           !whole || stores < 2 * BATCH ? "not " : "");
    failed |= !whole || stores < 2 * BATCH;

    printf("1..2\n");

    return failed ? 1 : 0;
}
