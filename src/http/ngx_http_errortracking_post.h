/*
 * One batch, posted to ClickHouse by a subrequest of a request that the
 * module makes itself: so that balancing, keepalive, TLS and timeouts are
 * those of the proxy module in the location of errortracking_flush.  And one
 * question to GitLab, in that of errortracking_gitlab.
 *
 * Promise: the handler is called exactly once for a post that was begun, with
 * nothing of the request left; the batch's memory has to live until then.  A
 * post is successful only where ClickHouse's answer is whole and is
 * ClickHouse's own, or anyone's that is whole and has status 200.
 */

#ifndef NGX_HTTP_ERRORTRACKING_POST_H
#define NGX_HTTP_ERRORTRACKING_POST_H

#include "ngx_http_errortracking.h"


/* bytes of ClickHouse's words that are kept for the log */
#define NGX_HTTP_ERRORTRACKING_POST_ERROR  512


/* and of NGINX's */
#define NGX_HTTP_ERRORTRACKING_POST_SAID   256


/* whether the upstream was, or would have been, spoken to by TLS */
#define NGX_HTTP_ERRORTRACKING_POST_PLAIN  1
#define NGX_HTTP_ERRORTRACKING_POST_TLS    2

typedef struct ngx_http_errortracking_post_s  ngx_http_errortracking_post_t;

typedef void (*ngx_http_errortracking_post_pt)(
    ngx_http_errortracking_post_t *post);

struct ngx_http_errortracking_post_s {

    /* set by the caller */

    ngx_http_conf_ctx_t             *conf_ctx;   /* of the location's server */
    ngx_str_t                        uri;        /* of the location */
    ngx_str_t                        args;
    ngx_chain_t                     *body;
    off_t                            length;
    ngx_str_t                        type;       /* media type; len 0: none */
    ngx_uint_t                       anyone;     /* who is no ClickHouse */
    ngx_http_errortracking_post_pt   handler;
    void                            *data;

    /* the outcome: NGX_OK, or NGX_ERROR and why */

    ngx_int_t                        rc;
    ngx_uint_t                       failure;
    ngx_uint_t                       status;
    ngx_uint_t                       tls;        /* 0: not known, or below */
    ngx_str_t                        request;    /* its head; the handler's */
    ngx_int_t                        exception;  /* ClickHouse's code, or 0 */
    size_t                           error_len;
    u_char                           error[NGX_HTTP_ERRORTRACKING_POST_ERROR];
                                                 /* or what was answered */

    /* private */

    ngx_http_connection_t            http_connection;
    ngx_connection_t                *connection;
    ngx_http_request_t              *sr;
    ngx_log_t                        log;
    ngx_http_log_ctx_t               log_ctx;
    ngx_log_t                       *error_log;  /* of the location */
    size_t                           said_len;
    u_char                           said[NGX_HTTP_ERRORTRACKING_POST_SAID];
};


/*
 * NGX_OK: begun, the handler will be called, or was called already.
 * NGX_ERROR: not begun, for lack of a connection slot, descriptor or memory.
 */
ngx_int_t ngx_http_errortracking_post(ngx_http_errortracking_post_t *post);


#endif /* NGX_HTTP_ERRORTRACKING_POST_H */
