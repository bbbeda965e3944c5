/*
 * CORS: what a page's own script may send and read (the Fetch standard).
 *
 * A filter gives every answer of an ingest location the headers, so that
 * errors have them, too, NGINX's own included.  A preflight is answered
 * without a key: a browser sends none with it.
 */

#include "ngx_http_errortracking.h"


static ngx_int_t ngx_http_errortracking_cors_filter(ngx_http_request_t *r);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;


ngx_int_t
ngx_http_errortracking_cors_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_errortracking_cors_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_errortracking_cors_filter(ngx_http_request_t *r)
{
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);

    if (elcf->zone == NULL || r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    if (ngx_http_errortracking_add_header(r, "Access-Control-Allow-Origin",
                                          "*")
        != NGX_OK
        || ngx_http_errortracking_add_header(r,
                                "Access-Control-Expose-Headers",
                                "x-sentry-error, x-sentry-rate-limits, "
                                "retry-after")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


ngx_int_t
ngx_http_errortracking_preflight(ngx_http_request_t *r)
{
    ngx_uint_t  i;

    static const struct {
        const char  *name;
        const char  *value;
    } headers[] = {
        { "Access-Control-Allow-Methods", "GET, POST, OPTIONS" },
        { "Access-Control-Allow-Headers",
          "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, "
          "accept, content-type, authentication, authorization, "
          "content-encoding, transfer-encoding, sentry-trace, baggage" },
        { "Access-Control-Max-Age", "3600" }
    };

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (ngx_http_errortracking_add_header(r, headers[i].name,
                                              headers[i].value)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_errortracking_reply(r, NGX_HTTP_OK, "", (u_char *) "", 0);
}
