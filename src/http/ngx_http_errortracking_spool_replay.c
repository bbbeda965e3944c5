/*
 * Replay: the oldest file of the spool to ClickHouse, one at a time.  A step
 * in a thread reads it, one in the event loop posts it, and one in a thread
 * removes it.
 */

#include "ngx_http_errortracking_job.h"
#include "ngx_http_errortracking_spool.h"
#include "et_journal.h"

#include <sys/mman.h>


/* milliseconds; between two looks at the directory */
#define NGX_HTTP_ERRORTRACKING_SPOOL_SCAN   1000


struct ngx_http_errortracking_replay_s {
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
    ngx_http_errortracking_again_t     failing;
    et_spool_usage_t                   usage;
    uint64_t                           journal_files;
    uint64_t                           journal_bytes;

    /* the file at hand */

    et_spool_file_t                    file;
    et_spool_reader_t                  reader;
    u_char                            *body;       /* mmap()ed */
    size_t                             size;       /* of the mapping */
    u_char                            *args;
    ngx_buf_t                          buf;
    ngx_chain_t                        chain;
    ngx_http_errortracking_post_t      post;
};


static void ngx_http_errortracking_load_work(
    ngx_http_errortracking_job_t *job);
static et_spool_status_t ngx_http_errortracking_load_next(
    ngx_http_errortracking_replay_t *in);
static et_spool_status_t ngx_http_errortracking_load_body(
    ngx_http_errortracking_replay_t *in);
