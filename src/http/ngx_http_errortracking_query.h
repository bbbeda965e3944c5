/*
 * One query to ClickHouse for a client's request: a background subrequest in
 * memory to the internal location of errortracking_query, whose proxy_pass
 * says where ClickHouse is.
 *
 * Promise: the request's client is the query's: when it goes away, or the
 * request ends, the connection to ClickHouse is closed, and with it the query
 * ends there.  The answer is at most as large as its buffer.  Nothing of the
 * client's headers reaches ClickHouse.
 */

#ifndef NGX_HTTP_ERRORTRACKING_QUERY_H
#define NGX_HTTP_ERRORTRACKING_QUERY_H

#include "ngx_http_errortracking.h"
#include "et_sql.h"


typedef struct ngx_http_errortracking_query_s  ngx_http_errortracking_query_t;

typedef void (*ngx_http_errortracking_query_pt)(
    ngx_http_errortracking_query_t *query);

struct ngx_http_errortracking_query_s {

    /* set by the caller; lives as long as the request */
    ngx_str_t                        uri;
    ngx_str_t                        args;
    ngx_str_t                        body;
    size_t                           buffer;      /* bytes of the answer */
    ngx_http_errortracking_query_pt  handler;     /* it has ended */
    void                            *data;

    /* set when it has ended: 0, or the status to answer with and why */
    ngx_uint_t                       status;
    const char                      *detail;
    et_slice_t                       answer;

    ngx_http_request_t              *sr;
    ngx_http_request_body_t          request_body;
    ngx_chain_t                      out;
    ngx_chain_t                      in;
};


ngx_int_t ngx_http_errortracking_query_filter_init(ngx_conf_t *cf);

/* Starts the query; the handler is called later, once, unless NGX_ERROR is
 * returned or the query is cancelled. */
ngx_int_t ngx_http_errortracking_query(ngx_http_request_t *r,
    ngx_http_errortracking_query_t *query);

/* Ends a query that is under way, without its handler. */
void ngx_http_errortracking_query_cancel(
    ngx_http_errortracking_query_t *query);


#endif /* NGX_HTTP_ERRORTRACKING_QUERY_H */
