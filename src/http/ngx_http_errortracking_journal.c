/*
 * Group commit: what is written, who waits for it, and which files go.
 *
 * An entry is a segment that this worker fills, or has sealed and not written
 * in whole.  Each touch counts its version up; it is clean when the version
 * that was synced is the latest.  What lies in a segment of whole rows is
 * never changed, so the thread reads it where it is; a segment of folded rows
 * is copied before, as long as it is filled.
 */

#include "ngx_http_errortracking.h"
#include "ngx_http_errortracking_job.h"
#include "ngx_http_errortracking_journal.h"
#include "et_journal.h"


/* milliseconds; how long requests are refused after a sync has failed, and
 * how long removing rests */
#define NGX_HTTP_ERRORTRACKING_JOURNAL_REST  1000


typedef struct {
    ngx_queue_t                        queue;
    ngx_http_errortracking_segment_t  *segment;    /* NULL: no entry */
    et_journal_file_t                  file;
    uint64_t                           rows;       /* that are on the disk */
    size_t                             bytes;
    ngx_uint_t                         version;
    ngx_uint_t                         synced;
    unsigned                           sealed:1;
} ngx_http_errortracking_entry_t;

/* What one sync writes of an entry. */
typedef struct {
    ngx_http_errortracking_entry_t    *entry;
    char                               token[ET_SPOOL_TOKEN];
    ngx_uint_t                         version;
    et_slice_t                         data;
    uint64_t                           rows;       /* in data */
    uint64_t                           all_rows;   /* then on the disk */
    size_t                             all_bytes;
    et_spool_status_t                  status;
    ngx_err_t                          err;
} ngx_http_errortracking_item_t;

typedef struct {
    ngx_http_errortracking_job_t       job;
    ngx_http_errortracking_item_t     *items;
    ngx_uint_t                         n;
    uint64_t                           usec;
} ngx_http_errortracking_sync_t;

typedef struct {
    ngx_http_errortracking_job_t       job;
    ngx_http_errortracking_batch_t    *batches[NGX_HTTP_ERRORTRACKING_BATCHES];
    char                               tokens[NGX_HTTP_ERRORTRACKING_BATCHES]
                                             [ET_SPOOL_TOKEN];
    et_spool_status_t                  status[NGX_HTTP_ERRORTRACKING_BATCHES];
    ngx_uint_t                         n;
    ngx_msec_t                         rest_until; /* 0: it does not rest */
} ngx_http_errortracking_remove_t;

typedef struct {
    ngx_queue_t                        queue;
    ngx_http_request_t                *request;    /* NULL: none waits */
    u_char                             id[ET_EVENT_ID_LEN];
    ngx_uint_t                         has_id;
    ngx_uint_t                         events;
} ngx_http_errortracking_waiter_t;

struct ngx_http_errortracking_journal_s {
    ngx_http_errortracking_entry_t    *entries;    /* one a segment */
    ngx_queue_t                        used;
    ngx_queue_t                        waiting;    /* for the next sync */
    ngx_queue_t                        syncing;    /* for this one */
    ngx_event_t                        begin;
    char                              *copy;       /* of a folded segment */
    ngx_uint_t                         failed;
    ngx_msec_t                         failed_at;

    ngx_http_errortracking_sync_t      sync;
    ngx_http_errortracking_remove_t    remove;
};


static ngx_http_errortracking_entry_t *ngx_http_errortracking_entry(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment);
static void ngx_http_errortracking_entry_end(
    ngx_http_errortracking_entry_t *entry);
static void ngx_http_errortracking_sync_event(ngx_event_t *ev);
static void ngx_http_errortracking_sync_start(
    ngx_http_errortracking_zone_t *zone);
