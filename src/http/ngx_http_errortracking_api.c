/*
 * A call of a read API: who calls, which operation, its queries, the answer.
 *
 * The operation and all that it knows is plain C (src/read/et_call.h); this
 * gives it the request, runs the queries that it asks for, at once for each
 * step, and sends what it answers.
 */

#include "ngx_http_errortracking_api.h"
#include "ngx_http_errortracking_query.h"
#include "et_json.h"


typedef struct {
    et_call_t                        call;
    et_arena_t                       arena;
    ngx_http_request_t              *request;
    ngx_event_t                      timer;
    ngx_uint_t                       pending;   /* queries under way */
    ngx_uint_t                       nqueries;  /* of this step */
    ngx_http_errortracking_query_t   queries[ET_CALL_QUERIES];
} ngx_http_errortracking_api_ctx_t;


static void ngx_http_errortracking_api_body(ngx_http_request_t *r);
static ngx_http_errortracking_api_ctx_t *ngx_http_errortracking_api_create(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_errortracking_api_request(ngx_http_request_t *r,
    et_call_t *call);
static ngx_int_t ngx_http_errortracking_api_url(ngx_http_request_t *r,
    et_call_t *call);
static et_slice_t ngx_http_errortracking_api_path(ngx_http_request_t *r);
static void ngx_http_errortracking_api_run(
    ngx_http_errortracking_api_ctx_t *ctx);
static ngx_int_t ngx_http_errortracking_api_ask(
    ngx_http_errortracking_api_ctx_t *ctx);
static ngx_int_t ngx_http_errortracking_api_query(
    ngx_http_errortracking_api_ctx_t *ctx, ngx_uint_t i);
static void ngx_http_errortracking_api_answered(
    ngx_http_errortracking_query_t *query);
static void ngx_http_errortracking_api_event(ngx_http_request_t *r);
static void ngx_http_errortracking_api_timeout(ngx_event_t *ev);
static void ngx_http_errortracking_api_stop(
    ngx_http_errortracking_api_ctx_t *ctx);
static void ngx_http_errortracking_api_cleanup(void *data);
static void ngx_http_errortracking_api_destroy(void *data);
static void ngx_http_errortracking_api_finish(
    ngx_http_errortracking_api_ctx_t *ctx);
static ngx_int_t ngx_http_errortracking_api_reply(ngx_http_request_t *r,
    et_call_t *call);
static ngx_int_t ngx_http_errortracking_api_add(ngx_http_request_t *r,
    const char *name, et_slice_t value);


ngx_int_t
ngx_http_errortracking_api_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_errortracking_api_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_errortracking_api_body(ngx_http_request_t *r)
{
    et_call_t                           *call;
    ngx_http_errortracking_loc_conf_t   *elcf;
    ngx_http_errortracking_api_ctx_t    *ctx;
    const ngx_http_errortracking_api_t  *api;

    ctx = ngx_http_errortracking_api_create(r);
    if (ctx == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);
    api = elcf->api;
    call = &ctx->call;

    call->known_keys.keys = elcf->keys;
    call->known_keys.secrets = elcf->secrets;
    call->known_keys.nsecrets = elcf->nsecrets;

    if (ngx_http_errortracking_api_request(r, call) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (api->access(r, call) != NGX_OK
        || call->status != 0
        || !et_call_route(call, api->operations,
                          ngx_http_errortracking_api_path(r)))
    {
        ngx_http_errortracking_api_finish(ctx);
        return;
    }

    /*
     * a client that leaves ends the request, and with it its queries: what
     * comes from the connection meanwhile is looked at, but not read
     */

    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_errortracking_api_event;

    ngx_http_errortracking_api_run(ctx);
}


static ngx_http_errortracking_api_ctx_t *
ngx_http_errortracking_api_create(ngx_http_request_t *r)
{
    ngx_http_cleanup_t                *cln;
    ngx_pool_cleanup_t                *pcln;
    ngx_http_errortracking_ctx_t      *rctx;
    ngx_http_errortracking_api_ctx_t  *ctx;

    rctx = ngx_http_errortracking_get_ctx(r);
    if (rctx == NULL) {
        return NULL;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_errortracking_api_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    /* the request may end before its pool is destroyed, and what is left to
     * be sent lies on the arena */

    cln = ngx_http_cleanup_add(r, 0);
    pcln = ngx_pool_cleanup_add(r->pool, 0);

    if (cln == NULL || pcln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_errortracking_api_cleanup;
    cln->data = ctx;

    et_arena_init(&ctx->arena, NGX_HTTP_ERRORTRACKING_API_ARENA, 0);

    pcln->handler = ngx_http_errortracking_api_destroy;
    pcln->data = &ctx->arena;

    ctx->request = r;
    ctx->call.arena = &ctx->arena;

    ctx->timer.handler = ngx_http_errortracking_api_timeout;
    ctx->timer.data = ctx;
    ctx->timer.log = r->connection->log;

    rctx->api = ctx;

    return ctx;
}


static ngx_int_t
ngx_http_errortracking_api_request(ngx_http_request_t *r, et_call_t *call)
{
    char        *body;
    size_t       len;
    ngx_time_t  *tp;
    const char  *error;

    switch (r->method) {

    case NGX_HTTP_GET:
    case NGX_HTTP_HEAD:
        call->method = ET_VERB_GET;
        break;

    case NGX_HTTP_PUT:
        call->method = ET_VERB_PUT;
        break;

    case NGX_HTTP_POST:
        call->method = ET_VERB_POST;
        break;

    case NGX_HTTP_DELETE:
        call->method = ET_VERB_DELETE;
        break;

    default:
        call->method = ET_VERB_OTHER;
    }

    tp = ngx_timeofday();
    call->now = (int64_t) tp->sec * 1000000 + (int64_t) tp->msec * 1000;

    if (ngx_http_errortracking_body(r, &body, &len) != NGX_OK
        || ngx_http_errortracking_api_url(r, call) != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->body = et_slice(body, len);

    error = et_params_parse(call->arena,
                            et_slice((char *) r->args.data, r->args.len),
                            &call->params);

    if (error != NULL) {
        if (error[0] == '\0') {
            et_call_no_memory(call);

        } else {
            et_call_fail(call, 400, error);
        }
    }

    return NGX_OK;
}


/* What links to other pages begin with: as the client sees this server. */

static ngx_int_t
ngx_http_errortracking_api_url(ngx_http_request_t *r, et_call_t *call)
{
    u_char      *p;
    size_t       len;
    ngx_str_t   *host;
    et_slice_t   path;
    const char  *scheme;

    static ngx_str_t  localhost = ngx_string("localhost");

    scheme = "http";

#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        scheme = "https";
    }
#endif

    /* with the port, where it has one */

    host = r->headers_in.host != NULL ? &r->headers_in.host->value
                                      : &r->headers_in.server;
    if (host->len == 0) {
        host = &localhost;
    }

    path = ngx_http_errortracking_api_path(r);

    len = sizeof("https://") + host->len + path.len;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->url.data = (char *) p;
    call->url.len = ngx_sprintf(p, "%s://%V%*s", scheme, host, path.len,
                                path.data)
                    - p;

    return NGX_OK;
}


/* As it was sent, so that an encoded slash is none of the path's. */

static et_slice_t
ngx_http_errortracking_api_path(ngx_http_request_t *r)
{
    u_char  *p;
    size_t   len;

    p = r->unparsed_uri.data;

    /* the whole address, as to a proxy; or an internal redirect */

    if (r->unparsed_uri.len == 0 || p[0] != '/') {
        return et_slice((char *) r->uri.data, r->uri.len);
    }

    for (len = 0; len < r->unparsed_uri.len; len++) {
        if (p[len] == '?' || p[len] == '#') {
            break;
        }
    }

    return et_slice((char *) p, len);
}


static void
ngx_http_errortracking_api_run(ngx_http_errortracking_api_ctx_t *ctx)
{
    ngx_uint_t                       i;
    ngx_http_errortracking_query_t  *query;

    for (i = 0; i < ctx->nqueries; i++) {
        query = &ctx->queries[i];

        if (query->status != 0) {
            et_call_fail(&ctx->call, query->status, query->detail);
            ngx_http_errortracking_api_finish(ctx);
            return;
        }

        ctx->call.queries[i].answer = query->answer;
    }

    if (et_call_run(&ctx->call) == ET_CALL_ANSWERED) {
        ngx_http_errortracking_api_finish(ctx);
        return;
    }

    if (ngx_http_errortracking_api_ask(ctx) != NGX_OK) {
        ngx_http_errortracking_api_stop(ctx);
        et_call_no_memory(&ctx->call);
        ngx_http_errortracking_api_finish(ctx);
    }
}


static ngx_int_t
ngx_http_errortracking_api_ask(ngx_http_errortracking_api_ctx_t *ctx)
{
    ngx_uint_t                          i, slow;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_errortracking_module);
    slow = 0;

    ctx->nqueries = ctx->call.nqueries;

    for (i = 0; i < ctx->nqueries; i++) {
        if (ngx_http_errortracking_api_query(ctx, i) != NGX_OK) {
            return NGX_ERROR;
        }

        slow |= ctx->call.queries[i].slow;
    }

    /* an operation that asks nothing is called again */

    if (ctx->nqueries == 0) {
        return ngx_http_post_request(ctx->request, NULL);
    }

    /* one time-out for all of a call; deleting has one of its own */

    if (slow) {
        ngx_add_timer(&ctx->timer, elcf->api_timeout
                                   * NGX_HTTP_ERRORTRACKING_API_SLOW);

    } else if (!ctx->timer.timer_set) {
        ngx_add_timer(&ctx->timer, elcf->api_timeout);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_errortracking_api_query(ngx_http_errortracking_api_ctx_t *ctx,
    ngx_uint_t i)
{
    et_sql_t                         *asked;
    et_slice_t                          args, body;
    et_sql_limits_t                   limits;
    ngx_http_errortracking_query_t     *query;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(ctx->request,
                                        ngx_http_errortracking_module);
    asked = &ctx->call.queries[i];
    query = &ctx->queries[i];

    limits.database = (char *) elcf->query_database.data;
    limits.seconds = (unsigned) (elcf->api_timeout + 999) / 1000;
    limits.threads = NGX_HTTP_ERRORTRACKING_API_THREADS;
    limits.read_rows = NGX_HTTP_ERRORTRACKING_API_ROWS;
    limits.read_bytes = NGX_HTTP_ERRORTRACKING_API_BYTES;
    limits.memory = NGX_HTTP_ERRORTRACKING_API_MEMORY;
    limits.answer = elcf->query_buffer;

    if (asked->slow) {
        limits.seconds *= NGX_HTTP_ERRORTRACKING_API_SLOW;
        limits.memory = 0;
    }

    args = et_sql_args(asked, &limits);
    body = et_sql_body(asked);

    if (args.data == NULL || body.data == NULL) {
        return NGX_ERROR;
    }

    query->uri = elcf->query_uri;
    query->args.data = (u_char *) args.data;
    query->args.len = args.len;
    query->body.data = (u_char *) body.data;
    query->body.len = body.len;
    query->buffer = elcf->query_buffer;
    query->handler = ngx_http_errortracking_api_answered;
    query->data = ctx;

    if (ngx_http_errortracking_query(ctx->request, query) != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->pending++;

    return NGX_OK;
}


static void
ngx_http_errortracking_api_answered(ngx_http_errortracking_query_t *query)
{
    ngx_uint_t                         i;
    ngx_http_errortracking_api_ctx_t  *ctx;

    ctx = query->data;
    ctx->pending--;

    /* the others' answers are of no use any more */

    if (query->status != 0) {
        for (i = 0; i < ctx->nqueries; i++) {
            if (ctx->queries[i].sr != NULL) {
                ngx_http_errortracking_query_cancel(&ctx->queries[i]);
                ctx->pending--;
            }
        }
    }

    if (ctx->pending == 0) {
        (void) ngx_http_post_request(ctx->request, NULL);
    }
}


/* The request's write handler: it was posted, or its client can be written
 * to, which means nothing here. */

static void
ngx_http_errortracking_api_event(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t  *rctx;

    rctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (((ngx_http_errortracking_api_ctx_t *) rctx->api)->pending == 0) {
        ngx_http_errortracking_api_run(rctx->api);
    }
}


static void
ngx_http_errortracking_api_timeout(ngx_event_t *ev)
{
    ngx_connection_t                  *c;
    ngx_http_errortracking_api_ctx_t  *ctx;

    ctx = ev->data;
    c = ctx->request->connection;

    ngx_http_set_log_request(c->log, ctx->request);

    ngx_http_errortracking_api_stop(ctx);

    et_call_fail(&ctx->call, 503, "ClickHouse did not answer in time, try "
                 "again later");

    ngx_http_errortracking_api_finish(ctx);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_errortracking_api_stop(ngx_http_errortracking_api_ctx_t *ctx)
{
    ngx_uint_t  i;

    for (i = 0; i < ctx->nqueries; i++) {
        ngx_http_errortracking_query_cancel(&ctx->queries[i]);
    }

    ctx->pending = 0;
}


/* The request ends; its subrequests' upstreams end with cleanups of their
 * own. */

static void
ngx_http_errortracking_api_cleanup(void *data)
{
    ngx_uint_t                         i;
    ngx_http_errortracking_api_ctx_t  *ctx = data;

    for (i = 0; i < ET_CALL_QUERIES; i++) {
        ctx->queries[i].sr = NULL;
    }

    if (ctx->timer.timer_set) {
        ngx_del_timer(&ctx->timer);
    }
}


static void
ngx_http_errortracking_api_destroy(void *data)
{
    et_arena_destroy(data);
}


static void
ngx_http_errortracking_api_finish(ngx_http_errortracking_api_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->timer.timer_set) {
        ngx_del_timer(&ctx->timer);
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_finalize_request(r, ngx_http_errortracking_api_reply(r,
                                                              &ctx->call));
}


static ngx_int_t
ngx_http_errortracking_api_reply(ngx_http_request_t *r, et_call_t *call)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "errortracking api %s: %ui",
                   call->operation != NULL ? call->operation->name : "-",
                   (ngx_uint_t) call->status);

    /* an answer is about this moment and this token */

    if (ngx_http_errortracking_api_add(r, "Link", call->link) != NGX_OK
        || ngx_http_errortracking_api_add(r, "Content-Disposition",
                                          call->filename)
           != NGX_OK
        || ngx_http_errortracking_api_add(r, "X-Content-Type-Options",
                                          et_slice("nosniff", 7))
           != NGX_OK
        || ngx_http_errortracking_api_add(r, "WWW-Authenticate",
                                          call->challenge)
           != NGX_OK
        || ngx_http_errortracking_api_add(r, "Cache-Control",
                                          et_slice("no-store", 8))
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = call->status;
    r->headers_out.content_length_n = call->answer.len;
    r->headers_out.content_type.data = (u_char *) call->type;
    r->headers_out.content_type.len = ngx_strlen(call->type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the arena lives as long as the request, and so does its answer */

    b->pos = (u_char *) call->answer.data;
    b->last = b->pos + call->answer.len;
    b->memory = (call->answer.len != 0);
    b->last_buf = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
ngx_http_errortracking_api_add(ngx_http_request_t *r, const char *name,
    et_slice_t value)
{
    ngx_table_elt_t  *h;

    if (value.len == 0) {
        return NGX_OK;
    }

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value.data;
    h->value.len = value.len;

    return NGX_OK;
}
