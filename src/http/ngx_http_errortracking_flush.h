/*
 * The flusher of a zone: what errortracking_flush configures, and the batches
 * that this worker has at hand.
 *
 *     flush_conf   the directive
 *     flush        the timer, the role
 *     batch        a batch's life
 *     post         one sending of a batch
 *     schema       whether ClickHouse's tables are as this module needs them
 */

#ifndef NGX_HTTP_ERRORTRACKING_FLUSH_H
#define NGX_HTTP_ERRORTRACKING_FLUSH_H

#include "ngx_http_errortracking_post.h"


/* batches at hand, waiting ones included, and segments in each, at most */
#define NGX_HTTP_ERRORTRACKING_BATCHES        16
#define NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS 64

/* bytes of a batch's query string; the token is at most 32 + 1 + 20 */
#define NGX_HTTP_ERRORTRACKING_ARGS           2048
#define NGX_HTTP_ERRORTRACKING_TOKEN          64

typedef struct {
    ngx_http_errortracking_post_t      post;
    ngx_http_errortracking_flusher_t  *flusher;
    ngx_uint_t                         n;          /* segments; 0: not used */
    size_t                             bytes;
    uint64_t                           rows;
    ngx_uint_t                         attempts;
    ngx_msec_t                         started;
    ngx_msec_t                         retry_at;
    unsigned                           posting:1;
    unsigned                           spooling:1; /* a file is being written */
    unsigned                           removing:1; /* its file; it is stored */
    unsigned                           poison:1;   /* it goes to failed/ */
    ngx_str_t                          why;
    u_char                             args[NGX_HTTP_ERRORTRACKING_ARGS];

    ngx_http_errortracking_segment_t  *segments[
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS];
    ngx_buf_t                          bufs[
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS];
    ngx_chain_t                        chain[
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS];
} ngx_http_errortracking_batch_t;

typedef struct ngx_http_errortracking_schema_s
    ngx_http_errortracking_schema_t;

struct ngx_http_errortracking_flusher_s {
    ngx_http_errortracking_zone_t     *zone;

    /* configured */

    ngx_http_conf_ctx_t               *conf_ctx;
    void                             **loc_conf;   /* of the location */
    ngx_str_t                          uri;
    ngx_str_t                          table;
    ngx_msec_t                         interval;
    size_t                             batch_size;
    ngx_uint_t                         batch_rows;
    ngx_uint_t                         in_flight;

    /* this worker's */

    ngx_event_t                        tick;
    ngx_connection_t                   dummy;      /* what tick.data names */
    ngx_msec_t                         took_over;
    ngx_msec_t                         exiting_since;
    ngx_uint_t                         exiting;    /* unsigned  exiting:1; */
    ngx_uint_t                         posting;
    ngx_http_errortracking_batch_t    *batches;
    ngx_http_errortracking_schema_t   *schema;
};


/* A batch that is not used; NULL where all are. */
ngx_http_errortracking_batch_t *ngx_http_errortracking_batch_slot(
    ngx_http_errortracking_flusher_t *flusher);

/* Its segments, n of them, are those of a batch. */
void ngx_http_errortracking_batch_begin(
    ngx_http_errortracking_batch_t *batch, ngx_uint_t n);

void ngx_http_errortracking_batch_send(ngx_http_errortracking_batch_t *batch);

/* Leaves a batch, unsent, to whoever takes it over. */
void ngx_http_errortracking_batch_hand_over(
    ngx_http_errortracking_batch_t *batch);

/*
 * The breaker: after a failure nothing is sent for the time that is returned,
 * and then one batch, or file of the spool, at a time probes.
 */
ngx_msec_t ngx_http_errortracking_breaker_open(
    ngx_http_errortracking_zone_t *zone, ngx_http_errortracking_post_t *post);
void ngx_http_errortracking_breaker_close(
    ngx_http_errortracking_zone_t *zone);

/* Whether ClickHouse will never take what it has refused so. */
ngx_uint_t ngx_http_errortracking_is_poison(
    ngx_http_errortracking_post_t *post);

/*
 * Writes the query string of an INSERT and returns its end; for the columns
 * of this module's rows NGX_HTTP_ERRORTRACKING_ARGS bytes are enough.
 */
u_char *ngx_http_errortracking_insert_args(
    ngx_http_errortracking_flusher_t *flusher, const char *columns,
    const char *token, u_char *p);

/* A batch's deduplication token and NUL; ET_SPOOL_TOKEN bytes are enough. */
void ngx_http_errortracking_batch_token(ngx_http_errortracking_zone_t *zone,
    uint64_t batch, char *token);

/* Asks ClickHouse for its schema's version: in a worker, and on each tick of
 * the one with the flush role. */
ngx_int_t ngx_http_errortracking_schema_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_flusher_t *flusher);
void ngx_http_errortracking_schema_tick(
    ngx_http_errortracking_flusher_t *flusher);

/* Where proxy_pass of the zone's location leads to. */
ngx_http_upstream_conf_t *ngx_http_errortracking_flush_upstream(
    ngx_http_errortracking_zone_t *zone);


#endif /* NGX_HTTP_ERRORTRACKING_FLUSH_H */