static void ngx_http_errortracking_sync_add(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_entry_t *entry);
static void ngx_http_errortracking_sync_work(
    ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_sync_done(
    ngx_http_errortracking_job_t *job);
static ngx_uint_t ngx_http_errortracking_sync_items(
    ngx_http_errortracking_zone_t *zone);
static void ngx_http_errortracking_sync_failed(
    ngx_http_errortracking_zone_t *zone, ngx_http_errortracking_item_t *item);
static void ngx_http_errortracking_sync_count(
    ngx_http_errortracking_zone_t *zone, ngx_uint_t failed);
static void ngx_http_errortracking_answer(
    ngx_http_errortracking_zone_t *zone, ngx_queue_t *waiters,
    ngx_uint_t failed);
static void ngx_http_errortracking_waiter_cleanup(void *data);
static void ngx_http_errortracking_remove_start(
    ngx_http_errortracking_zone_t *zone);
static void ngx_http_errortracking_unlink_work(
    ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_unlink_done(
    ngx_http_errortracking_job_t *job);


ngx_http_errortracking_journal_t *
ngx_http_errortracking_journal_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_errortracking_journal_t));
}


ngx_int_t
ngx_http_errortracking_journal_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t                         i, n;
    ngx_http_errortracking_journal_t  *journal;

    journal = zone->journal;

    if (journal == NULL) {
        return NGX_OK;
    }

    n = zone->sh->nsegments;

    journal->entries = ngx_pcalloc(cycle->pool, n
                                   * sizeof(ngx_http_errortracking_entry_t));
    journal->sync.items = ngx_palloc(cycle->pool, n
                                     * sizeof(ngx_http_errortracking_item_t));

    if (journal->entries == NULL || journal->sync.items == NULL
        || ngx_http_errortracking_job_init(&journal->sync.job, cycle, zone)
           != NGX_OK
        || ngx_http_errortracking_job_init(&journal->remove.job, cycle, zone)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        journal->entries[i].file.fd = -1;
    }

    ngx_queue_init(&journal->used);
    ngx_queue_init(&journal->waiting);
    ngx_queue_init(&journal->syncing);

    journal->begin.data = zone;
    journal->begin.handler = ngx_http_errortracking_sync_event;
    journal->begin.log = cycle->log;

    return NGX_OK;
}


/* What is not on the disk was acknowledged to nobody: it may go as it is. */

void
ngx_http_errortracking_journal_leave(ngx_http_errortracking_zone_t *zone)
{
    ngx_queue_t                       *q;
    ngx_http_errortracking_journal_t  *journal;

    journal = zone->journal;

    if (journal == NULL || journal->entries == NULL) {
        return;
    }

    while (!ngx_queue_empty(&journal->used)) {
        q = ngx_queue_head(&journal->used);

        ngx_http_errortracking_entry_end(
            ngx_queue_data(q, ngx_http_errortracking_entry_t, queue));
    }

    journal->entries = NULL;

    free(journal->copy);
    journal->copy = NULL;
}


void
ngx_http_errortracking_journal_touch(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment)
{
    ngx_http_errortracking_entry_t    *entry;
    ngx_http_errortracking_journal_t  *journal;

    journal = zone->journal;
    entry = ngx_http_errortracking_entry(zone, segment);

    if (entry == NULL) {
        return;
    }

    if (entry->segment == NULL) {
        entry->segment = segment;
        entry->rows = 0;
        entry->bytes = 0;
        entry->version = 0;
        entry->synced = 0;
        entry->sealed = 0;

        ngx_queue_insert_tail(&journal->used, &entry->queue);
    }

    entry->version++;

    ngx_post_event(&journal->begin, &ngx_posted_events);
}


void
ngx_http_errortracking_journal_seal(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment)
{
    ngx_http_errortracking_entry_t  *entry;

    entry = ngx_http_errortracking_entry(zone, segment);

    if (entry == NULL || entry->segment == NULL) {

        /* a dead worker's */

        ngx_http_errortracking_set_journaled(segment);
        return;
    }

    entry->sealed = 1;

    if (entry->synced != entry->version) {
        ngx_post_event(&zone->journal->begin, &ngx_posted_events);

    } else {
        ngx_http_errortracking_entry_end(entry);
    }
}


