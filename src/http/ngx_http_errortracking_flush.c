/*
 * Flushing: when segments are sealed, who posts them, and when they go to the
 * spool instead.
 *
 * Each worker has a timer.  On each tick it seals what it has filled for
 * long enough; one worker at a time holds the flush role and posts what all
 * have sealed.  The role is given up by an exiting worker and taken from one
 * that is dead or silent; its holder works on its own batches alone, so two
 * holders for a moment do no harm.
 */

#include "ngx_http_errortracking_journal.h"


/* milliseconds */
#define NGX_HTTP_ERRORTRACKING_TICK           100
#define NGX_HTTP_ERRORTRACKING_IDLE_TICK      1000
#define NGX_HTTP_ERRORTRACKING_TAKE_OVER      250
#define NGX_HTTP_ERRORTRACKING_SILENT         5000


static void ngx_http_errortracking_tick(ngx_event_t *ev);
static ngx_uint_t ngx_http_errortracking_has_role(
    ngx_http_errortracking_flusher_t *flusher);
static void ngx_http_errortracking_leave_role(
    ngx_http_errortracking_flusher_t *flusher);
static void ngx_http_errortracking_take_over(
    ngx_http_errortracking_flusher_t *flusher);
static void ngx_http_errortracking_send_due(
    ngx_http_errortracking_flusher_t *flusher);
static void ngx_http_errortracking_send_new(
    ngx_http_errortracking_flusher_t *flusher);
static ngx_uint_t ngx_http_errortracking_may_send(
    ngx_http_errortracking_flusher_t *flusher);
static void ngx_http_errortracking_spool(
    ngx_http_errortracking_flusher_t *flusher);
static ngx_http_errortracking_batch_t *ngx_http_errortracking_spool_batch(
    ngx_http_errortracking_flusher_t *flusher, ngx_uint_t poison);
static void ngx_http_errortracking_rearm(
    ngx_http_errortracking_flusher_t *flusher);
static ngx_uint_t ngx_http_errortracking_is_time(
    ngx_http_errortracking_flusher_t *flusher);


ngx_int_t
ngx_http_errortracking_flush_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t                         i;
    ngx_http_errortracking_flusher_t  *flusher;

    flusher = zone->flusher;

    flusher->batches = ngx_calloc(NGX_HTTP_ERRORTRACKING_BATCHES
                                  * sizeof(ngx_http_errortracking_batch_t),
                                  cycle->log);
    if (flusher->batches == NULL
        || ngx_http_errortracking_schema_init(cycle, flusher) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_BATCHES; i++) {
        flusher->batches[i].flusher = flusher;
    }

    flusher->dummy.fd = (ngx_socket_t) -1;
    flusher->tick.data = &flusher->dummy;
    flusher->tick.handler = ngx_http_errortracking_tick;
    flusher->tick.log = cycle->log;

    /* what the workers before this one have left may be waiting */

    ngx_http_errortracking_rearm(flusher);

    return NGX_OK;
}


void
ngx_http_errortracking_flush_exit(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t                         i;
    ngx_http_errortracking_batch_t    *batch;
    ngx_http_errortracking_flusher_t  *flusher;

    flusher = zone->flusher;

    if (flusher->batches == NULL) {
        return;
    }

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_BATCHES; i++) {
        batch = &flusher->batches[i];

        if (batch->n != 0) {
            ngx_http_errortracking_batch_hand_over(batch);
        }
    }

    ngx_http_errortracking_leave_role(flusher);

    ngx_free(flusher->batches);
    flusher->batches = NULL;
}


void
ngx_http_errortracking_flush_soon(ngx_http_errortracking_zone_t *zone,
    ngx_msec_t delay)
{
    ngx_event_t  *tick;

    tick = &zone->flusher->tick;

    if (tick->timer_set && !tick->cancelable
        && (ngx_msec_int_t) (tick->timer.key - ngx_current_msec - delay) <= 0)
    {
        return;
    }

    /* a timer that is cancelable would let an exiting worker go */

    if (tick->timer_set) {
        ngx_del_timer(tick);
    }

    tick->cancelable = 0;
    ngx_add_timer(tick, delay);
}


