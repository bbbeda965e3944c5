/*
 * Two jobs, each of a step in a thread and a step in the event loop: one
 * takes batches out to files, the other brings them back.
 */

#include "ngx_http_errortracking_job.h"
#include "ngx_http_errortracking_spool.h"


/* milliseconds; between two looks at the directory, and how long writing or
 * reading rests after a failure */
#define NGX_HTTP_ERRORTRACKING_SPOOL_SCAN   1000
#define NGX_HTTP_ERRORTRACKING_SPOOL_REST   5000


typedef struct {
    ngx_http_errortracking_job_t       job;

    ngx_http_errortracking_batch_t    *batch;
    ngx_str_t                         *why;
    char                               token[ET_SPOOL_TOKEN];
    char                               name[ET_SPOOL_NAME];
    int64_t                            time;
    struct iovec                       iov[
                                        NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS];
    ngx_msec_t                         rest_until;
} ngx_http_errortracking_spool_out_t;

typedef struct {
    ngx_http_errortracking_job_t       job;

    ngx_uint_t                         replay;
    ngx_msec_t                         next;       /* not before */
    ngx_msec_t                         started;
    int                                lock;       /* descriptor, or -1 */
    char                               after[ET_SPOOL_NAME]; /* is the next */
    unsigned                           again:1;    /* from the oldest, in vain
                                                    * so far */
    unsigned                           skipped:1;  /* the file can't be read */
    unsigned                           damaged:1;
    et_spool_usage_t                   usage;

    /* the file at hand */

    et_spool_file_t                    file;
    et_spool_reader_t                  reader;
    u_char                            *body;       /* malloc()ed */
    u_char                            *args;
    ngx_buf_t                          buf;
    ngx_chain_t                        chain;
    ngx_http_errortracking_post_t      post;
} ngx_http_errortracking_spool_in_t;

struct ngx_http_errortracking_spool_s {
    et_spool_t                         spool;      /* a folder in path */
    ngx_str_t                          path;
    ngx_core_conf_t                   *ccf;        /* whose user it is for */
    ngx_http_errortracking_spool_out_t out;
    ngx_http_errortracking_spool_in_t  in;
};


