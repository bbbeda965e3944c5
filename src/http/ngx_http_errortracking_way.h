/*
 * The way to ClickHouse: how the workers' requests look that the proxy module
 * makes of batches.  The path and the headers of the location (user,
 * password, host) are the proxy module's own affair; a worker notes them, so
 * that they are known at the end, too, when there is no proxy module.
 */

#ifndef NGX_HTTP_ERRORTRACKING_WAY_H
#define NGX_HTTP_ERRORTRACKING_WAY_H

#include <ngx_config.h>
#include <ngx_core.h>


/* bytes; a longer request is not noted */
#define NGX_HTTP_ERRORTRACKING_WAY  4096


/* In shared memory. */
typedef struct {
    uint32_t    len;           /* of all of the text; 0: nothing is known */
    uint32_t    before;        /* the URI up to the module's arguments */
    uint32_t    after;         /* and behind them */
    u_char      text[NGX_HTTP_ERRORTRACKING_WAY];     /* and the headers */
} ngx_http_errortracking_way_t;


/*
 * Notes a request that was sent: its whole head, and the module's arguments
 * that are in it.  What is no HTTP/1, or too long, leaves all as it was.
 */
void ngx_http_errortracking_way_note(ngx_http_errortracking_way_t *way,
    ngx_shmtx_t *mutex, ngx_str_t *head, ngx_str_t *args);

/* Its parts; the headers, each with CRLF, are what a batch does not change. */
void ngx_http_errortracking_way_parts(ngx_http_errortracking_way_t *way,
    ngx_str_t *before, ngx_str_t *after, ngx_str_t *headers);


#endif /* NGX_HTTP_ERRORTRACKING_WAY_H */
