/*
 * The zone's shared memory: its layout, a worker's appending, and how
 * segments pass from hand to hand.
 */

#include "ngx_http_errortracking_journal.h"

#include <openssl/rand.h>


/* What an append has taken and not published yet. */
typedef struct {
    ngx_http_errortracking_zone_t     *zone;
    ngx_http_errortracking_open_t      rows;
    ngx_http_errortracking_segment_t  *full[ET_MAX_EVENTS];
    uint64_t                           published[ET_MAX_EVENTS];
    ngx_uint_t                         nfull;
    ngx_http_errortracking_segment_t  *folded;
} ngx_http_errortracking_append_t;


static ngx_int_t ngx_http_errortracking_zone_create(
    ngx_http_errortracking_zone_t *zone, ngx_log_t *log);
static ngx_http_errortracking_segment_t *ngx_http_errortracking_zone_take(
    ngx_http_errortracking_zone_t *zone, ngx_uint_t folded);
static void ngx_http_errortracking_zone_publish(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment, size_t used, uint32_t rows);
static void ngx_http_errortracking_zone_seal_segment(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment);
static ngx_int_t ngx_http_errortracking_append_rows(
    ngx_http_errortracking_append_t *append, const et_event_t *events,
    size_t nevents, const u_char *keep, uint64_t project);
static ngx_int_t ngx_http_errortracking_append_reserve(
    ngx_http_errortracking_append_t *append, const et_event_t *events,
    size_t nevents, const u_char *keep);
static void ngx_http_errortracking_append_commit(
    ngx_http_errortracking_append_t *append, const et_event_t *events,
    size_t nevents, const u_char *keep, uint64_t project);
static void ngx_http_errortracking_append_roll_back(
    ngx_http_errortracking_append_t *append);
static void ngx_http_errortracking_zone_disown(
    ngx_http_errortracking_zone_t *zone);
static int ngx_libc_cdecl ngx_http_errortracking_by_order(const void *one,
    const void *two);


const char *const  ngx_http_errortracking_state_names[] = {
    "free", "filling", "sealed", "sending"
};


static inline void
ngx_http_errortracking_set_state(ngx_http_errortracking_segment_t *segment,
    ngx_uint_t state)
{
    __atomic_store_n(&segment->state, (uint32_t) state, __ATOMIC_RELEASE);
}


static inline int32_t
ngx_http_errortracking_owner(ngx_http_errortracking_segment_t *segment)
{
    return __atomic_load_n(&segment->owner, __ATOMIC_ACQUIRE);
}