static void ngx_http_errortracking_out_work(ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_out_done(ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_load_work(
    ngx_http_errortracking_job_t *job);
static et_spool_status_t ngx_http_errortracking_load_next(
    ngx_http_errortracking_spool_in_t *in);
static et_spool_status_t ngx_http_errortracking_load_body(
    ngx_http_errortracking_spool_in_t *in);
static void ngx_http_errortracking_load_done(
    ngx_http_errortracking_job_t *job);
static ngx_int_t ngx_http_errortracking_replay(
    ngx_http_errortracking_spool_in_t *in);
static void ngx_http_errortracking_replayed(
    ngx_http_errortracking_post_t *post);
static void ngx_http_errortracking_remove_work(
    ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_refuse_work(
    ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_remove_done(
    ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_in_skip(
    ngx_http_errortracking_spool_in_t *in);
static void ngx_http_errortracking_in_drop(
    ngx_http_errortracking_spool_in_t *in);
static int64_t ngx_http_errortracking_spool_time(void);
static const char *ngx_http_errortracking_spool_reason(
    et_spool_status_t status);


ngx_http_errortracking_spool_t *
ngx_http_errortracking_spool_conf(ngx_conf_t *cf, ngx_str_t *path,
    uint64_t size, ngx_str_t *zone)
{
    u_char                          *p;
    ngx_http_errortracking_spool_t  *spool;

    spool = ngx_pcalloc(cf->pool, sizeof(ngx_http_errortracking_spool_t));
    p = ngx_pnalloc(cf->pool, path->len + zone->len + 2);

    if (spool == NULL || p == NULL) {
        return NULL;
    }

    ngx_sprintf(p, "%V/%V%Z", path, zone);

    spool->path = *path;
    spool->ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                                  ngx_core_module);
    spool->spool.path = (char *) p;
    spool->spool.size = size;
    spool->spool.uid = (uid_t) -1;
    spool->spool.gid = (gid_t) -1;
    spool->in.lock = -1;

    return spool;
}


ngx_int_t
ngx_http_errortracking_spool_create(ngx_http_errortracking_zone_t *zone,
    ngx_log_t *log)
{
    ngx_str_t        *path;
    et_spool_t       *spool;
    ngx_file_info_t   fi;
    ngx_core_conf_t  *ccf;

    if (zone->spool == NULL || ngx_test_config) {
        return NGX_OK;
    }

    ccf = zone->spool->ccf;
    spool = &zone->spool->spool;

    if (geteuid() == 0 && ccf->user != (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        spool->uid = ccf->user;
        spool->gid = ccf->group;
    }

    path = &zone->spool->path;

    if (ngx_create_dir(path->data, 0700) == NGX_FILE_ERROR
        && ngx_errno != NGX_EEXIST)
    {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      ngx_create_dir_n " \"%V\" failed", path);
        return NGX_ERROR;
    }

    if (ngx_file_info(path->data, &fi) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      ngx_file_info_n " \"%V\" failed", path);
        return NGX_ERROR;
    }

    /* also where the user was another until now; but a directory that others
     * may pass is left as it is, since it may not be the spool's alone */

    if (spool->uid != (uid_t) -1 && fi.st_uid != spool->uid
        && !(fi.st_mode & S_IXOTH)
        && chown((char *) path->data, spool->uid, spool->gid) == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "chown() \"%V\" failed", path);
        return NGX_ERROR;
    }

    if (et_spool_create(spool) != ET_SPOOL_OK) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "errortracking_spool \"%s\" can't be made",
                      spool->path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_errortracking_spool_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone)
{
    ngx_http_errortracking_spool_t  *spool;

    spool = zone->spool;

    if (spool == NULL) {
        return NGX_OK;
    }

    if (ngx_http_errortracking_job_init(&spool->out.job, cycle, zone)
        != NGX_OK
        || ngx_http_errortracking_job_init(&spool->in.job, cycle, zone)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    spool->in.args = ngx_palloc(cycle->pool, NGX_HTTP_ERRORTRACKING_ARGS
                                             + ET_SPOOL_COLUMNS);

    return spool->in.args == NULL ? NGX_ERROR : NGX_OK;
}


et_spool_t *
ngx_http_errortracking_spool_of(ngx_http_errortracking_zone_t *zone)
{
    return &zone->spool->spool;
}


ngx_uint_t
ngx_http_errortracking_spool_busy(ngx_http_errortracking_zone_t *zone)
{
    return zone->spool != NULL
           && (zone->spool->out.job.busy || zone->spool->in.job.busy);
}


/* Out: a batch to a file. */

ngx_int_t
ngx_http_errortracking_spool_out(ngx_http_errortracking_batch_t *batch,
    ngx_str_t *why)
{
    ngx_uint_t                           i;
    ngx_http_errortracking_zone_t       *zone;
    ngx_http_errortracking_spool_out_t  *out;

    zone = batch->flusher->zone;
    out = &zone->spool->out;

    if (out->job.busy
        || (out->rest_until != 0
            && (ngx_msec_int_t) (ngx_current_msec - out->rest_until) < 0))
    {
        return NGX_BUSY;
    }

    for (i = 0; i < batch->n; i++) {
        out->iov[i].iov_base = batch->segments[i]->data;
        out->iov[i].iov_len =
                       ngx_http_errortracking_segment_bytes(batch->segments[i]);
    }

    out->batch = batch;
    out->why = why;
    out->time = ngx_http_errortracking_spool_time();

    ngx_http_errortracking_batch_token(zone, batch->segments[0]->batch,
                                       out->token);

    ngx_http_errortracking_job_start(&out->job,
                                     ngx_http_errortracking_out_work,
                                     ngx_http_errortracking_out_done);

    return NGX_OK;
}


static void
ngx_http_errortracking_out_work(ngx_http_errortracking_job_t *job)
{
    et_spool_t                          *spool;
    et_spool_batch_t                     batch;
    ngx_http_errortracking_spool_out_t  *out;

    out = (ngx_http_errortracking_spool_out_t *) job;
    spool = &job->zone->spool->spool;

    batch.token = et_slice_str(out->token);
    batch.columns = et_slice_str(ET_ROW_COLUMNS);
    batch.rows = out->batch->rows;
    batch.time = out->time;
    batch.body = out->iov;
    batch.n = out->batch->n;

    if (out->why == NULL) {
        job->status = et_spool_write(spool, &batch, out->name);

    } else {
        job->status = et_spool_fail(spool, &batch,
                                    et_slice((char *) out->why->data,
                                             out->why->len), out->name);
    }

    job->err = ngx_errno;
}


static void
ngx_http_errortracking_out_done(ngx_http_errortracking_job_t *job)
{
    ngx_http_errortracking_zone_t       *zone;
    ngx_http_errortracking_spool_out_t  *out;
    ngx_http_errortracking_counters_t   *counters;

    out = (ngx_http_errortracking_spool_out_t *) job;
    zone = job->zone;
    counters = &zone->worker->counters;

    if (job->status == ET_SPOOL_OK) {
        out->rest_until = 0;

        if (out->why == NULL) {
            ngx_http_errortracking_inc(counters->batches_spooled);
            ngx_http_errortracking_add(counters->rows_spooled,
                                       out->batch->rows);

        } else {
            ngx_http_errortracking_inc(counters->batches_set_aside);

            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "errortracking batch %uL of %uL rows is set aside, "
                          "ClickHouse refused it: \"%s/failed/%s\"",
                          out->batch->segments[0]->batch, out->batch->rows,
                          zone->spool->spool.path, out->name);
        }

    } else {
        ngx_http_errortracking_inc(counters->spool_errors);

        out->rest_until = ngx_current_msec
                          + NGX_HTTP_ERRORTRACKING_SPOOL_REST;

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log,
                      job->status == ET_SPOOL_FULL ? 0 : job->err,
                      "errortracking_spool \"%s\" does not take a batch of "
                      "%uz bytes: %s", zone->spool->spool.path,
                      out->batch->bytes,
                      ngx_http_errortracking_spool_reason(job->status));
    }

    ngx_http_errortracking_batch_spooled(out->batch,
                                         job->status == ET_SPOOL_OK
                                         ? NGX_OK : NGX_ERROR);
}


/* In: the oldest file to ClickHouse. */

void
ngx_http_errortracking_spool_in(ngx_http_errortracking_zone_t *zone,
    ngx_uint_t replay)
{
    ngx_http_errortracking_spool_in_t  *in;

    in = &zone->spool->in;

    if (in->job.busy || in->body != NULL
        || (in->next != 0
            && (ngx_msec_int_t) (ngx_current_msec - in->next) < 0))
    {
        return;
    }

    in->replay = replay;
    in->skipped = 0;
    in->damaged = 0;

    ngx_http_errortracking_job_start(&in->job,
                                     ngx_http_errortracking_load_work,
                                     ngx_http_errortracking_load_done);
}


static void
ngx_http_errortracking_load_work(ngx_http_errortracking_job_t *job)
{
    ngx_http_errortracking_spool_in_t  *in;

    in = (ngx_http_errortracking_spool_in_t *) job;

    job->status = ngx_http_errortracking_load_next(in);
    job->err = ngx_errno;

    if (job->status != ET_SPOOL_OK) {
        return;
    }

    job->status = ngx_http_errortracking_load_body(in);
    job->err = ngx_errno;

    if (job->status == ET_SPOOL_DAMAGED) {
        in->damaged = 1;

        if (et_spool_set_aside(&job->zone->spool->spool, in->file.name)
            == ET_SPOOL_OK)
        {
            return;
        }
    }

    /* it must not hold up the others */

    in->skipped = (job->status != ET_SPOOL_OK && job->status != ET_SPOOL_GONE);
}


/*
 * The next file, and the lock.  The lock is held while the file is at hand and
 * not longer: another tree of processes may drain the same spool, and the next
 * worker does while an old one lives on for its clients.
 */

static et_spool_status_t
ngx_http_errortracking_load_next(ngx_http_errortracking_spool_in_t *in)
{
    size_t              n;
    et_spool_t         *spool;
    et_spool_status_t   status;

    spool = &in->job.zone->spool->spool;

    status = et_spool_scan_after(spool, in->after, &in->usage, &in->file, 1,
                                 &n);

    if (status == ET_SPOOL_OK && n == 0 && in->after[0] != '\0') {
        in->after[0] = '\0';
        in->again = 1;

        status = et_spool_scan(spool, &in->usage, &in->file, 1, &n);
    }

    if (status != ET_SPOOL_OK) {
        return status;
    }

    if (n == 0 || !in->replay) {
        return ET_SPOOL_GONE;
    }

    return et_spool_lock(spool, &in->lock);
}


/*
 * A heap buffer, so that the event loop meets no page that is on the disk;
 * one file is at hand at a time.
 */

static et_spool_status_t
ngx_http_errortracking_load_body(ngx_http_errortracking_spool_in_t *in)
{
    off_t               offset;
    size_t              size;
    u_char             *p;
    ssize_t             n;
    et_spool_status_t   status;

    status = et_spool_open(&in->job.zone->spool->spool, in->file.name,
                           &in->reader);
    if (status != ET_SPOOL_OK) {
        return status;
    }

    size = (size_t) in->reader.bytes;
    offset = (off_t) in->reader.offset;

    in->body = malloc(size == 0 ? 1 : size);

    if (in->body == NULL) {
        et_spool_close(&in->reader);
        return ET_SPOOL_ERROR;
    }

    for (p = in->body; size > 0; p += n, offset += n, size -= n) {

        n = pread(in->reader.fd, p, size, offset);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            et_spool_close(&in->reader);
            free(in->body);
            in->body = NULL;
            return ET_SPOOL_ERROR;
        }
    }

    et_spool_close(&in->reader);

    return ET_SPOOL_OK;
}


