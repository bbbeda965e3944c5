/*
 * One query to ClickHouse for a client's request.
 *
 * The subrequest is a background one, so the main request stays the one that
 * the connection's events go to, and can watch for its client to leave; and
 * in memory, so that its answer is one buffer.
 */

#include "ngx_http_errortracking_query.h"


static ngx_int_t ngx_http_errortracking_query_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_errortracking_query_prepare(
    ngx_http_request_t *sr, ngx_http_errortracking_query_t *query);
static ngx_int_t ngx_http_errortracking_query_done(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_errortracking_query_judge(
    ngx_http_errortracking_query_t *query, ngx_http_request_t *sr,
    ngx_int_t rc);
static void ngx_http_errortracking_query_exception(
    ngx_http_errortracking_query_t *query, ngx_http_request_t *sr,
    ngx_table_elt_t *exception);
static void ngx_http_errortracking_query_fail(
    ngx_http_errortracking_query_t *query, ngx_uint_t status,
    const char *detail);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;

static ngx_str_t  ngx_http_errortracking_query_method = ngx_string("POST");


/* What ClickHouse's exceptions are to a client; others are 502. */

static struct {
    ngx_int_t    code;
    ngx_uint_t   status;
    const char  *detail;
} ngx_http_errortracking_query_exceptions[] = {

    /* TOO_MANY_ROWS, TOO_MANY_BYTES */
    { 158, 503, "the query would read too much, ask for less" },
    { 307, 503, "the query would read too much, ask for less" },

    /* TIMEOUT_EXCEEDED */
    { 159, 503, "the query took too long, ask for less or try again later" },

    /* TOO_MANY_SIMULTANEOUS_QUERIES */
    { 202, 503, "ClickHouse is busy, try again later" },

    /* MEMORY_LIMIT_EXCEEDED */
    { 241, 503, "the query needs too much memory, ask for less" },

    /* TOO_MANY_ROWS_OR_BYTES */
    { 396, 502, "the answer is too large, ask for less" },

    /* UNKNOWN_TABLE, UNKNOWN_DATABASE, UNKNOWN_IDENTIFIER,
     * NOT_FOUND_COLUMN_IN_BLOCK */
    { 60, 502, "ClickHouse has another schema: apply conf/clickhouse/ to it" },
    { 81, 502, "ClickHouse has another schema: apply conf/clickhouse/ to it" },
    { 47, 502, "ClickHouse has another schema: apply conf/clickhouse/ to it" },
    { 10, 502, "ClickHouse has another schema: apply conf/clickhouse/ to it" },

    { 0, 502, "ClickHouse refused the query, see the error log" }
};


ngx_int_t
ngx_http_errortracking_query_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_errortracking_query_filter;

    return NGX_OK;
}


/*
 * An answer goes to its buffer as it comes.  The proxy's buffers would only be
 * emptied into it at the end, as a background subrequest is never the one that
 * the connection writes for, and what has no place in them is written to a
 * temporary file.
 */

static ngx_int_t
ngx_http_errortracking_query_filter(ngx_http_request_t *r)
{
    if (r->post_subrequest != NULL && r->upstream != NULL
        && r->post_subrequest->handler == ngx_http_errortracking_query_done)
    {
        r->upstream->buffering = 0;
    }

    return ngx_http_next_header_filter(r);
}


