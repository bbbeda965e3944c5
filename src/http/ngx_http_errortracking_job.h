/*
 * A job: work in a thread, then done in the event loop.  An nginx that was
 * built without threads does the work where it is.
 */

#ifndef NGX_HTTP_ERRORTRACKING_JOB_H
#define NGX_HTTP_ERRORTRACKING_JOB_H

#include "ngx_http_errortracking_flush.h"
#include "et_spool.h"


typedef struct ngx_http_errortracking_job_s  ngx_http_errortracking_job_t;

typedef void (*ngx_http_errortracking_job_pt)(
    ngx_http_errortracking_job_t *job);

struct ngx_http_errortracking_job_s {
    ngx_http_errortracking_zone_t     *zone;
#if (NGX_THREADS)
    ngx_thread_task_t                 *task;
#endif
    ngx_http_errortracking_job_pt      work;       /* in a thread */
    ngx_http_errortracking_job_pt      done;       /* in the event loop */
    ngx_uint_t                         busy;

    et_spool_status_t                  status;
    ngx_err_t                          err;
};


ngx_int_t ngx_http_errortracking_job_init(ngx_http_errortracking_job_t *job,
    ngx_cycle_t *cycle, ngx_http_errortracking_zone_t *zone);

/* A job that is not busy; done may be called before this returns. */
void ngx_http_errortracking_job_start(ngx_http_errortracking_job_t *job,
    ngx_http_errortracking_job_pt work, ngx_http_errortracking_job_pt done);


#endif /* NGX_HTTP_ERRORTRACKING_JOB_H */
