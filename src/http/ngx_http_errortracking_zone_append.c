/*
 * A worker's appending: all rows of a request, or none, written behind what
 * is published in the segments that this worker fills.
 */

#include "ngx_http_errortracking_journal.h"


/* What an append has taken and not published yet. */
typedef struct {
    ngx_http_errortracking_zone_t     *zone;
    ngx_http_errortracking_open_t      rows;
    ngx_http_errortracking_segment_t  *full[ET_MAX_RECORDS];
    uint64_t                           published[ET_MAX_RECORDS];
    ngx_uint_t                         nfull;
    ngx_http_errortracking_segment_t  *folded;
} ngx_http_errortracking_append_t;


static ngx_http_errortracking_segment_t *ngx_http_errortracking_zone_take(
    ngx_http_errortracking_zone_t *zone, ngx_uint_t folded);
static void ngx_http_errortracking_zone_publish(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment, size_t used, uint32_t rows);
static ngx_int_t ngx_http_errortracking_append_rows(
    ngx_http_errortracking_append_t *append, const et_event_t *records,
    size_t nrecords, uint64_t project);
static ngx_int_t ngx_http_errortracking_append_reserve(
    ngx_http_errortracking_append_t *append, const et_event_t *records,
    size_t nrecords);
static void ngx_http_errortracking_append_commit(
    ngx_http_errortracking_append_t *append, const et_event_t *records,
    size_t nrecords, uint64_t project);
static void ngx_http_errortracking_append_roll_back(
    ngx_http_errortracking_append_t *append);


ngx_int_t
ngx_http_errortracking_zone_append(ngx_http_errortracking_zone_t *zone,
    const et_event_t *records, size_t nrecords, uint64_t project)
{
    ngx_int_t                        rc;
    ngx_http_errortracking_append_t  append;

    append.zone = zone;
    append.rows = zone->rows;
    append.nfull = 0;
    append.folded = NULL;

    rc = ngx_http_errortracking_append_rows(&append, records, nrecords,
                                            project);
    if (rc == NGX_OK) {
        rc = ngx_http_errortracking_append_reserve(&append, records,
                                                   nrecords);
    }

    if (rc != NGX_OK) {
        ngx_http_errortracking_append_roll_back(&append);
        return rc;
    }

    ngx_http_errortracking_append_commit(&append, records, nrecords, project);

    return NGX_OK;
}


ngx_uint_t
ngx_http_errortracking_zone_has_room(ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t                     i;
    ngx_http_errortracking_shm_t  *sh;

    sh = zone->sh;

    if (zone->rows.segment != NULL
        && zone->segment_size - zone->rows.used
           >= zone->max_event_size + ET_ROW_OVERHEAD)
    {
        return 1;
    }

    for (i = 0; i < sh->nsegments; i++) {
        if (ngx_http_errortracking_segment_state(&sh->segments[i])
            == NGX_HTTP_ERRORTRACKING_FREE)
        {
            return 1;
        }
    }

    return 0;
}


/* Writes the whole rows behind what is published. */

static ngx_int_t
ngx_http_errortracking_append_rows(ngx_http_errortracking_append_t *append,
    const et_event_t *records, size_t nrecords, uint64_t project)
{
    size_t                             i, size;
    ngx_http_errortracking_open_t     *open;
    ngx_http_errortracking_segment_t  *segment;

    open = &append->rows;

    for (i = 0; i < nrecords; i++) {
        if (records[i].folded) {
            continue;
        }

        size = et_row_size(&records[i]);

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

        et_row_encode(open->segment->data + open->used, &records[i], project);

        open->used += size;
        open->rows++;
    }

    return NGX_OK;
}


/* Sees to it that folding can't fail: room for each record's own new row. */

static ngx_int_t
ngx_http_errortracking_append_reserve(ngx_http_errortracking_append_t *append,
    const et_event_t *records, size_t nrecords)
{
    size_t                          i, n, size;
    ngx_http_errortracking_zone_t  *zone;

    zone = append->zone;

    for (i = 0, n = 0, size = 0; i < nrecords; i++) {
        if (records[i].folded) {
            size += et_row_fold_size(&records[i]);
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
    const et_event_t *records, size_t nrecords, uint64_t project)
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

    if (append->rows.segment != zone->rows.segment
        || append->rows.rows != zone->rows.rows)
    {
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

    for (i = 0; i < nrecords; i++) {
        if (!records[i].folded) {
            continue;
        }

        if (et_aggregate_fold(zone->aggregate, zone->folded.segment->data,
                              &zone->folded.used, &records[i], project))
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


void
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
