/*
 * Large requests: what would hold up the event loop or fill the zone.
 *
 * A large compressed body is decompressed in a thread, into the pages of a
 * temporary file.  Large attachments go from the body straight into files of
 * the spool, written and synced in a thread, and from there to ClickHouse;
 * their event goes the usual way.
 *
 * Promise: neither takes memory of its own that grows with the body.  The
 * files of a request are all in the spool before its event is accepted; where
 * they can't be, the request is refused.
 *
 * A request whose files are being written keeps the core that has read it;
 * the worker goes on with another.
 */

#include "ngx_http_errortracking.h"
#include "ngx_http_errortracking_flush.h"
#include "ngx_http_errortracking_spool.h"


/* bytes; what is decompressed or kept where it is */
#define NGX_HTTP_ERRORTRACKING_LARGE_BODY   (256 * 1024)
#define NGX_HTTP_ERRORTRACKING_LARGE_FILES  (1024 * 1024)

/* bytes of attachments in one file of the spool, one batch */
#define NGX_HTTP_ERRORTRACKING_FILE_BATCH   (16 * 1024 * 1024)

/* requests of a worker that may wait for their files at once */
#define NGX_HTTP_ERRORTRACKING_PARKED       8


struct ngx_http_errortracking_large_s {
    ngx_http_request_t              *request;
    ngx_http_errortracking_zone_t   *zone;
    void                           (*work)(
                                      ngx_http_errortracking_large_t *large);
    void                           (*done)(ngx_http_request_t *r);
    et_reason_t                      reason;

    /* inflating */

    et_inflate_t                     inflate;
    et_encodings_t                   encodings;
    size_t                           ratio;
    et_slice_t                       body;
    size_t                           limit;
    et_slice_t                       out;

    /* spooling */

    struct iovec                    *iov;        /* head, payload, ... */
    ngx_uint_t                       n;
    ngx_uint_t                       rows;
    ngx_uint_t                       batches;
    uint64_t                         number;     /* of the first batch */
    int64_t                          time;
};


static ngx_fd_t ngx_http_errortracking_large_file(ngx_http_request_t *r);
static void ngx_http_errortracking_large_inflate(
    ngx_http_errortracking_large_t *large);
static void ngx_http_errortracking_large_cleanup(void *data);
static ngx_int_t ngx_http_errortracking_large_rows(ngx_http_request_t *r,
    ngx_http_errortracking_large_t *large);
static void ngx_http_errortracking_large_spool(
    ngx_http_errortracking_large_t *large);
static ngx_int_t ngx_http_errortracking_large_start(
    ngx_http_errortracking_large_t *large);
static void ngx_http_errortracking_large_resume(ngx_http_request_t *r);
static ngx_int_t ngx_http_errortracking_core_park(ngx_http_request_t *r);
static void ngx_http_errortracking_core_unpark(void *data);
static et_ingest_t *ngx_http_errortracking_core_create(void);
static void ngx_http_errortracking_core_free(et_ingest_t *core);


static et_ingest_t  *ngx_http_errortracking_spare;
static ngx_uint_t    ngx_http_errortracking_parked;


ngx_int_t
ngx_http_errortracking_large_body(ngx_http_request_t *r)
{
    ngx_fd_t                            fd[2];
    ngx_uint_t                          i, files;
    ngx_pool_cleanup_t                 *cln;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_large_t     *large;
    ngx_http_errortracking_loc_conf_t  *elcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (ctx->request.len < NGX_HTTP_ERRORTRACKING_LARGE_BODY
        || !et_is_encoded(&ctx->request.encodings,
                          et_slice(ctx->request.body, ctx->request.len)))
    {
        return NGX_DECLINED;
    }

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    /* the files' cleanups are added first and so run last, when their pages
     * are no longer mapped */

    files = ctx->request.encodings.n > 1 ? 2 : 1;

    for (i = 0; i < files; i++) {
        fd[i] = ngx_http_errortracking_large_file(r);

        if (fd[i] == NGX_INVALID_FILE) {
            return NGX_ERROR;
        }
    }

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_errortracking_large_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    large = cln->data;
    ngx_memzero(large, sizeof(ngx_http_errortracking_large_t));

    large->request = r;
    large->zone = elcf->zone;
    large->work = ngx_http_errortracking_large_inflate;
    large->done = ngx_http_errortracking_ingest_run;
    large->encodings = ctx->request.encodings;
    large->ratio = elcf->limits.max_ratio;
    large->body = et_slice(ctx->request.body, ctx->request.len);
    large->limit = elcf->limits.max_inflated;

    et_inflate_init(&large->inflate, 0, fd[0]);

    if (files == 2) {
        et_inflate_second_file(&large->inflate, fd[1]);
    }

    cln->handler = ngx_http_errortracking_large_cleanup;

    ctx->large = large;

    return ngx_http_errortracking_large_start(large);
}


/* A temporary file that goes with the request. */