ngx_int_t
ngx_http_errortracking_query(ngx_http_request_t *r,
    ngx_http_errortracking_query_t *query)
{
    ngx_http_request_t          *sr;
    ngx_http_post_subrequest_t  *ps;

    query->sr = NULL;
    query->status = 0;
    query->detail = NULL;
    query->answer = et_slice(NULL, 0);

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_errortracking_query_done;
    ps->data = query;

    if (ngx_http_subrequest(r, &query->uri, &query->args, &sr, ps,
                            NGX_HTTP_SUBREQUEST_BACKGROUND
                            |NGX_HTTP_SUBREQUEST_IN_MEMORY)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    query->sr = sr;

    return ngx_http_errortracking_query_prepare(sr, query);
}


static ngx_int_t
ngx_http_errortracking_query_prepare(ngx_http_request_t *sr,
    ngx_http_errortracking_query_t *query)
{
    ngx_buf_t  *b;

    sr->method = NGX_HTTP_POST;
    sr->method_name = ngx_http_errortracking_query_method;
    sr->header_only = 0;

    /*
     * the client's headers are a copy in the subrequest; none of them is for
     * ClickHouse, which would take a user, settings and encodings from them
     */

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    if (ngx_list_init(&sr->headers_in.headers, sr->pool, 2,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    sr->headers_in.content_length_n = query->body.len;
    sr->headers_in.keep_alive_n = -1;

    b = ngx_calloc_buf(sr->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->start = query->body.data;
    b->pos = query->body.data;
    b->last = query->body.data + query->body.len;
    b->end = b->last;
    b->memory = 1;
    b->last_buf = 1;

    query->in.buf = b;
    query->in.next = NULL;

    ngx_memzero(&query->request_body, sizeof(ngx_http_request_body_t));
    query->request_body.bufs = &query->in;
    sr->request_body = &query->request_body;

    /*
     * where the answer goes, which would else be as large as
     * subrequest_output_buffer_size; pages that are not written to are only
     * addresses
     */

    b = ngx_create_temp_buf(sr->pool, query->buffer);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last_buf = 1;

    query->out.buf = b;
    query->out.next = NULL;
    sr->out = &query->out;

    return NGX_OK;
}


/*
 * A cancelled query has no subrequest any more.  NGX_OK: with anything else
 * the core would make an error page and call this once more.
 */

static ngx_int_t
ngx_http_errortracking_query_done(ngx_http_request_t *sr, void *data,
    ngx_int_t rc)
{
    ngx_http_errortracking_query_t  *query = data;

    ngx_connection_t  *c;

    c = sr->connection;

    if (query->sr == NULL) {
        return NGX_OK;
    }

    if (rc == NGX_HTTP_CLIENT_CLOSED_REQUEST) {
        return rc;
    }

    ngx_http_errortracking_query_judge(query, sr, rc);

    /*
     * an answer that does not fit its buffer is an error of the output, and
     * such errors mark the connection, which is the client's here, and well:
     * had the client left, the request would have been ended
     */

    c->error = 0;

    query->sr = NULL;
    query->handler(query);

    return NGX_OK;
}


static void
ngx_http_errortracking_query_judge(ngx_http_errortracking_query_t *query,
    ngx_http_request_t *sr, ngx_int_t rc)
{
    off_t                 length;
    ngx_buf_t            *b;
    ngx_list_t           *headers;
    ngx_table_elt_t      *exception;
    ngx_http_upstream_t  *u;

    u = sr->upstream;

    if (sr->connection->error || rc == NGX_ERROR) {
        ngx_http_errortracking_query_fail(query, 502,
                                          "the answer is too large, ask for "
                                          "less");
        return;
    }

    if (rc == NGX_HTTP_GATEWAY_TIME_OUT || rc == NGX_HTTP_REQUEST_TIME_OUT) {
        ngx_http_errortracking_query_fail(query, 503,
                                          "ClickHouse did not answer in time, "
                                          "try again later");
        return;
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE || u == NULL) {
        ngx_http_errortracking_query_fail(query, 503,
                                          "ClickHouse is away, try again "
                                          "later");
        return;
    }

    headers = &u->headers_in.headers;
    exception = ngx_http_errortracking_header(headers,
                                              "X-ClickHouse-Exception-Code");
    b = query->out.buf;

    if (exception != NULL) {
        ngx_http_errortracking_query_exception(query, sr, exception);
        return;
    }

    if (sr->headers_out.status != NGX_HTTP_OK
        || ngx_http_errortracking_header(headers, "X-ClickHouse-Summary")
           == NULL)
    {
        ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                      "errortracking: the answer to a query is not "
                      "ClickHouse's: status %ui, \"%*s\"",
                      sr->headers_out.status,
                      ngx_min((size_t) (b->last - b->pos), (size_t) 200),
                      b->pos);

        ngx_http_errortracking_query_fail(query, 503,
                                          "ClickHouse is away, try again "
                                          "later");
        return;
    }

    length = u->buffering && u->pipe != NULL ? u->pipe->length : u->length;

    if (length != 0) {
        ngx_http_errortracking_query_fail(query, 503,
                                          "ClickHouse's answer was cut short, "
                                          "try again later");
        return;
    }

    query->answer = et_slice((char *) b->pos, b->last - b->pos);
}


static void
ngx_http_errortracking_query_exception(ngx_http_errortracking_query_t *query,
    ngx_http_request_t *sr, ngx_table_elt_t *exception)
{
    ngx_int_t    code;
    ngx_buf_t   *b;
    ngx_uint_t   i;

    b = query->out.buf;
    code = ngx_atoi(exception->value.data, exception->value.len);

    ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                  "errortracking: ClickHouse refused a query: \"%*s\"",
                  ngx_min((size_t) (b->last - b->pos), (size_t) 1000),
                  b->pos);

    for (i = 0; ngx_http_errortracking_query_exceptions[i].code != 0; i++) {
        if (ngx_http_errortracking_query_exceptions[i].code == code) {
            break;
        }
    }

    ngx_http_errortracking_query_fail(query,
                         ngx_http_errortracking_query_exceptions[i].status,
                         ngx_http_errortracking_query_exceptions[i].detail);
}


static void
ngx_http_errortracking_query_fail(ngx_http_errortracking_query_t *query,
    ngx_uint_t status, const char *detail)
{
    query->status = status;
    query->detail = detail;
}


/*
 * The upstream's own cleanup, which the end of the request would call, closes
 * its connection and ends the subrequest.
 */

void
ngx_http_errortracking_query_cancel(ngx_http_errortracking_query_t *query)
{
    ngx_http_request_t   *sr;
    ngx_http_upstream_t  *u;

    sr = query->sr;

    if (sr == NULL) {
        return;
    }

    query->sr = NULL;

    u = sr->upstream;

    if (u != NULL && u->cleanup != NULL) {
        (*u->cleanup)(sr);
    }
}