static void
ngx_http_errortracking_tick(ngx_event_t *ev)
{
    ngx_connection_t                  *c;
    ngx_http_errortracking_zone_t     *zone;
    ngx_http_errortracking_flusher_t  *flusher;

    c = ev->data;
    flusher = (ngx_http_errortracking_flusher_t *)
               ((u_char *) c - offsetof(ngx_http_errortracking_flusher_t,
                                        dummy));
    zone = flusher->zone;

    if (ngx_exiting) {
        if (!flusher->exiting) {
            flusher->exiting = 1;
            flusher->exiting_since = ngx_current_msec;

            /* little time is left: what waits is tried now */

            zone->sh->retry_at = ngx_current_msec;
        }

        ngx_http_errortracking_zone_seal(zone, 0);

    } else if ((zone->sh->breaker.failures == 0
                || ngx_http_errortracking_may_send(flusher))
               && !__atomic_load_n(&zone->sh->busy, __ATOMIC_ACQUIRE))
    {
        /* a segment that can't be sent yet is better filled: else a ClickHouse
         * that is only slow would fill the zone with nearly empty ones; but
         * a probe needs a batch */

        ngx_http_errortracking_zone_seal(zone, flusher->interval);
    }

    if (ngx_http_errortracking_has_role(flusher)) {
        ngx_http_errortracking_take_over(flusher);
        ngx_http_errortracking_send_due(flusher);
        ngx_http_errortracking_send_new(flusher);
        ngx_http_errortracking_schema_tick(flusher);

        if (zone->spool != NULL) {
            ngx_http_errortracking_spool(flusher);
        }

        __atomic_store_n(&zone->sh->busy,
                         flusher->posting >= flusher->in_flight,
                         __ATOMIC_RELEASE);

    } else {

        /* it may have been taken from this worker, which was silent */

        ngx_http_errortracking_leave_role(flusher);
    }

    ngx_http_errortracking_journal_tick(zone);
    ngx_http_errortracking_rearm(flusher);
}


