/*
 * The ACCESS phase: which endpoint, which project, whose key; so that
 * `satisfy`, `allow` and `deny` compose with the key.
 *
 * A request without a key in its headers, query and path may have one in its
 * envelope: the phase passes it on undecided, and the content handler asks
 * once it has read the body.  (With `satisfy any` it is that undecided vote
 * which lets `allow` and `deny` decide alone.)
 */

#include "ngx_http_errortracking.h"
#include "et_query.h"


static ngx_uint_t ngx_http_errortracking_access_is_open(
    ngx_http_request_t *r, ngx_http_errortracking_ctx_t *ctx);
static et_reason_t ngx_http_errortracking_access_check(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx);
static void ngx_http_errortracking_access_type(ngx_http_request_t *r,
    et_request_t *request);
static unsigned ngx_http_errortracking_access_method(ngx_http_request_t *r,
    et_endpoint_t endpoint);
static et_reason_t ngx_http_errortracking_access_auth(ngx_http_request_t *r,
    const et_route_t *route, et_request_t *request);
static et_reason_t ngx_http_errortracking_access_dsn(ngx_http_request_t *r,
    et_request_t *request);


ngx_int_t
ngx_http_errortracking_access_handler(ngx_http_request_t *r)
{
    et_reason_t                         reason;
    ngx_http_core_loc_conf_t           *clcf;
    ngx_http_errortracking_ctx_t       *ctx;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    if (elcf->zone == NULL || r != r->main) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_errortracking_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the body may be read before the content handler asks for it: mirror */

    ctx->reading = 1;

    reason = ngx_http_errortracking_access_check(r, ctx);

    if (ctx->asking) {
        return NGX_AGAIN;
    }

    if (reason == ET_OK) {
        return ngx_http_errortracking_access_is_open(r, ctx)
               || ctx->request.auth.key.len != 0 ? NGX_OK : NGX_DECLINED;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY
        && (et_reasons[reason].status == NGX_HTTP_UNAUTHORIZED
            || et_reasons[reason].status == NGX_HTTP_FORBIDDEN))
    {
        /* another access module may let it in: the core decides, and the
         * content handler refuses it all the same */

        return et_reasons[reason].status;
    }

    ngx_http_finalize_request(r, ngx_http_errortracking_refuse(r, reason));

    return NGX_DONE;
}


ngx_http_errortracking_ctx_t *
ngx_http_errortracking_get_ctx(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_errortracking_ctx_t));

        if (ctx != NULL) {
            ngx_http_set_ctx(r, ctx, ngx_http_errortracking_module);
        }
    }

    return ctx;
}


/* What needs no key: a preflight, which has none, and the health checks. */

static ngx_uint_t
ngx_http_errortracking_access_is_open(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx)
{
    return r->method == NGX_HTTP_OPTIONS
           || ctx->request.endpoint == ET_ENDPOINT_LIVE
           || ctx->request.endpoint == ET_ENDPOINT_READY;
}


static et_reason_t
ngx_http_errortracking_access_check(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx)
{
    et_route_t                          route;
    et_reason_t                         reason;
    et_request_t                       *request;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);
    request = &ctx->request;

    reason = et_route_parse(et_slice((char *) r->uri.data, r->uri.len),
                            &route);

    request->endpoint = route.endpoint;
    request->project = route.project;
    request->event_id = route.event_id;
    request->slug = route.slug;
    request->args = et_slice((char *) r->args.data, r->args.len);

    if (r->method == NGX_HTTP_OPTIONS) {
        return ET_OK;
    }

    if (reason != ET_OK) {
        return reason;
    }

    if ((ngx_http_errortracking_access_method(r, request->endpoint)
         & et_endpoint_methods[request->endpoint]) == 0)
    {
        return ET_BAD_METHOD;
    }

    if (ngx_http_errortracking_access_is_open(r, ctx)) {
        return ET_OK;
    }

    ngx_http_errortracking_access_type(r, request);

    reason = ngx_http_errortracking_access_auth(r, &route, request);
    if (reason != ET_OK) {
        return reason;
    }

    if (request->auth.key.len != 0) {

        if (!route.has_project
            && request->endpoint != ET_ENDPOINT_ERROR_PAGE)
        {
            reason = ngx_http_errortracking_key_project(r, request);
            if (reason != ET_OK) {
                return reason;
            }
        }

        if (ngx_http_errortracking_check_key(r, request->auth.key, &reason)
            != NGX_OK)
        {
            return reason;
        }

        if (ngx_http_errortracking_quota_exceeded(r)) {
            ctx->limited = 1;
            return ET_RATE_LIMITED;
        }

    } else if (request->endpoint != ET_ENDPOINT_ENVELOPE
               || !route.has_project)
    {
        return ET_NO_KEY;
    }

    if (r->headers_in.content_length_n > (off_t) elcf->max_body_size) {
        return ET_BODY_TOO_LARGE;
    }

    return ET_OK;
}


