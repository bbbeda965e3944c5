/*
 * Delivering what is left: posted while there is time, else written to the
 * spool.
 */

#include "ngx_http_errortracking_exit.h"
#include "ngx_http_errortracking_exit_post.h"
#include "ngx_http_errortracking_journal.h"


/* milliseconds; NGINX kills a worker a second after it was told to stop */
#define NGX_HTTP_ERRORTRACKING_EXIT_STOP  500


typedef struct {
    ngx_cycle_t                        *cycle;
    ngx_http_errortracking_zone_t      *zone;
    ngx_uint_t                          last;      /* unsigned  last:1; */
    ngx_http_errortracking_exit_post_t  post;

    uint64_t                            posted;    /* rows */
    uint64_t                            spooled;
    uint64_t                            journaled; /* the next start's */
    uint64_t                            lost;
} ngx_http_errortracking_exit_t;


static ngx_int_t ngx_http_errortracking_exit_deliver(
    ngx_http_errortracking_exit_t *ex,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n);


void
ngx_http_errortracking_exit_worker(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone)
{
    ngx_uint_t  last;
    ngx_msec_t  wait;

    if (!ngx_exiting || ngx_http_errortracking_zone_has_heir(zone)) {
        return;
    }

    last = ngx_http_errortracking_zone_is_last(zone);

    if (zone->spool == NULL && !last) {
        return;
    }

    ngx_time_update();

    wait = 0;

    if (last) {
        wait = ngx_terminate ? NGX_HTTP_ERRORTRACKING_EXIT_STOP
                             : zone->exit_timeout;
    }

    ngx_http_errortracking_exit_zone(cycle, zone, ngx_current_msec + wait,
                                     last);
}


void
ngx_http_errortracking_exit_zone(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone, ngx_msec_t deadline, ngx_uint_t last)
{
    ngx_uint_t                         n, level;
    ngx_http_errortracking_exit_t      ex;
    ngx_http_errortracking_segment_t  *segments[
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS];

    ngx_memzero(&ex, sizeof(ngx_http_errortracking_exit_t));
    ex.cycle = cycle;
    ex.zone = zone;
    ex.last = last;
    ex.post.log = cycle->log;
    ex.post.zone = zone;
    ex.post.deadline = deadline;

    /* the workers are gone, but their counters go on */

    if (zone->worker == NULL) {
        zone->worker = &zone->sh->workers[0];
    }

    /* first what was formed: it goes out as it is, under its own number */

    for ( ;; ) {
        n = ngx_http_errortracking_zone_take_over(zone, segments,
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS);
        if (n == 0) {
            break;
        }

        if (ngx_http_errortracking_exit_deliver(&ex, segments, n) != NGX_OK) {
            goto done;
        }
    }

    for ( ;; ) {
        n = ngx_http_errortracking_zone_form(zone,
                                        zone->flusher->batch_size,
                                        zone->flusher->batch_rows, 0, segments,
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS);
        if (n == 0) {
            break;
        }

        if (ngx_http_errortracking_exit_deliver(&ex, segments, n) != NGX_OK) {
            goto done;
        }
    }

done:

    ngx_http_errortracking_exit_post_done(&ex.post);

    if (ex.posted + ex.spooled + ex.journaled + ex.lost == 0) {
        return;
    }

    level = ex.lost != 0 ? NGX_LOG_ERR : NGX_LOG_NOTICE;

    ngx_log_error(level, cycle->log, 0,
                  "errortracking_zone \"%V\" at exit: %uL rows posted, %uL "
                  "spooled, %uL lost, %uL in the journal", &zone->name,
                  ex.posted, ex.spooled, ex.lost, ex.journaled);
}


/* NGX_OK: nothing more can be done for it, so its segments are free. */

static ngx_int_t
ngx_http_errortracking_exit_deliver(ngx_http_errortracking_exit_t *ex,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n)
{
    uint64_t    rows;
    ngx_uint_t  i;

    for (i = 0, rows = 0; i < n; i++) {
        rows += ngx_http_errortracking_segment_rows(segments[i]);
    }

    if (ngx_http_errortracking_exit_post(&ex->post, segments, n) == NGX_OK) {
        ex->posted += rows;
        ngx_http_errortracking_journal_remove_now(ex->zone, segments,
                                                  ex->cycle->log);

    } else if (ngx_http_errortracking_spool_now(ex->zone, segments, n, rows,
                                                ex->cycle->log)
               == NGX_OK)
    {
        ex->spooled += rows;
        ngx_http_errortracking_journal_remove_now(ex->zone, segments,
                                                  ex->cycle->log);

    } else if (!ex->last) {

        /* the master, or the last worker, has more time */

        ngx_http_errortracking_zone_hand_over(ex->zone, segments, n);
        return NGX_DECLINED;

    } else if (segments[0]->own_token) {

        /* its file stays; what is not in it was acknowledged to nobody */

        ex->journaled += rows;

    } else {
        ex->lost += rows;
    }

    ngx_http_errortracking_zone_free(ex->zone, segments, n);

    return NGX_OK;
}
