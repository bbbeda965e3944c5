/*
 * Answers: the id of what was taken, or why nothing was.
 */

#include "ngx_http_errortracking.h"


static ngx_int_t ngx_http_errortracking_reply_json_id(ngx_http_request_t *r,
    const u_char *id);
static ngx_int_t ngx_http_errortracking_reply_text_id(ngx_http_request_t *r,
    const u_char *id);
static ngx_int_t ngx_http_errortracking_reply_gif(ngx_http_request_t *r);
static ngx_int_t ngx_http_errortracking_add_allow(ngx_http_request_t *r);


static u_char  ngx_http_errortracking_gif[] =
    "GIF89a" "\1\0\1\0\200\1\0" "\0\0\0\377\377\377" "!\371\4\1\0\0\1\0"
    ",\0\0\0\0\1\0\1\0\0" "\2\2L\1\0" ";";


ngx_int_t
ngx_http_errortracking_accept(ngx_http_request_t *r, const u_char *id)
{
    ngx_http_errortracking_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    if (ngx_http_errortracking_add_rate_limits(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (ctx->request.endpoint) {

    case ET_ENDPOINT_STORE:

        if (r->method == NGX_HTTP_GET) {
            return ngx_http_errortracking_reply_gif(r);
        }

        return ngx_http_errortracking_reply_json_id(r, id);

    case ET_ENDPOINT_SECURITY:
    case ET_ENDPOINT_NEL:
    case ET_ENDPOINT_ERROR_PAGE:
        return ngx_http_errortracking_reply(r, NGX_HTTP_OK, "",
                                            (u_char *) "", 0);

    case ET_ENDPOINT_MINIDUMP:
    case ET_ENDPOINT_UNREAL:
        return ngx_http_errortracking_reply_text_id(r, id);

    case ET_ENDPOINT_CRON:
        return ngx_http_errortracking_reply(r, NGX_HTTP_ACCEPTED, "",
                                            (u_char *) "", 0);

    default:
        return ngx_http_errortracking_reply_json_id(r, id);
    }
}


static ngx_int_t
ngx_http_errortracking_reply_json_id(ngx_http_request_t *r, const u_char *id)
{
    size_t   len;
    u_char  *p;

    if (id == NULL) {
        return ngx_http_errortracking_reply(r, NGX_HTTP_OK,
                                            "application/json",
                                            (u_char *) "{}", 2);
    }

    len = sizeof("{\"id\":\"\"}") - 1 + 2 * ET_EVENT_ID_LEN;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(p, "{\"id\":\"", 7);
    et_event_id_print(id, (char *) p + 7);
    ngx_memcpy(p + len - 2, "\"}", 2);

    return ngx_http_errortracking_reply(r, NGX_HTTP_OK, "application/json",
                                        p, len);
}


/* As crash reporters show it to people: a UUID with its dashes. */

static ngx_int_t
ngx_http_errortracking_reply_text_id(ngx_http_request_t *r, const u_char *id)
{
    char        hex[2 * ET_EVENT_ID_LEN];
    u_char     *p, *last;
    ngx_uint_t  i;

    p = ngx_pnalloc(r->pool, 2 * ET_EVENT_ID_LEN + 4);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    last = p;

    if (id != NULL) {
        et_event_id_print(id, hex);

        for (i = 0; i < sizeof(hex); i++) {
            if (i == 8 || i == 12 || i == 16 || i == 20) {
                *last++ = '-';
            }

            *last++ = (u_char) hex[i];
        }
    }

    return ngx_http_errortracking_reply(r, NGX_HTTP_OK, "text/plain", p,
                                        last - p);
}


/* For an <img>, which may be in a page that asks for CORP of what it embeds;
 * a cached one would be no event. */

static ngx_int_t
ngx_http_errortracking_reply_gif(ngx_http_request_t *r)
{
    if (ngx_http_errortracking_add_header(r, "Cache-Control", "no-store")
        != NGX_OK
        || ngx_http_errortracking_add_header(r,
                                             "Cross-Origin-Resource-Policy",
                                             "cross-origin")
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_errortracking_reply(r, NGX_HTTP_OK, "image/gif",
                                        ngx_http_errortracking_gif,
                                        sizeof(ngx_http_errortracking_gif)
                                        - 1);
}


ngx_int_t
ngx_http_errortracking_reply_health(ngx_http_request_t *r, ngx_uint_t healthy)
{
    static u_char  yes[] = "{\"is_healthy\":true}";
    static u_char  no[] = "{\"is_healthy\":false}";

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    if (healthy) {
        return ngx_http_errortracking_reply(r, NGX_HTTP_OK,
                                            "application/json", yes,
                                            sizeof(yes) - 1);
    }

    return ngx_http_errortracking_reply(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                        "application/json", no,
                                        sizeof(no) - 1);
}


ngx_int_t
ngx_http_errortracking_refuse(ngx_http_request_t *r, et_reason_t reason)
{
    size_t                              len;
    u_char                             *p, *last;
    const et_reason_info_t             *info;
    ngx_http_errortracking_loc_conf_t  *elcf;

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_errortracking_module);
    info = &et_reasons[reason];

    ngx_http_errortracking_inc(elcf->zone->worker->counters.rejected[reason]);
    ngx_http_errortracking_refused(r, reason);

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "errortracking refused the request: %s (%s)",
                  info->detail, info->name);

    /* what is left of the body is thrown away, so that the connection can be
     * kept */

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    if (ngx_http_errortracking_add_rate_limits(r) != NGX_OK
        || ngx_http_errortracking_add_header(r, "X-Sentry-Error", info->detail)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (info->status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_errortracking_add_header(r, "Retry-After",
                                          NGX_HTTP_ERRORTRACKING_RETRY_AFTER)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (info->status == NGX_HTTP_NOT_ALLOWED
        && ngx_http_errortracking_add_allow(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* RFC 9110, section 12.5.3: what would have been right */

    if (reason == ET_BAD_ENCODING
        && ngx_http_errortracking_add_header(r, "Accept-Encoding",
                                             ET_ENCODINGS_ACCEPTED)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    len = sizeof("{\"detail\":\"\",\"causes\":[\"\"]}") - 1
          + ngx_strlen(info->detail) + ngx_strlen(info->name);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    last = ngx_sprintf(p, "{\"detail\":\"%s\",\"causes\":[\"%s\"]}",
                       info->detail, info->name);

    return ngx_http_errortracking_reply(r, info->status, "application/json",
                                        p, last - p);
}


static ngx_int_t
ngx_http_errortracking_add_allow(ngx_http_request_t *r)
{
    ngx_http_errortracking_ctx_t  *ctx;

    static const char *const  methods[] = {
        "OPTIONS", "GET, OPTIONS", "POST, OPTIONS", "GET, POST, OPTIONS"
    };

    ctx = ngx_http_get_module_ctx(r, ngx_http_errortracking_module);

    return ngx_http_errortracking_add_header(r, "Allow",
                        methods[et_endpoint_methods[ctx->request.endpoint]]);
}


ngx_int_t
ngx_http_errortracking_reply(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, u_char *body, size_t len)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = status;
    r->headers_out.content_length_n = len;

    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (len == 0) {
        r->header_only = 1;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = body;
    b->last = body + len;
    b->memory = 1;
    b->last_buf = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
