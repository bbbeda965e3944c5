/*
 * The zone's shared memory: its layout, the workers that have it, and what
 * it holds.
 */

#include "ngx_http_errortracking_journal.h"

#include <openssl/rand.h>


static ngx_int_t ngx_http_errortracking_zone_create(
    ngx_http_errortracking_zone_t *zone, ngx_log_t *log);
static void ngx_http_errortracking_zone_disown(
    ngx_http_errortracking_zone_t *zone);


const char *const  ngx_http_errortracking_state_names[] = {
    "free", "filling", "sealed", "sending"
};


size_t
ngx_http_errortracking_zone_min_size(size_t segment_size, ngx_uint_t workers)
{
    size_t  size;

    size = sizeof(ngx_slab_pool_t) + 16 * ngx_pagesize;
    size += sizeof(ngx_http_errortracking_shm_t);
    size += NGX_HTTP_ERRORTRACKING_WORKERS(workers)
            * sizeof(ngx_http_errortracking_worker_t);
    size += NGX_HTTP_ERRORTRACKING_STORM_SLOTS * sizeof(et_storm_slot_t);
    size += NGX_HTTP_ERRORTRACKING_LIMIT_SLOTS * sizeof(et_limit_slot_t);
    size += NGX_HTTP_ERRORTRACKING_ANSWER_SLOTS * sizeof(et_answer_slot_t);
    size += NGX_HTTP_ERRORTRACKING_ASKED_SLOTS * sizeof(et_answer_slot_t);
    size += NGX_HTTP_ERRORTRACKING_MIN_SEGMENTS(workers)
            * (segment_size + sizeof(ngx_http_errortracking_segment_t));

    /* the slab pool's own page headers */

    return size + size / ngx_pagesize * sizeof(ngx_slab_page_t);
}


ngx_int_t
ngx_http_errortracking_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_errortracking_zone_t  *zone, *ozone;

    zone = shm_zone->data;
    ozone = data;

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (ozone != NULL) {

        /* a reload: the memory stays, with all that was accepted */

        zone->sh = ozone->sh;
        zone->sh->tls = 0;
        zone->sh->way.len = 0;
        zone->lock = ozone->lock;

    } else if (shm_zone->shm.exists) {
        zone->sh = zone->shpool->data;

    } else if (ngx_http_errortracking_zone_create(zone, shm_zone->shm.log)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (zone->sh->layout != NGX_HTTP_ERRORTRACKING_LAYOUT
        || zone->sh->segment_size != zone->segment_size)
    {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "errortracking_zone \"%V\" has segments of %uz bytes "
                      "and can't have %uz without a restart", &zone->name,
                      zone->sh->segment_size, zone->segment_size);
        return NGX_ERROR;
    }

    /* here, where an error is one of the configuration: those of an
     * init_module hook end the master */

    if (ngx_http_errortracking_spool_create(zone, shm_zone->shm.log) != NGX_OK
        || ngx_http_errortracking_journal_create(zone, shm_zone->shm.log)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    zone->generation = ++zone->sh->generation;

    return NGX_OK;
}


/*
 * One allocation takes all the pages that are left; the blocks, the tables of
 * storms, limits and answers, the segments' headers and their data lie in it
 * in this order.
 */