size_t
ngx_http_errortracking_zone_min_size(size_t segment_size, ngx_uint_t workers)
{
    size_t  size;

    size = sizeof(ngx_slab_pool_t) + 16 * ngx_pagesize;
    size += sizeof(ngx_http_errortracking_shm_t);
    size += NGX_HTTP_ERRORTRACKING_WORKERS(workers)
            * sizeof(ngx_http_errortracking_worker_t);
    size += NGX_HTTP_ERRORTRACKING_STORM_SLOTS * sizeof(et_storm_slot_t);
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
 * One allocation takes all the pages that are left; the blocks, the storm
 * table, the segments' headers and their data lie in it in this order.
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

    if (RAND_bytes(random, sizeof(random)) != 1) {
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


ngx_int_t
ngx_http_errortracking_zone_append(ngx_http_errortracking_zone_t *zone,
    const et_event_t *events, size_t nevents, const u_char *keep,
    uint64_t project)
{
    ngx_int_t                        rc;
    ngx_http_errortracking_append_t  append;

    append.zone = zone;
    append.rows = zone->rows;
    append.nfull = 0;
    append.folded = NULL;

    rc = ngx_http_errortracking_append_rows(&append, events, nevents, keep,
                                            project);
    if (rc == NGX_OK) {
        rc = ngx_http_errortracking_append_reserve(&append, events, nevents,
                                                   keep);
    }

    if (rc != NGX_OK) {
        ngx_http_errortracking_append_roll_back(&append);
        return rc;
    }

    ngx_http_errortracking_append_commit(&append, events, nevents, keep,
                                         project);

    return NGX_OK;
}


/* Writes the whole rows behind what is published. */

static ngx_int_t
ngx_http_errortracking_append_rows(ngx_http_errortracking_append_t *append,
    const et_event_t *events, size_t nevents, const u_char *keep,
    uint64_t project)
{
    size_t                             i, size;
    ngx_http_errortracking_open_t     *open;
    ngx_http_errortracking_segment_t  *segment;

    open = &append->rows;

    for (i = 0; i < nevents; i++) {
        if (!keep[i]) {
            continue;
        }

        size = et_row_size(&events[i]);

        if (open->segment == NULL
            || size > append->zone->segment_size - open->used)
        {
            /* the configuration sees to it that every row fits */

            if (size > append->zone->segment_size) {
                ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                              "a row of %uz bytes is larger than a segment "
                              "of errortracking_zone \"%V\"",
                              size, &append->zone->name);
                return NGX_DECLINED;
            }

            segment = ngx_http_errortracking_zone_take(append->zone, 0);
            if (segment == NULL) {
                return NGX_DECLINED;
            }

            if (open->segment != NULL) {
                append->full[append->nfull] = open->segment;
                append->published[append->nfull++] =
                                   (uint64_t) open->rows << 32 | open->used;
            }

            open->segment = segment;
            open->used = 0;
            open->rows = 0;
        }

        et_row_encode(open->segment->data + open->used, &events[i], project);

        open->used += size;
        open->rows++;
    }

    return NGX_OK;
}


/* Sees to it that folding can't fail: room for each event's own new row. */

static ngx_int_t
ngx_http_errortracking_append_reserve(ngx_http_errortracking_append_t *append,
    const et_event_t *events, size_t nevents, const u_char *keep)
{
    size_t                          i, n, size;
    ngx_http_errortracking_zone_t  *zone;

    zone = append->zone;

    for (i = 0, n = 0, size = 0; i < nevents; i++) {
        if (!keep[i]) {
            size += et_row_fold_size(&events[i]);
            n++;
        }
    }

    if (n == 0
        || (zone->folded.segment != NULL
            && size <= zone->segment_size - zone->folded.used
            && et_aggregate_has_room(zone->aggregate, n)))
    {
        return NGX_OK;
    }

    append->folded = ngx_http_errortracking_zone_take(zone, 1);

    return append->folded == NULL ? NGX_DECLINED : NGX_OK;
}


static void
ngx_http_errortracking_append_commit(ngx_http_errortracking_append_t *append,
    const et_event_t *events, size_t nevents, const u_char *keep,
    uint64_t project)
{
    size_t                          i;
    ngx_http_errortracking_zone_t  *zone;

    zone = append->zone;

    for (i = 0; i < append->nfull; i++) {
        ngx_http_errortracking_zone_publish(zone, append->full[i],
                                  (size_t) (append->published[i] & 0xffffffff),
                                  (uint32_t) (append->published[i] >> 32));
        ngx_http_errortracking_zone_seal_segment(zone, append->full[i]);
    }

    if (append->rows.segment != NULL) {
        zone->rows = append->rows;
        ngx_http_errortracking_zone_publish(zone, zone->rows.segment,
                                            zone->rows.used, zone->rows.rows);
    }

    if (append->folded != NULL) {
        if (zone->folded.segment != NULL) {
            ngx_http_errortracking_zone_seal_segment(zone,
                                                     zone->folded.segment);
        }

        zone->folded.segment = append->folded;
        zone->folded.used = 0;
        zone->folded.rows = 0;

        et_aggregate_clear(zone->aggregate);
    }

    for (i = 0; i < nevents; i++) {
        if (keep[i]) {
            continue;
        }

        if (et_aggregate_fold(zone->aggregate, zone->folded.segment->data,
                              &zone->folded.used, &events[i], project))
        {
            zone->folded.rows++;
            ngx_http_errortracking_zone_publish(zone, zone->folded.segment,
                                                zone->folded.used,
                                                zone->folded.rows);

        } else if (zone->folded.segment->own_token) {

            /* counted in a row that is there already */

            ngx_http_errortracking_journal_touch(zone, zone->folded.segment);
        }
    }
}


/* Nothing of it was published: what was taken goes back, empty. */

static void
ngx_http_errortracking_append_roll_back(
    ngx_http_errortracking_append_t *append)
{
    ngx_uint_t                         i;
    ngx_http_errortracking_zone_t     *zone;
    ngx_http_errortracking_segment_t  *taken;

    zone = append->zone;

    for (i = 0; i <= append->nfull; i++) {
        taken = i < append->nfull ? append->full[i] : append->rows.segment;

        if (taken != NULL && taken != zone->rows.segment) {
            ngx_http_errortracking_set_state(taken,
                                             NGX_HTTP_ERRORTRACKING_FREE);
        }
    }
}


/* A free segment, this worker's from now on; NULL where none is free. */

static ngx_http_errortracking_segment_t *
ngx_http_errortracking_zone_take(ngx_http_errortracking_zone_t *zone,
    ngx_uint_t folded)
{
    ngx_uint_t                         i, k;
    ngx_http_errortracking_shm_t      *sh;
    ngx_http_errortracking_segment_t  *segment;

    sh = zone->sh;
    segment = NULL;

    ngx_shmtx_lock(&zone->shpool->mutex);

    for (i = 0; i < sh->nsegments; i++) {
        k = (sh->hint + i) % sh->nsegments;

        if (ngx_http_errortracking_segment_state(&sh->segments[k])
            == NGX_HTTP_ERRORTRACKING_FREE)
        {
            segment = &sh->segments[k];
            sh->hint = k + 1;

            segment->owner = ngx_pid;
            segment->published = 0;
            segment->opened = 0;
            segment->folded = folded;
            segment->own_token = zone->ack_disk;
            segment->journaled = !zone->ack_disk;

            if (zone->ack_disk) {
                segment->batch = ++sh->batch;
                segment->order = 0;
            }

            ngx_http_errortracking_set_state(segment,
                                             NGX_HTTP_ERRORTRACKING_FILLING);
            break;
        }
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return segment;
}


static void
ngx_http_errortracking_zone_publish(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment, size_t used, uint32_t rows)
{
    if (segment->opened == 0) {
        segment->opened = ngx_current_msec;
    }

    __atomic_store_n(&segment->published, (uint64_t) rows << 32 | used,
                     __ATOMIC_RELEASE);

    if (segment->own_token) {
        ngx_http_errortracking_journal_touch(zone, segment);
    }
}


static void
ngx_http_errortracking_zone_seal_segment(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment)
{
    segment->sequence = __atomic_add_fetch(&zone->sh->sequence, 1,
                                           __ATOMIC_RELAXED);

    if (segment->own_token) {
        ngx_http_errortracking_journal_seal(zone, segment);
    }

    /* the owner stays as it is: nobody asks for that of a sealed segment, and
     * a store after this one could fall upon its next owner's */

    ngx_http_errortracking_set_state(segment, NGX_HTTP_ERRORTRACKING_SEALED);
}


void
ngx_http_errortracking_zone_seal(ngx_http_errortracking_zone_t *zone,
    ngx_msec_t age)
{
    ngx_uint_t                      i;
    ngx_http_errortracking_open_t  *open;

    for (i = 0; i < 2; i++) {
        open = i == 0 ? &zone->rows : &zone->folded;

        if (open->segment == NULL || open->used == 0
            || ngx_current_msec - open->segment->opened < age)
        {
            continue;
        }

        ngx_http_errortracking_zone_seal_segment(zone, open->segment);
        open->segment = NULL;
        open->used = 0;
        open->rows = 0;
    }
}


ngx_uint_t
ngx_http_errortracking_zone_form(ngx_http_errortracking_zone_t *zone,
    size_t max_bytes, uint64_t max_rows, ngx_msec_t age,
    ngx_http_errortracking_segment_t **batch, ngx_uint_t max)
{
    size_t                             bytes;
    uint64_t                           rows;
    ngx_uint_t                         i, k, n, full, free, state;
    ngx_http_errortracking_shm_t      *sh;
    ngx_http_errortracking_segment_t  *segment;

    sh = zone->sh;

    ngx_shmtx_lock(&zone->shpool->mutex);

    /* the oldest max segments, kept in order by insertion: zones have tens to
     * hundreds of segments, and this happens about once a second */

    for (i = 0, n = 0, free = 0; i < sh->nsegments; i++) {
        segment = &sh->segments[i];
        state = ngx_http_errortracking_segment_state(segment);

        if (state != NGX_HTTP_ERRORTRACKING_SEALED
            || !__atomic_load_n(&segment->journaled, __ATOMIC_ACQUIRE))
        {
            free += (state == NGX_HTTP_ERRORTRACKING_FREE);
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

    if (n > 0 && !full && free >= sh->nsegments / 4
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
    int32_t                            owner;
    uint64_t                           number;
    ngx_uint_t                         i, n, state;
    ngx_http_errortracking_shm_t      *sh;
    ngx_http_errortracking_segment_t  *segment;

    sh = zone->sh;
    number = 0;
    n = 0;

    ngx_shmtx_lock(&zone->shpool->mutex);

    for (i = 0; i < sh->nsegments; i++) {
        segment = &sh->segments[i];
        state = ngx_http_errortracking_segment_state(segment);
        owner = ngx_http_errortracking_owner(segment);

        if (state == NGX_HTTP_ERRORTRACKING_FILLING) {

            if (owner == (int32_t) ngx_pid
                || !ngx_http_errortracking_is_dead(owner))
            {
                continue;
            }

            if (ngx_http_errortracking_segment_bytes(segment) == 0) {
                ngx_http_errortracking_set_state(segment,
                                                NGX_HTTP_ERRORTRACKING_FREE);
                continue;
            }

            ngx_http_errortracking_zone_seal_segment(zone, segment);
            ngx_http_errortracking_inc(zone->worker->counters.taken_over);
            ngx_http_errortracking_set_journaled(segment);

        } else if (state == NGX_HTTP_ERRORTRACKING_SEALED) {

            /* what is not in its file was acknowledged to nobody */

            if (!segment->journaled && owner != (int32_t) ngx_pid
                && ngx_http_errortracking_is_dead(owner))
            {
                ngx_http_errortracking_set_journaled(segment);
            }

        } else if (state == NGX_HTTP_ERRORTRACKING_SENDING) {

            if (number == 0 && owner != (int32_t) ngx_pid
                && ngx_http_errortracking_is_dead(owner))
            {
                number = segment->batch;
            }
        }
    }

    /* a batch is taken whole: its owner may have died while it was looked at,
     * and a part under the batch's token would be all of it to ClickHouse */

    for (i = 0; i < sh->nsegments && number != 0 && n < max; i++) {
        segment = &sh->segments[i];

        if (ngx_http_errortracking_segment_state(segment)
            == NGX_HTTP_ERRORTRACKING_SENDING
            && segment->batch == number)
        {
            batch[n++] = segment;
        }
    }

    for (i = 0; i < n; i++) {
        __atomic_store_n(&batch[i]->owner, (int32_t) ngx_pid,
                         __ATOMIC_RELEASE);
        ngx_http_errortracking_inc(zone->worker->counters.taken_over);
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    ngx_qsort(batch, n, sizeof(ngx_http_errortracking_segment_t *),
              ngx_http_errortracking_by_order);

    return n;
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


static int ngx_libc_cdecl
ngx_http_errortracking_by_order(const void *one, const void *two)
{
    const ngx_http_errortracking_segment_t  *a, *b;

    a = *(ngx_http_errortracking_segment_t *const *) one;
    b = *(ngx_http_errortracking_segment_t *const *) two;

    return a->order < b->order ? -1 : a->order > b->order;
}