static void
ngx_http_errortracking_load_done(ngx_http_errortracking_job_t *job)
{
    ngx_http_errortracking_shm_t       *sh;
    ngx_http_errortracking_zone_t      *zone;
    ngx_http_errortracking_spool_in_t  *in;

    in = (ngx_http_errortracking_spool_in_t *) job;
    zone = job->zone;
    sh = zone->sh;

    sh->spool_files = in->usage.files;
    sh->spool_bytes = in->usage.bytes;
    sh->spool_oldest = (uint64_t) in->usage.oldest;
    sh->spool_failed = in->usage.failed;
    sh->spool_damaged = in->usage.damaged;

    in->next = ngx_current_msec + NGX_HTTP_ERRORTRACKING_SPOOL_SCAN;

    if (in->damaged) {
        ngx_http_errortracking_inc(zone->worker->counters.files_damaged);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "errortracking_spool: \"%s\" is damaged and set aside "
                      "in \"%s/damaged\"", in->file.name,
                      zone->spool->spool.path);
    }

    if (job->status == ET_SPOOL_ERROR || job->status == ET_SPOOL_NO_SPACE) {
        ngx_http_errortracking_inc(zone->worker->counters.spool_errors);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, job->err,
                      "errortracking_spool \"%s%s%s\" can't be read",
                      zone->spool->spool.path, in->skipped ? "/" : "",
                      in->skipped ? in->file.name : "");

        in->next = ngx_current_msec + NGX_HTTP_ERRORTRACKING_SPOOL_REST;
    }

    if (job->status == ET_SPOOL_NEWER && !in->again) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "errortracking_spool: \"%s\" is of a later version of "
                      "this module, and left where it is", in->file.name);
    }

    if (in->skipped) {
        in->next = ngx_current_msec
                   + (in->again ? NGX_HTTP_ERRORTRACKING_SPOOL_REST : 0);
        ngx_http_errortracking_in_skip(in);
    }

    if (job->status != ET_SPOOL_OK || in->body == NULL) {
        ngx_http_errortracking_in_drop(in);
        return;
    }

    if (ngx_http_errortracking_replay(in) != NGX_OK) {
        ngx_http_errortracking_in_drop(in);
    }
}


