/*
 * A failure that comes again and again: it is an error of the log when it is
 * new, when it is another, and once a minute; in between it is "info".
 */

#ifndef NGX_HTTP_ERRORTRACKING_AGAIN_H
#define NGX_HTTP_ERRORTRACKING_AGAIN_H

#include <ngx_config.h>
#include <ngx_core.h>


/* milliseconds */
#define NGX_HTTP_ERRORTRACKING_AGAIN  60000


/* May be in shared memory; zeroed: nothing has failed. */
typedef struct {
    uint64_t    failures;       /* in a row */
    uint64_t    since;          /* ngx_current_msec of the first */
    uint64_t    said;           /* of the last that was an error */
    uint64_t    what;
} ngx_http_errortracking_again_t;


/* Notes a failure; what tells one from another.  Returns its level. */

static inline ngx_uint_t
ngx_http_errortracking_again(ngx_http_errortracking_again_t *again,
    uint64_t what)
{
    if (again->failures++ == 0) {
        again->since = ngx_current_msec;

    } else if (again->what == what
               && ngx_current_msec - again->said
                  < NGX_HTTP_ERRORTRACKING_AGAIN)
    {
        return NGX_LOG_INFO;
    }

    again->what = what;
    again->said = ngx_current_msec;

    return NGX_LOG_ERR;
}


/* Seconds since the first failure. */

static inline uint64_t
ngx_http_errortracking_again_seconds(ngx_http_errortracking_again_t *again)
{
    return (ngx_current_msec - again->since + 500) / 1000;
}


#endif /* NGX_HTTP_ERRORTRACKING_AGAIN_H */