static ngx_fd_t
ngx_http_errortracking_large_file(ngx_http_request_t *r)
{
    ngx_temp_file_t           *tf;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    tf = ngx_pcalloc(r->pool, sizeof(ngx_temp_file_t));
    if (tf == NULL) {
        return NGX_INVALID_FILE;
    }

    tf->file.fd = NGX_INVALID_FILE;
    tf->file.log = r->connection->log;
    tf->path = clcf->client_body_temp_path;
    tf->pool = r->pool;
    tf->clean = 1;

    if (ngx_create_temp_file(&tf->file, tf->path, tf->pool, tf->persistent,
                             tf->clean, tf->access)
        != NGX_OK)
    {
        return NGX_INVALID_FILE;
    }

    return tf->file.fd;
}


/* In a thread. */

static void
ngx_http_errortracking_large_inflate(ngx_http_errortracking_large_t *large)
{
    large->reason = et_decode(&large->inflate, &large->encodings,
                              large->body, large->limit,
                              (unsigned) large->ratio, &large->out);
}


static void
ngx_http_errortracking_large_cleanup(void *data)
{
    ngx_http_errortracking_large_t  *large = data;

    et_inflate_destroy(&large->inflate);
}


et_reason_t
ngx_http_errortracking_large_inflated(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t    *ctx;
    ngx_http_errortracking_large_t  *large;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    large = ctx->large;

    if (large->reason != ET_OK) {
        return large->reason;
    }

    if (large->out.len == 0) {
        return ET_EMPTY_BODY;
    }

    ngx_http_errortracking_add(large->zone->worker->counters.bytes_inflated,
                               large->out.len);

    /* whatever it begins with, it is not inflated once more */

    ctx->request.encodings.n = 1;
    ctx->request.encodings.list[0] = ET_ENCODING_IDENTITY;
    ctx->request.body = (char *) large->out.data;
    ctx->request.len = large->out.len;
    ctx->large = NULL;

    return ET_OK;
}


