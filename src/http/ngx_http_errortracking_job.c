/*
 * Jobs in NGINX's thread pool.
 */

#include "ngx_http_errortracking_job.h"


ngx_int_t
ngx_http_errortracking_job_init(ngx_http_errortracking_job_t *job,
    ngx_cycle_t *cycle, ngx_http_errortracking_zone_t *zone)
{
    job->zone = zone;

#if (NGX_THREADS)

    job->task = ngx_thread_task_alloc(cycle->pool, 0);
    if (job->task == NULL) {
        return NGX_ERROR;
    }

#endif

    return NGX_OK;
}


#if (NGX_THREADS)

static void
ngx_http_errortracking_job_work(void *data, ngx_log_t *log)
{
    ngx_http_errortracking_job_t  *job = data;

    job->work(job);
}


static void
ngx_http_errortracking_job_event(ngx_event_t *ev)
{
    ngx_http_errortracking_job_t  *job = ev->data;

    job->busy = 0;
    job->done(job);
}

#endif


void
ngx_http_errortracking_job_start(ngx_http_errortracking_job_t *job,
    ngx_http_errortracking_job_pt work, ngx_http_errortracking_job_pt done)
{
    job->work = work;
    job->done = done;

#if (NGX_THREADS)

    job->task->ctx = job;
    job->task->handler = ngx_http_errortracking_job_work;
    job->task->event.handler = ngx_http_errortracking_job_event;
    job->task->event.data = job;
    job->busy = 1;

    if (ngx_thread_task_post(job->zone->thread_pool, job->task) == NGX_OK) {
        return;
    }

    /* the threads' queue is full: the step has failed before it began */

    job->status = ET_SPOOL_ERROR;
    job->err = NGX_EAGAIN;
    job->busy = 0;

#else

    job->work(job);

#endif

    done(job);
}
