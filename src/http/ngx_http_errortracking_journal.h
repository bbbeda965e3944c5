/*
 * errortracking_ack disk: a request is answered when its rows are synced.
 *
 * One sync at a time covers all that a worker has published until it begins,
 * so that requests share it; those that come meanwhile wait for the next one,
 * which begins at once.  The event loop waits for no disk.
 *
 * A segment is sent when its worker's journal is done with it, and free when
 * its file is removed: so a file names nothing that was sent long ago.
 *
 * Where a sync fails, those that wait are refused; what they sent may be
 * stored all the same.
 */

#ifndef NGX_HTTP_ERRORTRACKING_JOURNAL_H
#define NGX_HTTP_ERRORTRACKING_JOURNAL_H

#include "ngx_http_errortracking_spool.h"


/* The journal of a zone, beside its spool. */
ngx_http_errortracking_journal_t *ngx_http_errortracking_journal_conf(
    ngx_conf_t *cf);

/*
 * By the master, once the zone and its spool are there: makes the directory,
 * says that the zone lives, and turns the files of zones that do not into
 * files of the spool.
 */
ngx_int_t ngx_http_errortracking_journal_create(
    ngx_http_errortracking_zone_t *zone, ngx_log_t *log);

/* By the master: the zone is from now on that of its workers alone. */
void ngx_http_errortracking_journal_orphan(
    ngx_http_errortracking_zone_t *zone);

/* In a worker, on its start and, when its threads have ended, on its end. */
ngx_int_t ngx_http_errortracking_journal_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone);
void ngx_http_errortracking_journal_leave(ngx_http_errortracking_zone_t *zone);

/* zone: a segment of this worker has new rows or counts; it is sealed. */
void ngx_http_errortracking_journal_touch(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment);
void ngx_http_errortracking_journal_seal(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t *segment);

/* Whether syncs have just failed, and new rows are better refused. */
ngx_uint_t ngx_http_errortracking_journal_failing(
    ngx_http_errortracking_zone_t *zone);

/*
 * Answers the request when all that this worker has published is synced, and
 * finalizes it; the id, or NULL, is copied.  NGX_OK, NGX_ERROR.
 */
ngx_int_t ngx_http_errortracking_journal_wait(ngx_http_request_t *r,
    const u_char *id, ngx_uint_t events);

/* Removes the file of a batch that is stored elsewhere, and then frees it:
 * ngx_http_errortracking_batch_removed() will be called. */
void ngx_http_errortracking_journal_remove(
    ngx_http_errortracking_batch_t *batch);

/* The same at once, at exit, where segments are a batch with a file. */
void ngx_http_errortracking_journal_remove_now(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **segments, ngx_log_t *log);

/* On each tick: goes on with removals that have failed. */
void ngx_http_errortracking_journal_tick(ngx_http_errortracking_zone_t *zone);

/* Whether something is to be written or removed. */
ngx_uint_t ngx_http_errortracking_journal_busy(
    ngx_http_errortracking_zone_t *zone);


/* batch: its file was removed. */
void ngx_http_errortracking_batch_removed(
    ngx_http_errortracking_batch_t *batch);


static inline void
ngx_http_errortracking_set_journaled(
    ngx_http_errortracking_segment_t *segment)
{
    __atomic_store_n(&segment->journaled, 1, __ATOMIC_RELEASE);
}


#endif /* NGX_HTTP_ERRORTRACKING_JOURNAL_H */