static ngx_int_t
ngx_http_errortracking_zone_create(ngx_http_errortracking_zone_t *zone,
    ngx_log_t *log)
{
    char                          *p, *end;
    size_t                         size, head;
    u_char                         random[16];
    ngx_uint_t                     i;
    ngx_slab_pool_t               *shpool;
    ngx_http_errortracking_shm_t  *sh;

    shpool = zone->shpool;

    sh = ngx_slab_calloc(shpool, sizeof(ngx_http_errortracking_shm_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    shpool->log_ctx = ngx_slab_calloc(shpool, zone->name.len
                              + sizeof(" in errortracking_zone \"\""));
    if (shpool->log_ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(shpool->log_ctx, " in errortracking_zone \"%V\"%Z",
                &zone->name);

    size = shpool->pfree * ngx_pagesize;

    p = ngx_slab_alloc(shpool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    end = p + size;

    sh->nworkers = NGX_HTTP_ERRORTRACKING_WORKERS(zone->nworkers);
    sh->workers = (ngx_http_errortracking_worker_t *) p;
    p += sh->nworkers * sizeof(ngx_http_errortracking_worker_t);

    sh->storm = (et_storm_slot_t *) ngx_align_ptr(p, 64);
    p = (char *) (sh->storm + NGX_HTTP_ERRORTRACKING_STORM_SLOTS);

    sh->limits = (et_limit_slot_t *) p;
    p = (char *) (sh->limits + NGX_HTTP_ERRORTRACKING_LIMIT_SLOTS);

    sh->answers = (et_answer_slot_t *) p;
    p = (char *) (sh->answers + NGX_HTTP_ERRORTRACKING_ANSWER_SLOTS);

    sh->asked = (et_answer_slot_t *) p;
    p = (char *) (sh->asked + NGX_HTTP_ERRORTRACKING_ASKED_SLOTS);

    head = p - (char *) sh->workers;

    sh->segments = (ngx_http_errortracking_segment_t *) p;
    sh->segment_size = zone->segment_size;

    if ((size_t) (end - p) < 2 * ngx_pagesize) {
        return NGX_ERROR;
    }

    sh->nsegments = (end - p - 2 * ngx_pagesize)
                    / (zone->segment_size
                       + sizeof(ngx_http_errortracking_segment_t));

    head += sh->nsegments * sizeof(ngx_http_errortracking_segment_t);

    ngx_memzero(sh->workers, head);

    p = (char *) ngx_align_ptr((char *) sh->workers + head, ngx_pagesize);

    for (i = 0; i < sh->nsegments; i++) {
        sh->segments[i].data = p + i * zone->segment_size;
    }

    if (RAND_bytes(random, sizeof(random)) != 1
        || RAND_bytes(sh->seed, sizeof(sh->seed)) != 1)
    {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "errortracking_zone \"%V\" got no random bytes for "
                      "its id", &zone->name);
        return NGX_ERROR;
    }

    *ngx_hex_dump(sh->id, random, sizeof(random)) = '\0';

    sh->layout = NGX_HTTP_ERRORTRACKING_LAYOUT;

    zone->sh = sh;
    shpool->data = sh;

    return NGX_OK;
}


ngx_int_t
ngx_http_errortracking_zone_join(ngx_http_errortracking_zone_t *zone,
    ngx_log_t *log)
{
    ngx_uint_t                        i;
    ngx_http_errortracking_shm_t     *sh;
    ngx_http_errortracking_worker_t  *worker;

    zone->aggregate = ngx_alloc(sizeof(et_aggregate_t), log);
    if (zone->aggregate == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(zone->aggregate, sizeof(et_aggregate_t));

    sh = zone->sh;
    worker = &sh->workers[ngx_worker % sh->nworkers];

    ngx_shmtx_lock(&zone->shpool->mutex);

    for (i = 0; i < sh->nworkers; i++) {
        if (sh->workers[i].pid == (int32_t) ngx_pid
            || ngx_http_errortracking_is_dead(sh->workers[i].pid))
        {
            worker = &sh->workers[i];
            worker->generation = zone->generation;
            worker->pid = ngx_pid;
            break;
        }
    }

    ngx_http_errortracking_zone_disown(zone);

    ngx_shmtx_unlock(&zone->shpool->mutex);

    zone->worker = worker;

    return NGX_OK;
}


/* What a dead worker had is nobody's, also where this one got its pid. */

static void
ngx_http_errortracking_zone_disown(ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t                         i;
    ngx_http_errortracking_segment_t  *segment;

    for (i = 0; i < zone->sh->nsegments; i++) {
        segment = &zone->sh->segments[i];

        if (ngx_http_errortracking_owner(segment) == (int32_t) ngx_pid) {
            __atomic_store_n(&segment->owner, 0, __ATOMIC_RELEASE);
        }
    }
}


void
ngx_http_errortracking_zone_leave(ngx_http_errortracking_zone_t *zone)
{
    ngx_http_errortracking_zone_seal(zone, 0);
    ngx_http_errortracking_journal_leave(zone);

    if (zone->worker->pid == (int32_t) ngx_pid) {
        zone->worker->pid = 0;
    }

    ngx_free(zone->aggregate);
    zone->aggregate = NULL;
}


ngx_uint_t
ngx_http_errortracking_zone_has_heir(ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t                        i;
    ngx_http_errortracking_worker_t  *worker;

    for (i = 0; i < zone->sh->nworkers; i++) {
        worker = &zone->sh->workers[i];

        if ((int32_t) (worker->generation - zone->generation) > 0
            && !ngx_http_errortracking_is_dead(worker->pid))
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_errortracking_zone_is_last(ngx_http_errortracking_zone_t *zone)
{
    int32_t     pid;
    ngx_uint_t  i;

    if (!__atomic_load_n(&zone->sh->orphaned, __ATOMIC_ACQUIRE)) {
        return 0;
    }

    for (i = 0; i < zone->sh->nworkers; i++) {
        pid = zone->sh->workers[i].pid;

        if (pid != (int32_t) ngx_pid && !ngx_http_errortracking_is_dead(pid)) {
            return 0;
        }
    }

    return 1;
}


void
ngx_http_errortracking_zone_usage(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_usage_t *usage)
{
    uint64_t                           age, opened;
    ngx_uint_t                         i, state;
    ngx_http_errortracking_segment_t  *segment;

    ngx_memzero(usage, sizeof(ngx_http_errortracking_usage_t));

    for (i = 0; i < zone->sh->nsegments; i++) {
        segment = &zone->sh->segments[i];
        state = ngx_http_errortracking_segment_state(segment);

        usage->segments[state]++;

        if (state == NGX_HTTP_ERRORTRACKING_FREE
            || ngx_http_errortracking_segment_bytes(segment) == 0)
        {
            continue;
        }

        usage->rows += ngx_http_errortracking_segment_rows(segment);
        usage->bytes += ngx_http_errortracking_segment_bytes(segment);

        opened = segment->opened;
        age = ngx_current_msec > opened ? ngx_current_msec - opened : 0;

        if (opened != 0 && age > usage->oldest) {
            usage->oldest = age;
        }
    }
}


/* The counters are a structure of uint64_t and nothing else. */

void
ngx_http_errortracking_zone_counters(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_counters_t *sums)
{
    uint64_t    *sum, *counter;
    ngx_uint_t   i, k;

    ngx_memzero(sums, sizeof(ngx_http_errortracking_counters_t));

    sum = (uint64_t *) sums;

    for (i = 0; i < zone->sh->nworkers; i++) {
        counter = (uint64_t *) &zone->sh->workers[i].counters;

        for (k = 0;
             k < sizeof(ngx_http_errortracking_counters_t) / sizeof(uint64_t);
             k++)
        {
            sum[k] += __atomic_load_n(&counter[k], __ATOMIC_RELAXED);
        }
    }
}


ngx_uint_t
ngx_http_errortracking_is_dead(int32_t pid)
{
    return pid == 0 || (kill((ngx_pid_t) pid, 0) == -1 && ngx_errno == ESRCH);
}