static ngx_int_t
ngx_http_errortracking_replay(ngx_http_errortracking_spool_in_t *in)
{
    u_char                            *p;
    ngx_buf_t                         *b;
    ngx_http_errortracking_post_t     *post;
    ngx_http_errortracking_flusher_t  *flusher;

    flusher = in->job.zone->flusher;
    post = &in->post;

    p = ngx_http_errortracking_insert_args(flusher, in->reader.columns,
                                           in->reader.token, in->args);

    ngx_memzero(&in->buf, sizeof(ngx_buf_t));

    b = &in->buf;
    b->start = in->body;
    b->pos = in->body;
    b->last = in->body + in->reader.bytes;
    b->end = b->last;
    b->memory = 1;
    b->last_buf = 1;

    in->chain.buf = b;
    in->chain.next = NULL;

    post->conf_ctx = flusher->conf_ctx;
    post->uri = flusher->uri;
    post->args.data = in->args;
    post->args.len = p - in->args;
    post->body = &in->chain;
    post->length = in->reader.bytes;
    post->handler = ngx_http_errortracking_replayed;
    post->data = in;

    in->started = ngx_current_msec;
    flusher->posting++;

    if (ngx_http_errortracking_post(post) != NGX_OK) {
        flusher->posting--;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_errortracking_replayed(ngx_http_errortracking_post_t *post)
{
    ngx_msec_t                          took;
    ngx_http_errortracking_zone_t      *zone;
    ngx_http_errortracking_spool_in_t  *in;
    ngx_http_errortracking_counters_t  *counters;

    in = post->data;
    zone = in->job.zone;
    counters = &zone->worker->counters;

    zone->flusher->posting--;

    /* as long a rest as the work took: the half is left to what comes in */

    took = ngx_current_msec - in->started;
    in->next = ngx_current_msec + took;

    if (post->rc == NGX_OK) {
        ngx_http_errortracking_breaker_close(zone);

        in->again = 0;

        ngx_http_errortracking_inc(counters->batches_replayed);
        ngx_http_errortracking_add(counters->rows_replayed, in->reader.rows);

        ngx_http_errortracking_job_start(&in->job,
                                         ngx_http_errortracking_remove_work,
                                         ngx_http_errortracking_remove_done);
        return;
    }

    ngx_http_errortracking_inc(counters->batches_failed[post->failure]);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "errortracking_spool: \"%s\" was not taken by ClickHouse: "
                  "%s, status %ui, \"%*s\"", in->file.name,
                  ngx_http_errortracking_failure_names[post->failure],
                  post->status, post->error_len, post->error);

    if (ngx_http_errortracking_is_poison(post)) {
        ngx_http_errortracking_job_start(&in->job,
                                         ngx_http_errortracking_refuse_work,
                                         ngx_http_errortracking_remove_done);
        return;
    }

    in->next = ngx_current_msec + ngx_http_errortracking_breaker_open(zone);

    if (post->failure != NGX_HTTP_ERRORTRACKING_FAILED_CONNECT
        && post->failure != NGX_HTTP_ERRORTRACKING_FAILED_LOCAL)
    {
        /* it may be this file alone that fails so: let others probe */

        ngx_http_errortracking_in_skip(in);
    }

    ngx_http_errortracking_in_drop(in);
}


static void
ngx_http_errortracking_remove_work(ngx_http_errortracking_job_t *job)
{
    ngx_http_errortracking_spool_in_t  *in;

    in = (ngx_http_errortracking_spool_in_t *) job;

    job->status = et_spool_remove(&job->zone->spool->spool, in->file.name);
    job->err = ngx_errno;
}


static void
ngx_http_errortracking_refuse_work(ngx_http_errortracking_job_t *job)
{
    ngx_http_errortracking_spool_in_t  *in;

    in = (ngx_http_errortracking_spool_in_t *) job;

    job->status = et_spool_fail_file(&job->zone->spool->spool, in->file.name,
                                     et_slice((char *) in->post.error,
                                              in->post.error_len));
    job->err = ngx_errno;
}


static void
ngx_http_errortracking_remove_done(ngx_http_errortracking_job_t *job)
{
    ngx_http_errortracking_spool_in_t  *in;
    ngx_http_errortracking_counters_t  *counters;

    in = (ngx_http_errortracking_spool_in_t *) job;
    counters = &job->zone->worker->counters;

    if (job->status != ET_SPOOL_OK && job->status != ET_SPOOL_GONE) {

        /* it is sent again, under its token, and dropped by ClickHouse */

        ngx_http_errortracking_inc(counters->spool_errors);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, job->err,
                      "errortracking_spool: \"%s\" can't be removed from "
                      "\"%s\"", in->file.name, job->zone->spool->spool.path);

        in->next = ngx_current_msec + NGX_HTTP_ERRORTRACKING_SPOOL_REST;

    } else if (job->work == ngx_http_errortracking_refuse_work) {
        ngx_http_errortracking_inc(counters->batches_set_aside);
    }

    ngx_http_errortracking_in_drop(in);

    ngx_http_errortracking_flush_soon(job->zone, 1);
}