static ngx_http_errortracking_entry_t *
ngx_http_errortracking_entry(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment)
{
    if (zone->journal == NULL || zone->journal->entries == NULL) {
        return NULL;
    }

    return &zone->journal->entries[segment - zone->sh->segments];
}


static void
ngx_http_errortracking_entry_end(ngx_http_errortracking_entry_t *entry)
{
    ngx_http_errortracking_segment_t  *segment;

    segment = entry->segment;

    ngx_queue_remove(&entry->queue);
    et_journal_close(&entry->file);
    entry->segment = NULL;

    /* from here on it may be sent, and its file be removed */

    ngx_http_errortracking_set_journaled(segment);
}


ngx_uint_t
ngx_http_errortracking_journal_failing(ngx_http_errortracking_zone_t *zone)
{
    return zone->journal->failed
           && ngx_current_msec - zone->journal->failed_at
              < NGX_HTTP_ERRORTRACKING_JOURNAL_REST;
}


ngx_uint_t
ngx_http_errortracking_journal_busy(ngx_http_errortracking_zone_t *zone)
{
    ngx_http_errortracking_journal_t  *journal;

    journal = zone->journal;

    return journal != NULL
           && (journal->sync.job.busy || journal->remove.job.busy
               || !ngx_queue_empty(&journal->waiting));
}


ngx_int_t
ngx_http_errortracking_journal_wait(ngx_http_request_t *r, const u_char *id,
    ngx_uint_t events)
{
    ngx_http_cleanup_t                 *cln;
    ngx_http_errortracking_waiter_t    *waiter;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_errortracking_waiter_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    waiter = cln->data;
    cln->handler = ngx_http_errortracking_waiter_cleanup;

    waiter->request = r;
    waiter->events = events;
    waiter->has_id = (id != NULL);

    if (id != NULL) {
        ngx_memcpy(waiter->id, id, ET_EVENT_ID_LEN);
    }

    ngx_queue_insert_tail(&elcf->zone->journal->waiting, &waiter->queue);

    /* it is short; a client that goes away is seen when it is answered */

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_OK;
}


static void
ngx_http_errortracking_waiter_cleanup(void *data)
{
    ngx_http_errortracking_waiter_t  *waiter = data;

    if (waiter->request != NULL) {
        ngx_queue_remove(&waiter->queue);
        waiter->request = NULL;
    }
}


/* When all that was read in this round of the event loop is appended. */

static void
ngx_http_errortracking_sync_event(ngx_event_t *ev)
{
    ngx_http_errortracking_zone_t  *zone = ev->data;

    ngx_http_errortracking_sync_start(zone);
}


static void
ngx_http_errortracking_sync_start(ngx_http_errortracking_zone_t *zone)
{
    ngx_queue_t                       *q;
    ngx_http_errortracking_sync_t     *sync;
    ngx_http_errortracking_entry_t    *entry;
    ngx_http_errortracking_journal_t  *journal;

    journal = zone->journal;
    sync = &journal->sync;

    if (sync->job.busy || journal->entries == NULL) {
        return;
    }

    sync->n = 0;

    for (q = ngx_queue_head(&journal->used);
         q != ngx_queue_sentinel(&journal->used);
         q = ngx_queue_next(q))
    {
        entry = ngx_queue_data(q, ngx_http_errortracking_entry_t, queue);

        if (entry->synced != entry->version) {
            ngx_http_errortracking_sync_add(zone, entry);
        }
    }

    if (sync->n == 0 && ngx_queue_empty(&journal->waiting)) {
        return;
    }

    if (!ngx_queue_empty(&journal->waiting)) {
        ngx_queue_add(&journal->syncing, &journal->waiting);
        ngx_queue_init(&journal->waiting);
    }

    sync->usec = 0;

    ngx_http_errortracking_job_start(&sync->job,
                                     ngx_http_errortracking_sync_work,
                                     ngx_http_errortracking_sync_done);
}