/* The endpoint says what a body is, whatever its type, but for one: SDKs
 * have sent envelopes to where events go. */

static void
ngx_http_errortracking_access_type(ngx_http_request_t *r,
    et_request_t *request)
{
    ngx_table_elt_t  *h;

    static u_char  type[] = "application/x-sentry-envelope";

    h = r->headers_in.content_type;

    if (h == NULL) {
        return;
    }

    request->content_type = et_slice((char *) h->value.data, h->value.len);

    if (request->endpoint == ET_ENDPOINT_STORE && r->method == NGX_HTTP_POST
        && h->value.len >= sizeof(type) - 1
        && ngx_strncasecmp(h->value.data, type, sizeof(type) - 1) == 0)
    {
        request->endpoint = ET_ENDPOINT_ENVELOPE;
    }
}


/* HEAD is GET where asking changes nothing. */

static unsigned
ngx_http_errortracking_access_method(ngx_http_request_t *r,
    et_endpoint_t endpoint)
{
    switch (r->method) {

    case NGX_HTTP_POST:
        return ET_METHOD_POST;

    case NGX_HTTP_GET:
        return ET_METHOD_GET;

    case NGX_HTTP_HEAD:
        return et_endpoint_methods[endpoint] == ET_METHOD_GET ? ET_METHOD_GET
                                                              : 0;

    default:
        return 0;
    }
}


/* Every source, in the contract's order; the envelope's dsn comes last, when
 * the body is there. */

static et_reason_t
ngx_http_errortracking_access_auth(ngx_http_request_t *r,
    const et_route_t *route, et_request_t *request)
{
    char             *scratch;
    et_slice_t        value;
    et_reason_t       reason;
    ngx_table_elt_t  *h;

    h = ngx_http_errortracking_header(&r->headers_in.headers,
                                      "X-Sentry-Auth");
    if (h != NULL) {
        reason = et_auth_header(et_slice((char *) h->value.data,
                                         h->value.len), &request->auth);
        if (reason != ET_OK) {
            return reason;
        }
    }

    h = r->headers_in.authorization;

    if (h != NULL) {
        value = et_slice((char *) h->value.data, h->value.len);

        reason = et_auth_header(value, &request->auth);
        if (reason != ET_OK) {
            return reason;
        }

        if (et_auth_is_basic(value)) {
            scratch = ngx_pnalloc(r->pool, value.len);
            if (scratch == NULL) {
                return ET_NO_MEMORY;
            }

            reason = et_auth_basic(value, scratch, &request->auth);
            if (reason != ET_OK) {
                return reason;
            }
        }
    }

    if (request->args.len != 0) {
        scratch = NULL;

        if (et_query_is_escaped(request->args)) {
            scratch = ngx_pnalloc(r->pool, request->args.len);
            if (scratch == NULL) {
                return ET_NO_MEMORY;
            }
        }

        reason = et_auth_query(request->args, scratch, &request->auth);
        if (reason != ET_OK) {
            return reason;
        }
    }

    if (request->endpoint == ET_ENDPOINT_ERROR_PAGE) {
        return ngx_http_errortracking_access_dsn(r, request);
    }

    return et_auth_path(route->key, &request->auth);
}


/* The dialog is asked for with its page's DSN, ?dsn=... */

static et_reason_t
ngx_http_errortracking_access_dsn(ngx_http_request_t *r,
    et_request_t *request)
{
    char        *p;
    et_dsn_t     dsn;
    et_slice_t   value;

    if (!et_query_find(request->args, "dsn", &value)) {
        return ET_BAD_DSN;
    }

    p = ngx_pnalloc(r->pool, value.len + 1);
    if (p == NULL) {
        return ET_NO_MEMORY;
    }

    if (!et_dsn_parse(et_query_unescape(value, ' ', p), &dsn)) {
        return ET_BAD_DSN;
    }

    request->project = dsn.project;

    return et_auth_path(dsn.key, &request->auth);
}
