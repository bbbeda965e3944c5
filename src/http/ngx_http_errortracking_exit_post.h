/*
 * Posting without an event loop: libcurl's easy interface, which waits, and
 * may here.
 *
 * It goes the way of the workers: to the servers of proxy_pass in the
 * location of errortracking_flush, with the path and the headers that the
 * workers' requests had, and, by TLS, with the location's certificates and as
 * strictly as proxy_ssl_verify; or to errortracking_exit_url.
 */

#ifndef NGX_HTTP_ERRORTRACKING_EXIT_POST_H
#define NGX_HTTP_ERRORTRACKING_EXIT_POST_H

#include "ngx_http_errortracking_flush.h"
#include "et_spool.h"

#include <curl/curl.h>


typedef struct {

    /* set by the caller, the rest is zeroed */

    ngx_log_t                       *log;
    ngx_http_errortracking_zone_t   *zone;
    ngx_msec_t                       deadline;   /* ngx_current_msec */

    /* private */

    CURL                            *curl;
    struct curl_slist               *headers;
    ngx_http_upstream_conf_t        *upstream;
    ngx_str_t                       *servers;    /* addresses */
    ngx_uint_t                       nservers;
    ngx_uint_t                       server;     /* at hand */
    ngx_uint_t                       tls;        /* unsigned  tls:1; */
} ngx_http_errortracking_exit_post_t;


/*
 * Posts segments as a batch.  NGX_OK: ClickHouse has them; NGX_DECLINED: it
 * was not tried, the time is over or nobody knows where to; NGX_ERROR.
 */
ngx_int_t ngx_http_errortracking_exit_post(
    ngx_http_errortracking_exit_post_t *post,
    ngx_http_errortracking_segment_t **segments, ngx_uint_t n);

void ngx_http_errortracking_exit_post_done(
    ngx_http_errortracking_exit_post_t *post);


#endif /* NGX_HTTP_ERRORTRACKING_EXIT_POST_H */