static void
ngx_http_errortracking_sync_add(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_entry_t *entry)
{
    size_t                             bytes;
    uint64_t                           rows;
    ngx_http_errortracking_item_t     *item;
    ngx_http_errortracking_journal_t  *journal;
    ngx_http_errortracking_segment_t  *segment;

    journal = zone->journal;
    segment = entry->segment;
    item = &journal->sync.items[journal->sync.n++];

    bytes = ngx_http_errortracking_segment_bytes(segment);
    rows = ngx_http_errortracking_segment_rows(segment);

    item->entry = entry;
    item->version = entry->version;
    item->all_bytes = bytes;
    item->all_rows = rows;
    item->data = et_slice(segment->data, bytes);
    item->rows = rows;

    /* where the job can't even begin */

    item->status = ET_SPOOL_ERROR;
    item->err = NGX_EAGAIN;

    ngx_http_errortracking_batch_token(zone, segment->batch, item->token);

    if (!segment->folded) {
        item->data = et_slice(segment->data + entry->bytes,
                              bytes - entry->bytes);
        item->rows = rows - entry->rows;
        return;
    }

    if (entry->sealed) {
        return;
    }

    /* of folded segments one is filled, so one copy is enough */

    if (journal->copy == NULL) {
        journal->copy = malloc(zone->segment_size);
    }

    if (journal->copy == NULL) {
        item->data.data = NULL;
        return;
    }

    ngx_memcpy(journal->copy, segment->data, bytes);
    item->data.data = journal->copy;
}


static void
ngx_http_errortracking_sync_work(ngx_http_errortracking_job_t *job)
{
    et_spool_t                      *spool;
    ngx_uint_t                       i;
    struct timespec                  begin, end;
    ngx_http_errortracking_item_t   *item;
    ngx_http_errortracking_sync_t   *sync;

    sync = (ngx_http_errortracking_sync_t *) job;
    spool = ngx_http_errortracking_spool_of(job->zone);

    (void) clock_gettime(CLOCK_MONOTONIC, &begin);

    for (i = 0; i < sync->n; i++) {
        item = &sync->items[i];

        if (item->data.data == NULL) {
            item->err = NGX_ENOMEM;

        } else if (item->entry->segment->folded) {
            item->status = et_journal_replace(spool, &item->entry->file,
                                              et_slice_str(item->token),
                                              et_slice_str(ET_ROW_COLUMNS),
                                              item->data, item->rows,
                                              job->zone->segment_size);
            item->err = ngx_errno;

        } else {
            item->status = et_journal_append(spool, &item->entry->file,
                                             et_slice_str(item->token),
                                             et_slice_str(ET_ROW_COLUMNS),
                                             item->data, item->rows);
            item->err = ngx_errno;
        }
    }

    (void) clock_gettime(CLOCK_MONOTONIC, &end);

    sync->usec = (uint64_t) ((end.tv_sec - begin.tv_sec) * 1000000
                             + (end.tv_nsec - begin.tv_nsec) / 1000);
}


static void
ngx_http_errortracking_sync_done(ngx_http_errortracking_job_t *job)
{
    ngx_uint_t                         failed;
    ngx_queue_t                        waiters;
    ngx_http_errortracking_zone_t     *zone;
    ngx_http_errortracking_journal_t  *journal;

    zone = job->zone;
    journal = zone->journal;

    failed = ngx_http_errortracking_sync_items(zone);

    ngx_http_errortracking_sync_count(zone, failed);

    ngx_queue_init(&waiters);

    if (!ngx_queue_empty(&journal->syncing)) {
        ngx_queue_add(&waiters, &journal->syncing);
        ngx_queue_init(&journal->syncing);
    }

    /* the disk works on while the answers are written */

    if (!ngx_queue_empty(&journal->waiting)) {
        ngx_post_event(&journal->begin, &ngx_posted_events);
    }

    ngx_http_errortracking_answer(zone, &waiters, failed);
}


/* Returns how many have failed. */