static ngx_uint_t
ngx_http_errortracking_has_role(ngx_http_errortracking_flusher_t *flusher)
{
    int32_t                        holder;
    uint64_t                       seen;
    ngx_http_errortracking_shm_t  *sh;

    sh = flusher->zone->sh;

    if (ngx_exiting && ngx_http_errortracking_zone_has_heir(flusher->zone)) {
        return 0;
    }

    holder = __atomic_load_n(&sh->flusher, __ATOMIC_ACQUIRE);
    seen = __atomic_load_n(&sh->flusher_seen, __ATOMIC_ACQUIRE);

    if (holder != (int32_t) ngx_pid) {

        if (!ngx_http_errortracking_is_dead(holder)
            && ngx_current_msec < seen + NGX_HTTP_ERRORTRACKING_SILENT)
        {
            return 0;
        }

        if (!__atomic_compare_exchange_n(&sh->flusher, &holder,
                                         (int32_t) ngx_pid, 0,
                                         __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        {
            return 0;
        }
    }

    __atomic_store_n(&sh->flusher_seen, (uint64_t) ngx_current_msec,
                     __ATOMIC_RELEASE);

    return 1;
}


/* What waits is left to the next holder; what is on its way ends here. */

static void
ngx_http_errortracking_leave_role(ngx_http_errortracking_flusher_t *flusher)
{
    int32_t                          holder;
    ngx_uint_t                       i;
    ngx_http_errortracking_batch_t  *batch;

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_BATCHES; i++) {
        batch = &flusher->batches[i];

        if (batch->n != 0 && !batch->posting && !batch->spooling) {
            ngx_http_errortracking_batch_hand_over(batch);
        }
    }

    holder = ngx_pid;

    if (__atomic_compare_exchange_n(&flusher->zone->sh->flusher, &holder, 0, 0,
                                    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    {
        __atomic_store_n(&flusher->zone->sh->busy, 0, __ATOMIC_RELEASE);
    }
}


static void
ngx_http_errortracking_take_over(ngx_http_errortracking_flusher_t *flusher)
{
    ngx_uint_t                       n;
    ngx_http_errortracking_batch_t  *batch;

    if (flusher->took_over != 0
        && ngx_current_msec - flusher->took_over
           < NGX_HTTP_ERRORTRACKING_TAKE_OVER)
    {
        return;
    }

    flusher->took_over = ngx_current_msec;

    for ( ;; ) {
        batch = ngx_http_errortracking_batch_slot(flusher);
        if (batch == NULL) {
            return;
        }

        n = ngx_http_errortracking_zone_take_over(flusher->zone,
                                        batch->segments,
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS);
        if (n == 0) {
            return;
        }

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "errortracking batch %uL of %ui segments is taken over",
                      batch->segments[0]->batch, n);

        ngx_http_errortracking_batch_begin(batch, n);
    }
}


static void
ngx_http_errortracking_send_due(ngx_http_errortracking_flusher_t *flusher)
{
    ngx_uint_t                       i;
    ngx_http_errortracking_batch_t  *batch;

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_BATCHES; i++) {
        batch = &flusher->batches[i];

        if (batch->n != 0 && !batch->posting && !batch->spooling
            && !batch->poison
            && (ngx_msec_int_t) (ngx_current_msec - batch->retry_at) >= 0
            && ngx_http_errortracking_may_send(flusher))
        {
            ngx_http_errortracking_batch_send(batch);
        }
    }
}


static void
ngx_http_errortracking_send_new(ngx_http_errortracking_flusher_t *flusher)
{
    ngx_uint_t                       n;
    ngx_http_errortracking_batch_t  *batch;

    while (ngx_http_errortracking_may_send(flusher)) {

        batch = ngx_http_errortracking_batch_slot(flusher);
        if (batch == NULL) {
            return;
        }

        n = ngx_http_errortracking_zone_form(flusher->zone,
                                        flusher->batch_size,
                                        flusher->batch_rows,
                                        ngx_exiting ? 0 : flusher->interval,
                                        batch->segments,
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS);
        if (n == 0) {
            return;
        }

        ngx_http_errortracking_batch_begin(batch, n);
        ngx_http_errortracking_batch_send(batch);
    }
}


static ngx_uint_t
ngx_http_errortracking_may_send(ngx_http_errortracking_flusher_t *flusher)
{
    ngx_http_errortracking_shm_t  *sh;

    sh = flusher->zone->sh;

    if (sh->breaker.failures == 0) {
        return flusher->posting < flusher->in_flight;
    }

    return flusher->posting == 0
           && (ngx_msec_int_t) (ngx_current_msec - (ngx_msec_t) sh->retry_at)
              >= 0;
}


/*
 * Out: what is poison, and where ClickHouse does not keep up what fills the
 * zone.  In: while it does, and the zone has room for what comes in
 * meanwhile; and as a probe, which the zone may have no batch for.
 *
 * The segments that workers fill do not count: with many workers they may be
 * most of the zone, whatever ClickHouse does.
 */

static void
ngx_http_errortracking_spool(ngx_http_errortracking_flusher_t *flusher)
{
    ngx_uint_t                       free, n;
    ngx_http_errortracking_shm_t    *sh;
    ngx_http_errortracking_zone_t   *zone;
    ngx_http_errortracking_batch_t  *batch;
    ngx_http_errortracking_usage_t   usage;

    zone = flusher->zone;
    sh = zone->sh;

    ngx_http_errortracking_zone_usage(zone, &usage);

    free = usage.segments[NGX_HTTP_ERRORTRACKING_FREE];
    n = sh->nsegments - usage.segments[NGX_HTTP_ERRORTRACKING_FILLING];

    ngx_http_errortracking_spool_in(zone, !ngx_exiting && free >= n / 2
                                    && (sh->breaker.failures == 0
                                        || ngx_http_errortracking_may_send(
                                                                  flusher)));

    batch = ngx_http_errortracking_spool_batch(flusher, 1);

    if (batch == NULL && free < (sh->breaker.failures != 0 ? n / 2 : n / 4)) {
        batch = ngx_http_errortracking_spool_batch(flusher, 0);
    }

    if (batch == NULL) {
        return;
    }

    /* before it begins: it may be done when that returns */

    batch->spooling = 1;

    if (ngx_http_errortracking_spool_out(batch,
                                         batch->poison ? &batch->why : NULL)
        != NGX_OK)
    {
        batch->spooling = 0;
    }
}


/* The oldest batch that waits, or a new one of what is sealed. */

static ngx_http_errortracking_batch_t *
ngx_http_errortracking_spool_batch(ngx_http_errortracking_flusher_t *flusher,
    ngx_uint_t poison)
{
    ngx_uint_t                       i, n;
    ngx_http_errortracking_batch_t  *batch, *oldest;

    oldest = NULL;

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_BATCHES; i++) {
        batch = &flusher->batches[i];

        if (batch->n != 0 && !batch->posting && !batch->spooling
            && batch->poison == poison
            && (oldest == NULL
                || batch->segments[0]->batch < oldest->segments[0]->batch))
        {
            oldest = batch;
        }
    }

    if (oldest != NULL || poison) {
        return oldest;
    }

    batch = ngx_http_errortracking_batch_slot(flusher);
    if (batch == NULL) {
        return NULL;
    }

    n = ngx_http_errortracking_zone_form(flusher->zone, flusher->batch_size,
                                        flusher->batch_rows, 0,
                                        batch->segments,
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS);
    if (n == 0) {
        return NULL;
    }

    ngx_http_errortracking_batch_begin(batch, n);

    return batch;
}