static void ngx_http_errortracking_load_done(
    ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_replay(
    ngx_http_errortracking_replay_t *in);
static void ngx_http_errortracking_replayed(
    ngx_http_errortracking_post_t *post);
static void ngx_http_errortracking_remove_work(
    ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_refuse_work(
    ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_remove_done(
    ngx_http_errortracking_job_t *job);
static void ngx_http_errortracking_in_skip(
    ngx_http_errortracking_replay_t *in);
static void ngx_http_errortracking_in_drop(
    ngx_http_errortracking_replay_t *in);
static void ngx_http_errortracking_in_unmap(
    ngx_http_errortracking_replay_t *in);


ngx_http_errortracking_replay_t *
ngx_http_errortracking_replay_conf(ngx_conf_t *cf)
{
    ngx_http_errortracking_replay_t  *in;

    in = ngx_pcalloc(cf->pool, sizeof(ngx_http_errortracking_replay_t));

    if (in != NULL) {
        in->lock = -1;
    }

    return in;
}


ngx_int_t
ngx_http_errortracking_replay_init(ngx_cycle_t *cycle,
    ngx_http_errortracking_zone_t *zone)
{
    ngx_http_errortracking_replay_t  *in;

    in = zone->replay;

    if (ngx_http_errortracking_job_init(&in->job, cycle, zone) != NGX_OK) {
        return NGX_ERROR;
    }

    in->args = ngx_palloc(cycle->pool, NGX_HTTP_ERRORTRACKING_ARGS
                                       + ET_SPOOL_COLUMNS);

    return in->args == NULL ? NGX_ERROR : NGX_OK;
}


ngx_uint_t
ngx_http_errortracking_replay_busy(ngx_http_errortracking_zone_t *zone)
{
    return zone->replay->job.busy;
}


void
ngx_http_errortracking_spool_in(ngx_http_errortracking_zone_t *zone,
    ngx_uint_t replay)
{
    ngx_http_errortracking_replay_t  *in;

    in = zone->replay;

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
    ngx_http_errortracking_replay_t  *in;

    in = (ngx_http_errortracking_replay_t *) job;

    /* an error of the journal is told by who writes it */

    (void) et_journal_usage(ngx_http_errortracking_spool_of(job->zone),
                            &in->journal_files, &in->journal_bytes);

    job->status = ngx_http_errortracking_load_next(in);
    job->err = ngx_errno;

    if (job->status != ET_SPOOL_OK) {
        return;
    }

    job->status = ngx_http_errortracking_load_body(in);
    job->err = ngx_errno;

    if (job->status == ET_SPOOL_DAMAGED) {
        in->damaged = 1;

        if (et_spool_set_aside(ngx_http_errortracking_spool_of(job->zone),
                               in->file.name)
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
ngx_http_errortracking_load_next(ngx_http_errortracking_replay_t *in)
{
    size_t              n;
    et_spool_t         *spool;
    et_spool_status_t   status;

    spool = ngx_http_errortracking_spool_of(in->job.zone);

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
 * Memory of its own, so that the event loop meets no page that is on the
 * disk; one file is at hand at a time.  Not of the heap: what one thread of
 * the pool allocates and the event loop frees stays with the thread's arena,
 * and after a drain each of them would keep a batch's size.
 */

static et_spool_status_t
ngx_http_errortracking_load_body(ngx_http_errortracking_replay_t *in)
{
    off_t               offset;
    void               *body;
    size_t              size;
    u_char             *p;
    ssize_t             n;
    et_spool_status_t   status;

    status = et_spool_open(ngx_http_errortracking_spool_of(in->job.zone),
                           in->file.name, &in->reader);
    if (status != ET_SPOOL_OK) {
        return status;
    }

    size = (size_t) in->reader.bytes;
    offset = (off_t) in->reader.offset;

    in->size = (size == 0) ? 1 : size;

    body = mmap(NULL, in->size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANON, -1,
                0);
    if (body == MAP_FAILED) {
        et_spool_close(&in->reader);
        return ET_SPOOL_ERROR;
    }

    in->body = body;

    for (p = in->body; size > 0; p += n, offset += n, size -= n) {

        n = pread(in->reader.fd, p, size, offset);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            et_spool_close(&in->reader);
            ngx_http_errortracking_in_unmap(in);
            return ET_SPOOL_ERROR;
        }
    }

    et_spool_close(&in->reader);

    return ET_SPOOL_OK;
}


static void
ngx_http_errortracking_load_done(ngx_http_errortracking_job_t *job)
{
    ngx_uint_t                        level;
    ngx_http_errortracking_shm_t     *sh;
    ngx_http_errortracking_zone_t    *zone;
    ngx_http_errortracking_replay_t  *in;

    in = (ngx_http_errortracking_replay_t *) job;
    zone = job->zone;
    sh = zone->sh;

    sh->spool_files = in->usage.files;
    sh->spool_bytes = in->usage.bytes;
    sh->spool_oldest = (uint64_t) in->usage.oldest;
    sh->spool_failed = in->usage.failed;
    sh->spool_damaged = in->usage.damaged;
    sh->journal_files = in->journal_files;
    sh->journal_bytes = in->journal_bytes;

    in->next = ngx_current_msec + NGX_HTTP_ERRORTRACKING_SPOOL_SCAN;

    if (in->damaged) {
        ngx_http_errortracking_inc(zone->worker->counters.files_damaged);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "errortracking_spool: \"%s\" is damaged and set aside "
                      "in \"%s/damaged\"", in->file.name,
                      ngx_http_errortracking_spool_of(zone)->path);
    }

    if (job->status == ET_SPOOL_ERROR || job->status == ET_SPOOL_NO_SPACE) {
        ngx_http_errortracking_inc(zone->worker->counters.spool_errors);

        level = ngx_http_errortracking_again(&in->failing, job->status);

        ngx_log_error(level, ngx_cycle->log, job->err,
                      "errortracking_spool \"%s%s%s\" can't be read",
                      ngx_http_errortracking_spool_of(zone)->path,
                      in->skipped ? "/" : "",
                      in->skipped ? in->file.name : "");

        in->next = ngx_current_msec + NGX_HTTP_ERRORTRACKING_SPOOL_REST;
    }

    if (job->status == ET_SPOOL_OK || job->status == ET_SPOOL_GONE) {
        in->failing.failures = 0;
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

    ngx_http_errortracking_replay(in);
}


static void
ngx_http_errortracking_replay(ngx_http_errortracking_replay_t *in)
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
        ngx_http_errortracking_replayed(post);
    }
}


static void
ngx_http_errortracking_replayed(ngx_http_errortracking_post_t *post)
{
    ngx_msec_t                          took;
    ngx_http_errortracking_zone_t      *zone;
    ngx_http_errortracking_replay_t    *in;
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

    if (ngx_http_errortracking_is_poison(post)) {
        ngx_http_errortracking_job_start(&in->job,
                                         ngx_http_errortracking_refuse_work,
                                         ngx_http_errortracking_remove_done);
        return;
    }

    in->next = ngx_current_msec + ngx_http_errortracking_breaker_open(zone,
                                                                      post);

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
    ngx_http_errortracking_replay_t  *in;

    in = (ngx_http_errortracking_replay_t *) job;

    /* here, since it takes milliseconds */

    ngx_http_errortracking_in_unmap(in);

    job->status = et_spool_remove(ngx_http_errortracking_spool_of(job->zone),
                                  in->file.name);
    job->err = ngx_errno;
}


static void
ngx_http_errortracking_refuse_work(ngx_http_errortracking_job_t *job)
{
    ngx_http_errortracking_replay_t  *in;

    in = (ngx_http_errortracking_replay_t *) job;

    ngx_http_errortracking_in_unmap(in);

    job->status = et_spool_fail_file(
                                   ngx_http_errortracking_spool_of(job->zone),
                                   in->file.name,
                                   et_slice((char *) in->post.error,
                                            in->post.error_len));
    job->err = ngx_errno;
}


static void
ngx_http_errortracking_remove_done(ngx_http_errortracking_job_t *job)
{
    ngx_http_errortracking_replay_t    *in;
    ngx_http_errortracking_counters_t  *counters;

    in = (ngx_http_errortracking_replay_t *) job;
    counters = &job->zone->worker->counters;

    if (job->status != ET_SPOOL_OK && job->status != ET_SPOOL_GONE) {

        /* it is sent again, under its token, and dropped by ClickHouse; it
         * must not hold up the others until then */

        ngx_http_errortracking_inc(counters->spool_errors);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, job->err,
                      "errortracking_spool: \"%s\" can't be removed from "
                      "\"%s\"", in->file.name,
                      ngx_http_errortracking_spool_of(job->zone)->path);

        in->next = ngx_current_msec + NGX_HTTP_ERRORTRACKING_SPOOL_REST;
        ngx_http_errortracking_in_skip(in);

    } else if (job->work == ngx_http_errortracking_refuse_work) {
        ngx_http_errortracking_inc(counters->batches_set_aside);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "errortracking_spool: \"%s\" of %uL rows is set aside "
                      "in \"%s/failed\", ClickHouse refused it: status %ui, "
                      "\"%*s\"", in->file.name, in->reader.rows,
                      ngx_http_errortracking_spool_of(job->zone)->path,
                      in->post.status, in->post.error_len, in->post.error);
    }

    ngx_http_errortracking_in_drop(in);

    ngx_http_errortracking_flush_soon(job->zone, 1);
}


/* Its turn comes again after all that are younger. */

static void
ngx_http_errortracking_in_skip(ngx_http_errortracking_replay_t *in)
{
    ngx_memcpy(in->after, in->file.name, sizeof(in->after));
}


static void
ngx_http_errortracking_in_drop(ngx_http_errortracking_replay_t *in)
{
    ngx_http_errortracking_in_unmap(in);

    if (in->lock != -1) {
        et_spool_unlock(in->lock);
        in->lock = -1;
    }
}


static void
ngx_http_errortracking_in_unmap(ngx_http_errortracking_replay_t *in)
{
    if (in->body == NULL) {
        return;
    }

    if (munmap(in->body, in->size) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      "munmap(%p, %uz) failed", in->body, in->size);
    }

    in->body = NULL;
}
