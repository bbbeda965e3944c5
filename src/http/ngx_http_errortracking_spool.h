/*
 * errortracking_spool: a zone's batches on disk, while ClickHouse is away.
 *
 * Batches go out to files before the zone is full, and come back, oldest
 * first and one at a time, when ClickHouse takes batches again.  A batch that
 * ClickHouse refuses for good is set aside in failed/.
 *
 * Promise: the event loop waits for no disk: files are written, read and
 * counted in a thread.  A batch's segments are free only when its file is
 * whole and synced; its file is removed only when ClickHouse has it.  Both
 * may overlap after a kill, and the token makes one of it.
 */

#ifndef NGX_HTTP_ERRORTRACKING_SPOOL_H
#define NGX_HTTP_ERRORTRACKING_SPOOL_H

#include "ngx_http_errortracking_flush.h"
#include "et_spool.h"


/* milliseconds; how long writing or reading rests after a failure */
#define NGX_HTTP_ERRORTRACKING_SPOOL_REST   5000


/* The spool of a zone: a folder of its own in path. */
ngx_http_errortracking_spool_t *ngx_http_errortracking_spool_conf(
    ngx_conf_t *cf, ngx_str_t *path, uint64_t size, ngx_str_t *zone);

/* The spool's directory, by the master, as root and for the workers' user. */
ngx_int_t ngx_http_errortracking_spool_create(
    ngx_http_errortracking_zone_t *zone, ngx_log_t *log);

/* The spool itself; of a zone that has one. */
et_spool_t *ngx_http_errortracking_spool_of(
    ngx_http_errortracking_zone_t *zone);

/* In a worker. */
ngx_int_t ngx_http_errortracking_spool_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone);

/*
 * Begins to write a batch to the spool, or, where why is not NULL, into
 * failed/ with why beside it (the text has to live as long as the batch).
 * NGX_OK: ngx_http_errortracking_batch_spooled() will be called; NGX_BUSY:
 * another is being written, or writing failed a moment ago.
 */
ngx_int_t ngx_http_errortracking_spool_out(
    ngx_http_errortracking_batch_t *batch, ngx_str_t *why);

/* What brings its files back: of a zone that has one, and in a worker. */
ngx_http_errortracking_replay_t *ngx_http_errortracking_replay_conf(
    ngx_conf_t *cf);
ngx_int_t ngx_http_errortracking_replay_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone);
ngx_uint_t ngx_http_errortracking_replay_busy(
    ngx_http_errortracking_zone_t *zone);

/*
 * Counts the spool's files, and where replay is set sends the oldest one to
 * ClickHouse; once a second, or when the last one is done.
 */
void ngx_http_errortracking_spool_in(ngx_http_errortracking_zone_t *zone,
    ngx_uint_t replay);

/* Whether a file is on its way in or out. */
ngx_uint_t ngx_http_errortracking_spool_busy(
    ngx_http_errortracking_zone_t *zone);

/* Writes segments at once: at exit.  NGX_OK, NGX_DECLINED without a spool,
 * NGX_ERROR. */
ngx_int_t ngx_http_errortracking_spool_now(
    ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n, uint64_t rows,
    ngx_log_t *log);


/* flush: a file was written, NGX_OK, or was not. */
void ngx_http_errortracking_batch_spooled(
    ngx_http_errortracking_batch_t *batch, ngx_int_t rc);


#endif /* NGX_HTTP_ERRORTRACKING_SPOOL_H */