static ngx_uint_t
ngx_http_errortracking_sync_items(ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t                         i, failed;
    ngx_http_errortracking_item_t     *item;
    ngx_http_errortracking_entry_t    *entry;
    ngx_http_errortracking_journal_t  *journal;

    journal = zone->journal;
    failed = 0;

    for (i = 0; i < journal->sync.n; i++) {
        item = &journal->sync.items[i];
        entry = item->entry;

        if (item->status == ET_SPOOL_OK) {
            entry->synced = item->version;
            entry->rows = item->all_rows;
            entry->bytes = item->all_bytes;

        } else {
            failed++;
            ngx_http_errortracking_sync_failed(zone, item);
        }

        if (!entry->sealed) {
            continue;
        }

        /* where it has failed, nobody waits for it any more: it is sent all
         * the same, else it would fill the zone */

        if (entry->version == item->version) {
            ngx_http_errortracking_entry_end(entry);

        } else {
            ngx_post_event(&journal->begin, &ngx_posted_events);
        }
    }

    if (failed == 0 && journal->failed) {
        journal->failed = 0;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "errortracking_zone \"%V\": the journal is written "
                      "again", &zone->name);
    }

    return failed;
}


/* Logged once, until a sync has worked again. */

static void
ngx_http_errortracking_sync_failed(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_item_t *item)
{
    ngx_http_errortracking_journal_t  *journal;

    journal = zone->journal;
    journal->failed_at = ngx_current_msec;

    if (journal->failed) {
        return;
    }

    journal->failed = 1;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, item->err,
                  "errortracking_zone \"%V\": \"%s/journal/%s.wal\" can't be "
                  "written and synced, events are refused", &zone->name,
                  ngx_http_errortracking_spool_of(zone)->path, item->token);
}


static void
ngx_http_errortracking_sync_count(ngx_http_errortracking_zone_t *zone,
    ngx_uint_t failed)
{
    uint64_t                            msec;
    ngx_uint_t                          i;
    ngx_http_errortracking_counters_t  *counters;

    counters = &zone->worker->counters;
    msec = (zone->journal->sync.usec + 999) / 1000;

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_BUCKETS - 1; i++) {
        if (msec <= ngx_http_errortracking_buckets[i]) {
            break;
        }
    }

    ngx_http_errortracking_inc(counters->syncs);
    ngx_http_errortracking_inc(counters->sync_buckets[i]);
    ngx_http_errortracking_add(counters->sync_usec, zone->journal->sync.usec);

    if (failed != 0) {
        ngx_http_errortracking_inc(counters->sync_failures);
    }
}


static void
ngx_http_errortracking_answer(ngx_http_errortracking_zone_t *zone,
    ngx_queue_t *waiters, ngx_uint_t failed)
{
    ngx_int_t                         rc;
    ngx_queue_t                      *q;
    ngx_connection_t                 *c;
    ngx_http_request_t               *r;
    ngx_http_errortracking_waiter_t  *waiter;

    while (!ngx_queue_empty(waiters)) {
        q = ngx_queue_head(waiters);
        waiter = ngx_queue_data(q, ngx_http_errortracking_waiter_t, queue);

        r = waiter->request;
        c = r->connection;

        ngx_queue_remove(q);
        waiter->request = NULL;

        ngx_http_set_log_request(c->log, r);

        if (failed != 0) {
            rc = ngx_http_errortracking_refuse(r, ET_SYNC_FAILED);

        } else {
            ngx_http_errortracking_add(zone->worker->counters.accepted,
                                       waiter->events);

            rc = ngx_http_errortracking_accept(r, waiter->has_id
                                                    ? waiter->id : NULL);
        }

        ngx_http_finalize_request(r, rc);
        ngx_http_run_posted_requests(c);
    }
}


/* Removing */

void
ngx_http_errortracking_journal_remove(ngx_http_errortracking_batch_t *batch)
{
    ngx_http_errortracking_zone_t  *zone;

    zone = batch->flusher->zone;

    if (zone->journal == NULL || !batch->segments[0]->own_token) {
        ngx_http_errortracking_batch_removed(batch);
        return;
    }

    batch->removing = 1;

    ngx_http_errortracking_remove_start(zone);
}