/*
 * NGINX lets an exiting worker end when only cancelable timers are left: so
 * the timer is cancelable where nothing is kept in the zone, and is not set
 * again where a newer worker will see to the rest.
 */

static void
ngx_http_errortracking_rearm(ngx_http_errortracking_flusher_t *flusher)
{
    ngx_uint_t                      i, kept, busy;
    ngx_http_errortracking_shm_t   *sh;
    ngx_http_errortracking_zone_t  *zone;

    zone = flusher->zone;
    sh = zone->sh;
    busy = flusher->posting != 0 || ngx_http_errortracking_spool_busy(zone)
           || ngx_http_errortracking_journal_busy(zone);
    kept = busy;

    for (i = 0; i < sh->nsegments && !kept; i++) {
        kept = ngx_http_errortracking_segment_state(&sh->segments[i])
               != NGX_HTTP_ERRORTRACKING_FREE;
    }

    if (ngx_exiting && !busy) {

        if (!kept || ngx_http_errortracking_zone_has_heir(zone)
            || ngx_http_errortracking_is_time(flusher))
        {
            return;
        }
    }

    if (flusher->tick.timer_set) {
        return;
    }

    flusher->tick.cancelable = !kept;

    ngx_add_timer(&flusher->tick, kept || sh->spool_files != 0
                                  ? NGX_HTTP_ERRORTRACKING_TICK
                                  : NGX_HTTP_ERRORTRACKING_IDLE_TICK);
}


/*
 * Whether an exiting worker leaves the rest to others: to the master; or to
 * the spool, where the master does not have this memory.  Where there is no
 * spool either it goes on until all is sent.  None of it for longer than
 * worker_shutdown_timeout.
 */

static ngx_uint_t
ngx_http_errortracking_is_time(ngx_http_errortracking_flusher_t *flusher)
{
    ngx_uint_t        alone;
    ngx_msec_t        took;
    ngx_core_conf_t  *ccf;

    if (!flusher->exiting) {
        return 0;
    }

    took = ngx_current_msec - flusher->exiting_since;

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);

    if (ccf->shutdown_timeout != 0 && took >= ccf->shutdown_timeout) {
        return 1;
    }

    alone = flusher->zone->spool == NULL
            && __atomic_load_n(&flusher->zone->sh->orphaned, __ATOMIC_ACQUIRE);

    return !alone && took >= flusher->zone->exit_timeout;
}
