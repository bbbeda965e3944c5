/*
 * The ACCESS phase: which endpoint, which project, whose key; so that
 * `satisfy`, `allow` and `deny` compose with the key.
 *
 * A request without a key in its headers and query may have one in its
 * envelope: the phase passes it on undecided, and the content handler asks
 * once it has read the body.  (With `satisfy any` it is that undecided vote
 * which lets `allow` and `deny` decide alone.)
 */

#include "ngx_http_errortracking.h"


static et_reason_t ngx_http_errortracking_access_check(ngx_http_request_t *r,
    ngx_http_errortracking_ctx_t *ctx);
static et_reason_t ngx_http_errortracking_access_auth(ngx_http_request_t *r,
    et_auth_t *auth);


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

    if (reason == ET_OK) {
        return ctx->request.auth.key.len != 0 ? NGX_OK : NGX_DECLINED;
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

    ngx_memzero(&route, sizeof(et_route_t));

    reason = et_route_parse(et_slice((char *) r->uri.data, r->uri.len),
                            &route);

    request->endpoint = route.endpoint;
    request->project = route.project;

    if (reason != ET_OK) {
        return reason;
    }

    if (r->method != NGX_HTTP_POST) {
        return ET_BAD_METHOD;
    }

    reason = ngx_http_errortracking_access_auth(r, &request->auth);
    if (reason != ET_OK) {
        return reason;
    }

    if (request->auth.key.len != 0) {
        if (ngx_http_errortracking_check_key(r, request->auth.key, &reason)
            != NGX_OK)
        {
            return reason;
        }

    } else if (request->endpoint != ET_ENDPOINT_ENVELOPE) {
        return ET_NO_KEY;
    }

    if (r->headers_in.content_length_n > (off_t) elcf->max_body_size) {
        return ET_BODY_TOO_LARGE;
    }

    return ET_OK;
}


static et_reason_t
ngx_http_errortracking_access_auth(ngx_http_request_t *r, et_auth_t *auth)
{
    et_reason_t       reason;
    ngx_table_elt_t  *h;

    h = ngx_http_errortracking_header(&r->headers_in.headers,
                                      "X-Sentry-Auth");
    if (h != NULL) {
        reason = et_auth_header(et_slice((char *) h->value.data,
                                         h->value.len), auth);
        if (reason != ET_OK) {
            return reason;
        }
    }

    h = r->headers_in.authorization;

    if (h != NULL) {
        reason = et_auth_header(et_slice((char *) h->value.data,
                                         h->value.len), auth);
        if (reason != ET_OK) {
            return reason;
        }
    }

    if (r->args.len != 0) {
        return et_auth_query(et_slice((char *) r->args.data, r->args.len),
                             auth);
    }

    return ET_OK;
}
