/*
 * How segments pass from hand to hand: sealed ones become a batch, a batch is
 * sent and freed, or left to another worker.
 */

#include "ngx_http_errortracking_journal.h"


static uint64_t ngx_http_errortracking_zone_dead(
    ngx_http_errortracking_zone_t *zone);
static ngx_uint_t ngx_http_errortracking_zone_collect(
    ngx_http_errortracking_zone_t *zone, uint64_t number,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t max);
static int ngx_libc_cdecl ngx_http_errortracking_by_order(const void *one,
    const void *two);


ngx_uint_t
ngx_http_errortracking_zone_form(ngx_http_errortracking_zone_t *zone,
    size_t max_bytes, uint64_t max_rows, ngx_msec_t age,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t max)
{
    size_t                             bytes;
    uint64_t                           rows;
    ngx_uint_t                         i, k, n, full, free, filling, state;
    ngx_http_errortracking_shm_t      *sh;
    ngx_http_errortracking_segment_t  *segment;

    sh = zone->sh;

    ngx_shmtx_lock(&zone->shpool->mutex);

    /* the oldest max segments, kept in order by insertion: zones have tens to
     * hundreds of segments, and this happens about once a second */

    for (i = 0, n = 0, free = 0, filling = 0; i < sh->nsegments; i++) {
        segment = &sh->segments[i];
        state = ngx_http_errortracking_segment_state(segment);

        if (state != NGX_HTTP_ERRORTRACKING_SEALED
            || !__atomic_load_n(&segment->journaled, __ATOMIC_ACQUIRE))
        {
            free += (state == NGX_HTTP_ERRORTRACKING_FREE);
            filling += (state == NGX_HTTP_ERRORTRACKING_FILLING);
            continue;
        }

        if (n == max) {
            if (segment->sequence > batch[n - 1]->sequence) {
                continue;
            }

            n--;
        }

        for (k = n++; k > 0 && batch[k - 1]->sequence > segment->sequence;
             k--)
        {
            batch[k] = batch[k - 1];
        }

        batch[k] = segment;
    }

    for (i = 0, bytes = 0, rows = 0, full = 0; i < n; i++) {
        bytes += ngx_http_errortracking_segment_bytes(batch[i]);
        rows += ngx_http_errortracking_segment_rows(batch[i]);

        if (i > 0 && (bytes > max_bytes || rows > max_rows
                      || batch[0]->own_token || batch[i]->own_token))
        {
            n = i;
            full = 1;
        }
    }

    /* what workers fill is no backlog: with many workers it may be most of
     * the zone */

    if (n > 0 && !full && free >= (sh->nsegments - filling) / 4
        && ngx_current_msec - batch[0]->opened < age)
    {
        n = 0;
    }

    if (n > 0 && !batch[0]->own_token) {
        sh->batch++;
    }

    for (i = 0; i < n; i++) {
        if (!batch[i]->own_token) {
            batch[i]->batch = sh->batch;
            batch[i]->order = i;
        }

        batch[i]->owner = ngx_pid;

        ngx_http_errortracking_set_state(batch[i],
                                         NGX_HTTP_ERRORTRACKING_SENDING);
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return n;
}


uint64_t
ngx_http_errortracking_zone_number(ngx_http_errortracking_zone_t *zone,
    ngx_uint_t n)
{
    uint64_t  number;

    ngx_shmtx_lock(&zone->shpool->mutex);

    number = zone->sh->batch + 1;
    zone->sh->batch += n;

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return number;
}


/* Under the mutex, so that nobody takes over a part of a batch. */

void
ngx_http_errortracking_zone_hand_over(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t n)
{
    ngx_uint_t  i;

    ngx_shmtx_lock(&zone->shpool->mutex);

    for (i = 0; i < n; i++) {
        __atomic_store_n(&batch[i]->owner, 0, __ATOMIC_RELEASE);
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


/* In their order, so that what is left, should this end between, begins with
 * another than the first. */

void
ngx_http_errortracking_zone_free(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        ngx_http_errortracking_set_state(batch[i],
                                         NGX_HTTP_ERRORTRACKING_FREE);
    }
}


ngx_uint_t
ngx_http_errortracking_zone_take_over(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t max)
{
    uint64_t    number;
    ngx_uint_t  i, n;

    ngx_shmtx_lock(&zone->shpool->mutex);

    for ( ;; ) {
        number = ngx_http_errortracking_zone_dead(zone);

        n = number == 0 ? 0 : ngx_http_errortracking_zone_collect(zone, number,
                                                                  batch, max);

        if (n == 0 || batch[0]->order == 0) {
            break;
        }

        /* its sender has died while freeing it: all of it is stored, perhaps
         * in the spool, and this rest under its token would be all of it to
         * ClickHouse */

        ngx_http_errortracking_zone_free(zone, batch, n);
    }

    for (i = 0; i < n; i++) {
        __atomic_store_n(&batch[i]->owner, (int32_t) ngx_pid,
                         __ATOMIC_RELEASE);
        ngx_http_errortracking_inc(zone->worker->counters.taken_over);
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return n;
}


/* Seals what dead workers filled.  Returns the number of a batch that one of
 * them was sending, or 0. */

static uint64_t
ngx_http_errortracking_zone_dead(ngx_http_errortracking_zone_t *zone)
{
    int32_t                            owner;
    uint64_t                           number;
    ngx_uint_t                         i, state;
    ngx_http_errortracking_segment_t  *segment;

    number = 0;

    for (i = 0; i < zone->sh->nsegments; i++) {
        segment = &zone->sh->segments[i];
        state = ngx_http_errortracking_segment_state(segment);
        owner = ngx_http_errortracking_owner(segment);

        if (state == NGX_HTTP_ERRORTRACKING_FREE || owner == (int32_t) ngx_pid
            || (state == NGX_HTTP_ERRORTRACKING_SEALED && segment->journaled)
            || (state == NGX_HTTP_ERRORTRACKING_SENDING && number != 0)
            || !ngx_http_errortracking_is_dead(owner))
        {
            continue;
        }

        switch (state) {

        case NGX_HTTP_ERRORTRACKING_FILLING:

            if (ngx_http_errortracking_segment_bytes(segment) == 0) {
                ngx_http_errortracking_set_state(segment,
                                                NGX_HTTP_ERRORTRACKING_FREE);
                break;
            }

            ngx_http_errortracking_zone_seal_segment(zone, segment);
            ngx_http_errortracking_inc(zone->worker->counters.taken_over);

            /* fall through */

        case NGX_HTTP_ERRORTRACKING_SEALED:

            /* what is not in its file was acknowledged to nobody */

            ngx_http_errortracking_set_journaled(segment);
            break;

        default: /* NGX_HTTP_ERRORTRACKING_SENDING */
            number = segment->batch;
        }
    }

    return number;
}


/* A batch is taken whole: its owner may have died while it was looked at, and
 * a part under the batch's token would be all of it to ClickHouse. */

static ngx_uint_t
ngx_http_errortracking_zone_collect(ngx_http_errortracking_zone_t *zone,
    uint64_t number, ngx_http_errortracking_segment_t **batch, ngx_uint_t max)
{
    ngx_uint_t                         i, n;
    ngx_http_errortracking_segment_t  *segment;

    for (i = 0, n = 0; i < zone->sh->nsegments && n < max; i++) {
        segment = &zone->sh->segments[i];

        if (ngx_http_errortracking_segment_state(segment)
            == NGX_HTTP_ERRORTRACKING_SENDING
            && segment->batch == number)
        {
            batch[n++] = segment;
        }
    }

    ngx_qsort(batch, n, sizeof(ngx_http_errortracking_segment_t *),
              ngx_http_errortracking_by_order);

    return n;
}


static int ngx_libc_cdecl
ngx_http_errortracking_by_order(const void *one, const void *two)
{
    const ngx_http_errortracking_segment_t  *a, *b;

    a = *(ngx_http_errortracking_segment_t *const *) one;
    b = *(ngx_http_errortracking_segment_t *const *) two;

    return a->order < b->order ? -1 : a->order > b->order;
}