/* Its turn comes again after all that are younger. */

static void
ngx_http_errortracking_in_skip(ngx_http_errortracking_spool_in_t *in)
{
    ngx_memcpy(in->after, in->file.name, sizeof(in->after));
}


static void
ngx_http_errortracking_in_drop(ngx_http_errortracking_spool_in_t *in)
{
    free(in->body);
    in->body = NULL;

    if (in->lock != -1) {
        et_spool_unlock(in->lock);
        in->lock = -1;
    }
}


/* At exit. */

ngx_int_t
ngx_http_errortracking_spool_now(ngx_http_errortracking_zone_t *zone,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n, uint64_t rows,
    ngx_log_t *log)
{
    char               token[ET_SPOOL_TOKEN], name[ET_SPOOL_NAME];
    ngx_uint_t         i;
    struct iovec       iov[NGX_HTTP_ERRORTRACKING_BATCH_SEGMENTS];
    et_spool_batch_t   batch;
    et_spool_status_t  status;

    if (zone->spool == NULL) {
        return NGX_DECLINED;
    }

    for (i = 0; i < n; i++) {
        iov[i].iov_base = segments[i]->data;
        iov[i].iov_len = ngx_http_errortracking_segment_bytes(segments[i]);
    }

    ngx_http_errortracking_batch_token(zone, segments[0]->batch, token);

    batch.token = et_slice_str(token);
    batch.columns = et_slice_str(ET_ROW_COLUMNS);
    batch.rows = rows;
    batch.time = ngx_http_errortracking_spool_time();
    batch.body = iov;
    batch.n = n;

    status = et_spool_write(&zone->spool->spool, &batch, name);

    if (status != ET_SPOOL_OK) {
        ngx_log_error(NGX_LOG_ERR, log,
                      status == ET_SPOOL_FULL ? 0 : ngx_errno,
                      "errortracking_spool \"%s\" does not take a batch at "
                      "exit: %s", zone->spool->spool.path,
                      ngx_http_errortracking_spool_reason(status));
        return NGX_ERROR;
    }

    ngx_http_errortracking_inc(zone->worker->counters.batches_spooled);
    ngx_http_errortracking_add(zone->worker->counters.rows_spooled, rows);

    return NGX_OK;
}


static int64_t
ngx_http_errortracking_spool_time(void)
{
    struct timeval  tv;

    ngx_gettimeofday(&tv);

    return (int64_t) tv.tv_sec * ET_SECOND + tv.tv_usec;
}


static const char *
ngx_http_errortracking_spool_reason(et_spool_status_t status)
{
    switch (status) {

    case ET_SPOOL_FULL:
        return "the spool has its size";

    case ET_SPOOL_NO_SPACE:
        return "no space is left on the disk";

    default:
        return "it can't be written";
    }
}