static void
ngx_http_errortracking_remove_start(ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t                        i;
    ngx_http_errortracking_batch_t   *batch;
    ngx_http_errortracking_remove_t  *remove;

    remove = &zone->journal->remove;

    if (remove->job.busy
        || (remove->rest_until != 0
            && (ngx_msec_int_t) (ngx_current_msec - remove->rest_until) < 0))
    {
        return;
    }

    remove->n = 0;

    for (i = 0; i < NGX_HTTP_ERRORTRACKING_BATCHES; i++) {
        batch = &zone->flusher->batches[i];

        if (batch->n != 0 && batch->removing) {
            ngx_http_errortracking_batch_token(zone,
                                               batch->segments[0]->batch,
                                               remove->tokens[remove->n]);
            remove->status[remove->n] = ET_SPOOL_ERROR;
            remove->batches[remove->n++] = batch;
        }
    }

    if (remove->n != 0) {
        ngx_http_errortracking_job_start(&remove->job,
                                         ngx_http_errortracking_unlink_work,
                                         ngx_http_errortracking_unlink_done);
    }
}


static void
ngx_http_errortracking_unlink_work(ngx_http_errortracking_job_t *job)
{
    et_spool_t                       *spool;
    ngx_uint_t                        i;
    ngx_http_errortracking_remove_t  *remove;

    remove = (ngx_http_errortracking_remove_t *) job;
    spool = ngx_http_errortracking_spool_of(job->zone);

    for (i = 0; i < remove->n; i++) {
        remove->status[i] = et_journal_remove(spool,
                                             et_slice_str(remove->tokens[i]));

        if (remove->status[i] != ET_SPOOL_OK) {
            job->err = ngx_errno;
        }
    }
}


/* A segment whose file is there still can't be filled anew: its rows would be
 * sent again after a restart, perhaps when ClickHouse has forgotten them. */

static void
ngx_http_errortracking_unlink_done(ngx_http_errortracking_job_t *job)
{
    ngx_uint_t                        i, failed;
    ngx_http_errortracking_zone_t    *zone;
    ngx_http_errortracking_remove_t  *remove;

    remove = (ngx_http_errortracking_remove_t *) job;
    zone = job->zone;

    for (i = 0, failed = 0; i < remove->n; i++) {

        if (remove->status[i] == ET_SPOOL_OK) {
            ngx_http_errortracking_batch_removed(remove->batches[i]);

        } else {
            failed++;
        }
    }

    if (failed == 0) {
        remove->rest_until = 0;
        ngx_http_errortracking_remove_start(zone);
        return;
    }

    ngx_http_errortracking_inc(zone->worker->counters.spool_errors);

    if (remove->rest_until == 0) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, job->err,
                      "errortracking_zone \"%V\": %ui files can't be removed "
                      "from \"%s/journal\", their segments wait", &zone->name,
                      failed, ngx_http_errortracking_spool_of(zone)->path);
    }

    remove->rest_until = ngx_current_msec
                         + NGX_HTTP_ERRORTRACKING_JOURNAL_REST;
}


void
ngx_http_errortracking_journal_tick(ngx_http_errortracking_zone_t *zone)
{
    if (zone->journal != NULL) {
        ngx_http_errortracking_remove_start(zone);
    }
}


void
ngx_http_errortracking_journal_remove_now(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **segments, ngx_log_t *log)
{
    char         token[ET_SPOOL_TOKEN];
    et_spool_t  *spool;

    if (zone->journal == NULL || !segments[0]->own_token) {
        return;
    }

    spool = ngx_http_errortracking_spool_of(zone);

    ngx_http_errortracking_batch_token(zone, segments[0]->batch, token);

    if (et_journal_remove(spool, et_slice_str(token)) != ET_SPOOL_OK) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "\"%s/journal/%s.wal\" can't be removed, its rows are "
                      "sent again at the next start", spool->path, token);
    }
}
