/*
 * A zone's spool, and the way out to it: a job of a step in a thread and a
 * step in the event loop.
 */

#include "ngx_http_errortracking_job.h"
#include "ngx_http_errortracking_spool.h"


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
    ngx_http_errortracking_again_t     failing;
} ngx_http_errortracking_spool_out_t;

struct ngx_http_errortracking_spool_s {
    et_spool_t                         spool;      /* a folder in path */
    ngx_str_t                          path;
    ngx_core_conf_t                   *ccf;        /* whose user it is for */
    ngx_http_errortracking_spool_out_t out;
};


static void ngx_http_errortracking_out_work(ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_out_done(ngx_http_errortracking_job_t *job);
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
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_errortracking_replay_init(cycle, zone);
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
           && (zone->spool->out.job.busy
               || ngx_http_errortracking_replay_busy(zone));
}


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
    ngx_uint_t                           level;
    ngx_http_errortracking_zone_t       *zone;
    ngx_http_errortracking_spool_out_t  *out;
    ngx_http_errortracking_counters_t   *counters;

    out = (ngx_http_errortracking_spool_out_t *) job;
    zone = job->zone;
    counters = &zone->worker->counters;

    if (job->status == ET_SPOOL_OK) {
        out->rest_until = 0;

        if (out->failing.failures != 0) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "errortracking_spool \"%s\" takes batches again "
                          "after %uL s", zone->spool->spool.path,
                          ngx_http_errortracking_again_seconds(&out->failing));
            out->failing.failures = 0;
        }

        if (out->why == NULL) {
            ngx_http_errortracking_inc(counters->batches_spooled);
            ngx_http_errortracking_add(counters->rows_spooled,
                                       out->batch->rows);

        } else {
            ngx_http_errortracking_inc(counters->batches_set_aside);

            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "errortracking batch %uL of %uL rows is set aside "
                          "in \"%s/failed/%s\", ClickHouse refused it: status "
                          "%ui, \"%V\"", out->batch->segments[0]->batch,
                          out->batch->rows, zone->spool->spool.path,
                          out->name, out->batch->post.status, out->why);
        }

    } else {
        ngx_http_errortracking_inc(counters->spool_errors);

        out->rest_until = ngx_current_msec
                          + NGX_HTTP_ERRORTRACKING_SPOOL_REST;

        level = ngx_http_errortracking_again(&out->failing, job->status);

        ngx_log_error(level, ngx_cycle->log,
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