ngx_int_t
ngx_http_errortracking_large_attachments(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_large_t     *large;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (elcf->zone->spool == NULL
        || ctx->core->attachment_bytes < NGX_HTTP_ERRORTRACKING_LARGE_FILES)
    {
        return NGX_DECLINED;
    }

    large = ngx_pcalloc(r->pool, sizeof(ngx_http_errortracking_large_t));
    if (large == NULL) {
        return NGX_ERROR;
    }

    large->request = r;
    large->zone = elcf->zone;
    large->work = ngx_http_errortracking_large_spool;
    large->done = ngx_http_errortracking_ingest_spooled;

    if (ngx_http_errortracking_large_rows(r, large) != NGX_OK
        || ngx_http_errortracking_core_park(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->large = large;

    return ngx_http_errortracking_large_start(large);
}


/* The rows, without what the body has of them. */

static ngx_int_t
ngx_http_errortracking_large_rows(ngx_http_request_t *r,
    ngx_http_errortracking_large_t *large)
{
    u_char                        *p;
    size_t                         i, size, bytes;
    et_event_t                    *record;
    et_ingest_t                   *core;
    struct iovec                  *iov;
    ngx_http_errortracking_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    core = ctx->core;

    for (i = 0, size = 0; i < core->nrecords; i++) {
        if (core->records[i].kind == ET_RECORD_ATTACHMENT) {
            size += et_row_size(&core->records[i])
                    - core->records[i].payload.len;
            large->rows++;
        }
    }

    p = ngx_pnalloc(r->pool, size);
    iov = ngx_palloc(r->pool, 2 * large->rows * sizeof(struct iovec));

    if (p == NULL || iov == NULL) {
        return NGX_ERROR;
    }

    large->iov = iov;
    bytes = 0;

    for (i = 0; i < core->nrecords; i++) {

        record = &core->records[i];

        if (record->kind != ET_RECORD_ATTACHMENT) {
            continue;
        }

        iov[0].iov_base = p;
        p = (u_char *) et_row_encode_open((char *) p, record,
                                          ctx->request.project);
        iov[0].iov_len = p - (u_char *) iov[0].iov_base;

        iov[1].iov_base = (void *) record->payload.data;
        iov[1].iov_len = record->payload.len;

        bytes += record->payload.len;
        iov += 2;
    }

    large->n = 2 * large->rows;
    large->batches = bytes / NGX_HTTP_ERRORTRACKING_FILE_BATCH + 1;
    large->number = ngx_http_errortracking_zone_number(large->zone,
                                                       large->batches);
    large->time = ngx_http_errortracking_now();

    return NGX_OK;
}


/* In a thread. */

static void
ngx_http_errortracking_large_spool(ngx_http_errortracking_large_t *large)
{
    char               token[ET_SPOOL_TOKEN], name[ET_SPOOL_NAME];
    size_t             bytes;
    ngx_uint_t         i, from, batch;
    et_spool_batch_t   file;

    large->reason = ET_OK;

    for (i = 0, batch = 0; i < large->n; batch++) {

        from = i;
        bytes = 0;

        /* the last takes what is left, so that there are no more of them
         * than numbers */

        while (i < large->n
               && (bytes < NGX_HTTP_ERRORTRACKING_FILE_BATCH
                   || batch + 1 == large->batches))
        {
            bytes += large->iov[i + 1].iov_len;
            i += 2;
        }

        ngx_http_errortracking_batch_token(large->zone, large->number + batch,
                                           token);

        file.token = et_slice_str(token);
        file.columns = et_slice_str(ET_ROW_COLUMNS);
        file.rows = (i - from) / 2;
        file.time = large->time;
        file.body = large->iov + from;
        file.n = i - from;

        if (et_spool_write(ngx_http_errortracking_spool_of(large->zone),
                           &file, name)
            != ET_SPOOL_OK)
        {
            large->reason = ET_SPOOL_REFUSED;
            return;
        }
    }
}


et_reason_t
ngx_http_errortracking_large_spooled(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_large_t     *large;
    ngx_http_errortracking_counters_t  *counters;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);
    large = ctx->large;
    counters = &large->zone->worker->counters;

    if (large->reason != ET_OK) {
        ngx_http_errortracking_inc(counters->spool_errors);
        return large->reason;
    }

    ngx_http_errortracking_add(counters->batches_spooled, large->batches);
    ngx_http_errortracking_add(counters->rows_spooled, large->rows);

    et_ingest_remove_attachments(ctx->core);

    return ET_OK;
}


#if (NGX_THREADS)

static void
ngx_http_errortracking_large_thread(void *data, ngx_log_t *log)
{
    ngx_http_errortracking_large_t  *large;

    large = *(ngx_http_errortracking_large_t **) data;

    large->work(large);
}


static void
ngx_http_errortracking_large_event(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ev->data;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->main->blocked--;
    r->aio = 0;

    /* ours, or that which ends a request whose connection has failed */

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}

#endif


/* NGX_AGAIN: the request goes on later; NGX_OK: it is done already. */

static ngx_int_t
ngx_http_errortracking_large_start(ngx_http_errortracking_large_t *large)
{
#if (NGX_THREADS)

    ngx_thread_task_t   *task;
    ngx_http_request_t  *r;

    if (large->zone->thread_pool != NULL) {

        r = large->request;

        task = ngx_thread_task_alloc(r->pool,
                                     sizeof(ngx_http_errortracking_large_t *));
        if (task == NULL) {
            return NGX_ERROR;
        }

        *(ngx_http_errortracking_large_t **) task->ctx = large;

        task->handler = ngx_http_errortracking_large_thread;
        task->event.handler = ngx_http_errortracking_large_event;
        task->event.data = r;

        if (ngx_thread_task_post(large->zone->thread_pool, task) != NGX_OK) {
            return NGX_ERROR;
        }

        r->main->blocked++;
        r->aio = 1;
        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler = ngx_http_errortracking_large_resume;

        return NGX_AGAIN;
    }

#endif

    large->work(large);

    return NGX_OK;
}


static void
ngx_http_errortracking_large_resume(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t  *ctx;

    if (r->aio) {
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    r->write_event_handler = ngx_http_request_empty_handler;

    ctx->large->done(r);
}


ngx_int_t
ngx_http_errortracking_cores_init(void)
{
    ngx_http_errortracking_core = ngx_http_errortracking_core_create();

    return ngx_http_errortracking_core == NULL ? NGX_ERROR : NGX_OK;
}


void
ngx_http_errortracking_cores_exit(void)
{
    ngx_http_errortracking_core_free(ngx_http_errortracking_core);
    ngx_http_errortracking_core_free(ngx_http_errortracking_spare);

    ngx_http_errortracking_core = NULL;
    ngx_http_errortracking_spare = NULL;
}


/* The request keeps the core until its end. */

static ngx_int_t
ngx_http_errortracking_core_park(ngx_http_request_t *r)
{
    et_ingest_t                   *core;
    ngx_pool_cleanup_t            *cln;
    ngx_http_errortracking_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (ngx_http_errortracking_parked == NGX_HTTP_ERRORTRACKING_PARKED) {
        return NGX_BUSY;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    core = ngx_http_errortracking_spare;

    if (core == NULL) {
        core = ngx_http_errortracking_core_create();

        if (core == NULL) {
            return NGX_ERROR;
        }
    }

    cln->handler = ngx_http_errortracking_core_unpark;
    cln->data = ctx->core;

    ngx_http_errortracking_core = core;
    ngx_http_errortracking_spare = NULL;
    ngx_http_errortracking_parked++;

    return NGX_OK;
}


static void
ngx_http_errortracking_core_unpark(void *data)
{
    ngx_http_errortracking_parked--;

    if (ngx_http_errortracking_spare == NULL) {
        ngx_http_errortracking_spare = data;
        return;
    }

    ngx_http_errortracking_core_free(data);
}


static et_ingest_t *
ngx_http_errortracking_core_create(void)
{
    et_ingest_t  *core;

    core = ngx_alloc(sizeof(et_ingest_t), ngx_cycle->log);

    if (core != NULL && !et_ingest_init(core)) {
        ngx_free(core);
        core = NULL;
    }

    return core;
}


static void
ngx_http_errortracking_core_free(et_ingest_t *core)
{
    if (core != NULL) {
        et_ingest_destroy(core);
        ngx_free(core);
    }
}
